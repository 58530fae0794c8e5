// Proposals and what people say to them: the values that the ledger keeps and the guard counts.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/base/clock.h"
#include "orchestrator/base/ids.h"
#include "orchestrator/base/json.h"
#include "orchestrator/model/drill.h"
#include "orchestrator/model/plan.h"

namespace rehearse {

/// Who asks: the name that a drill is recorded under, and the account that the system knows.
struct Requester {
    Actor actor{};
    std::string account{};
};

enum class ProposalKind {
    plan,      // one run of one plan
    standing,  // some runs of one playbook, whose plans do not exist yet
    policy,    // a changed policy
};
[[nodiscard]] std::string_view to_string(ProposalKind kind);
/// Fails: invalid_input.
[[nodiscard]] ProposalKind proposal_kind_from(std::string_view text);

/// Something that waits for approvals. Its document never changes, and its nonce is never used again.
struct Proposal {
    ProposalKind kind = ProposalKind::plan;
    std::string subject{};          // "sha256:" and the digest of `document`; of a plan, the plan hash
    EnvironmentName environment{};  // empty: of a policy
    std::string document{};         // canonical JSON
    std::string nonce{};            // 32 hex digits
    std::uint64_t runs = 1;         // how often it may be used
    Requester by{};
    WallTime at{}, expires{};
    std::vector<DrillId> used_by{};  // given by the ledger
};

enum class Decision { approve, deny };
[[nodiscard]] std::string_view to_string(Decision decision);

/// What somebody said to the proposal of that nonce. An approval counts by its signature alone.
struct Approval {
    std::string nonce{};
    Decision decision = Decision::approve;
    std::string text{};       // what was signed
    std::string signature{};  // armored; empty: of a denial
    std::string reason{};     // of a denial
    Requester by{};
    WallTime at{};
};

/// A proposal with everything that was said to it.
struct ProposalRecord {
    Proposal proposal{};
    std::vector<Approval> approvals{};
};

/// The policy in force, as its files were when it was adopted.
struct AdoptedPolicy {
    std::string digest{};    // "sha256:" and the digest of `document`
    std::string document{};  // see policy_document()
    Requester by{};
    WallTime at{};
};

/// "sha256:" and the digest of the list of everything that the plan destroys or runs: resource, patterns,
/// items.
[[nodiscard]] std::string targets_digest(const Plan& plan);

/// Schema rehearse.standing/v1: what a standing approval covers.
struct Standing {
    PlaybookName playbook{};
    std::string playbook_digest{};  // sha256 of the file, so that a changed playbook voids it
    EnvironmentName environment{};
    json::array selectors{};  // resource, patterns and options of each destroy step
    int approvals = 0;        // that the playbook wants
    std::uint64_t max_items = 0;
    std::uint64_t runs = 0;
    WallTime expires{};
};
[[nodiscard]] json::object to_json(const Standing& standing);
/// Fails: invalid_input where the document is none of this version.
[[nodiscard]] Standing standing_from_json(const json::object& document, const std::string& origin);
/// What the plan's destroy steps select, whatever they find.
[[nodiscard]] json::array selectors_of(const Plan& plan);

}  // namespace rehearse
