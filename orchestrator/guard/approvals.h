// Approvals: what is signed, whose signature counts, and whether enough of them do. Pure, but for OpenSSL.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "orchestrator/guard/allowed_signers.h"
#include "orchestrator/model/approval.h"
#include "orchestrator/model/policy.h"

namespace rehearse {

struct GuardFacts;

/// What `ssh-keygen -Y sign -n` is given: a signature made for anything else never counts.
inline constexpr std::string_view approval_namespace = "rehearse-approve-v1";

/// The one text that an approval of the proposal signs: canonical JSON (schema rehearse.approval/v1) and a
/// newline. `targets`: see targets_of().
[[nodiscard]] std::string approval_text(const Proposal& proposal, const std::string& targets);
/// The digest of what the proposal's document destroys; of a policy, its own. Fails: invalid_input.
[[nodiscard]] std::string targets_of(const Proposal& proposal);

struct Voting {
    const Policy& policy;
    std::span<const AllowedSigner> signers;
    std::vector<Requester> requesters;  // who proposed, who runs: their own signatures never count
    WallTime now{};
};

/// The person whose approval this is, or why it does not count.
[[nodiscard]] std::variant<const PolicyMember*, std::string> voter_of(const Approval& approval,
                                                                      const std::string& text,
                                                                      const Voting& voting);

struct Tally {
    std::vector<std::string> persons{};      // who approved, each once
    std::vector<std::string> not_counted{};  // why, one line each
    std::optional<std::string> void_because{};
};
[[nodiscard]] Tally tally(const ProposalRecord& record, const std::string& targets, const Voting& voting);

/// How many the plan needs: the playbook's number, or the policy's where that is more.
[[nodiscard]] int approvals_needed(const Plan& plan, const std::optional<Policy>& policy);

/// Why the standing approval does not cover the plan, or nothing.
[[nodiscard]] std::optional<std::string> beyond(const Standing& standing, const Plan& plan);

/// What speaks for the plan of the facts: the nonce of a proposal that enough people approved, or nothing
/// with what there is instead.
struct Authority {
    std::string nonce{};
    std::string saw{};
    std::string lacks{};
};
[[nodiscard]] Authority authority_for(const GuardFacts& facts);

}  // namespace rehearse
