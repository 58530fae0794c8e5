// The guard: all the interlocks that may refuse a plan. Each is a pure rule over facts that the drill
// gathered.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/base/clock.h"
#include "orchestrator/base/failure.h"
#include "orchestrator/guard/marker.h"
#include "orchestrator/model/plan.h"
#include "orchestrator/model/policy.h"
#include "orchestrator/ports/adapter.h"
#include "orchestrator/ports/ledger.h"

namespace rehearse {

/// What is known of one resource of the plan. A fact that could not be had is a problem, and refuses.
struct ResourceFacts {
    ResourceName resource{};
    IdentityReport identity{};       // against the enrolment
    std::optional<Marker> marker{};  // read and its signature checked
    std::string marker_problem{};    // why there is none
    std::vector<std::string> sessions, obstacles;
    std::vector<std::filesystem::path> paths, way_back;
    std::uint64_t bytes = 0;               // of the whole resource
    std::filesystem::path restore_disk{};  // where restore writes, if that is local
    std::uint64_t disk_free = 0;           // there, in bytes
};

/// What is known of the drill's own snapshot; there only in the second phase.
struct SnapshotFacts {
    SnapshotId id{};
    WallTime taken_at{};     // the oldest consistent instant of its resources
    bool read_back = false;  // every blob re-read from the disk and hashed
    std::string proof{};
    std::map<ResourceName, json::object> identities{};  // as captured
    std::map<ResourceName, std::string>
        not_restorable{};  // resources whose scratch restore failed or was not done, and why
    std::map<ResourceName, std::string> drifted{};  // what somebody changed since it was taken
};

struct SteadyStateFact {
    std::string probe{};
    bool passed = false;
    std::string detail{};
};

/// The policy in force and what speaks for the plan.
struct PolicyInForce {
    std::optional<Policy> policy{};
    std::string allowed_signers{};  // the file's text
    std::string problem{};          // why drills can't be judged by it; refuses
};
struct PolicyFacts : PolicyInForce {
    Requester requester{};                    // who runs
    std::vector<ProposalRecord> proposals{};  // that may speak for the plan, newest first
    DrillId drill{};                          // the drill that asks; empty: none has begun
};

struct GuardFacts {
    const Plan& plan;
    WallTime now{};
    std::map<ResourceName, FailureFields> unreadable{};  // resources that could not be looked at, and why
    std::optional<Enrolment> enrolment{};
    std::optional<Quarantine> quarantine{};
    std::optional<DrillId> unfinished{};  // another drill that a crash left open in the environment
    std::optional<std::string> halted{};
    std::optional<std::string> audit_problem{};  // why the audit log can't be believed
    std::optional<std::string> frozen{};         // which freeze window, until when
    PolicyFacts policy{};
    std::vector<ResourceFacts> resources{};
    std::vector<std::filesystem::path>
        way_back;            // workspace, keys, binary, the files that describe the environment
    Epoch ledger_epoch = 0;  // the highest known here
    // Second phase:
    std::optional<SnapshotFacts> snapshot{};
    std::vector<SteadyStateFact> steady_state{};
};

struct InterlockResult {
    std::string_view interlock{};
    bool passed = false;
    std::string saw{};     // what it looked at
    std::string reason{};  // why it refuses
    std::string remedy{};  // what to do
};
[[nodiscard]] json::object to_json(const InterlockResult& result);

enum class GuardPhase {
    before_looking,   // on what the ledger and the workspace say, and whether each resource can be read
    before_snapshot,  // on the plan and the live environment
    before_damage,    // again all of the earlier ones, and those on the snapshot's proof and the steady state
};

struct Interlock {
    std::string_view name;
    std::string_view rule;  // one sentence, for docs and `plan`
    GuardPhase phase;
    InterlockResult (*check)(const GuardFacts& facts);
};

/// Every interlock there is, in the order in which they are asked.
[[nodiscard]] std::span<const Interlock> interlocks();

/// Asks all that belong to the phase (and earlier ones), never stopping at the first refusal. An interlock
/// that throws refuses. Where `reachable` refuses, later phases are not asked: they could only guess, and one
/// cause gets one refusal.
[[nodiscard]] std::vector<InterlockResult> ask_guard(const GuardFacts& facts, GuardPhase phase,
                                                     std::span<const Interlock> asked = interlocks());
[[nodiscard]] bool all_passed(std::span<const InterlockResult> results);
/// "guard refused: <interlock>: <reason>; <remedy>", one line for each refusal.
[[nodiscard]] std::string refusal_text(std::span<const InterlockResult> results);

/// Items that the plan destroys, each once.
[[nodiscard]] std::uint64_t items_named(const Plan& plan);
/// What share of each resource that is, in thousandths, rounded up: 1 of 10,000 is more than nothing.
[[nodiscard]] std::map<ResourceName, std::uint64_t> permille_named(const Plan& plan);

// The families, one file each.
InterlockResult check_class(const GuardFacts& facts);
InterlockResult check_supported(const GuardFacts& facts);
InterlockResult check_enrolled(const GuardFacts& facts);
InterlockResult check_quarantine(const GuardFacts& facts);
InterlockResult check_unfinished(const GuardFacts& facts);
InterlockResult check_halt(const GuardFacts& facts);
InterlockResult check_audit(const GuardFacts& facts);
InterlockResult check_freeze(const GuardFacts& facts);
InterlockResult check_policy(const GuardFacts& facts);
InterlockResult check_approvals(const GuardFacts& facts);
InterlockResult check_reachable(const GuardFacts& facts);
InterlockResult check_marker(const GuardFacts& facts);
InterlockResult check_identity(const GuardFacts& facts);
InterlockResult check_production(const GuardFacts& facts);
InterlockResult check_targets(const GuardFacts& facts);
InterlockResult check_blast_radius(const GuardFacts& facts);
InterlockResult check_caps(const GuardFacts& facts);
InterlockResult check_way_back(const GuardFacts& facts);
InterlockResult check_sessions(const GuardFacts& facts);
InterlockResult check_obstacles(const GuardFacts& facts);
InterlockResult check_disk(const GuardFacts& facts);
InterlockResult check_snapshot_age(const GuardFacts& facts);
InterlockResult check_snapshot_proof(const GuardFacts& facts);
InterlockResult check_snapshot_identity(const GuardFacts& facts);
InterlockResult check_restorability(const GuardFacts& facts);
InterlockResult check_unchanged(const GuardFacts& facts);
InterlockResult check_steady_state(const GuardFacts& facts);

}  // namespace rehearse
