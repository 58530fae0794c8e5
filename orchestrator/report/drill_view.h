// One drill as every report reads it: the ledger's row and its result document, with what is absent left out.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "orchestrator/base/json.h"
#include "orchestrator/model/drill.h"

namespace rehearse {

/// A time that was measured against a target. Nothing measured: no `actual_ms`, and not met.
struct Measured {
    std::optional<std::int64_t> actual_ms;
    std::int64_t uncertainty_ms = 0;  // half the width of the interval around actual_ms
    std::optional<std::int64_t> target_ms;
    /// True only where the drill said so AND the interval's upper end meets the target.
    bool met = false;
    [[nodiscard]] std::optional<std::int64_t> upper_ms() const {
        return actual_ms ? std::optional(*actual_ms + uncertainty_ms) : std::nullopt;
    }
};

struct ClockReading {
    std::string name;
    std::optional<std::int64_t> at_ms;  // after the damage began, where that was read
};

/// A part of the drill on its time line, in milliseconds after the damage began.
struct Span {
    std::string name{}, stage{}, resource{}, outcome{}, detail{};
    std::optional<std::int64_t> began_ms{}, ended_ms{};
    bool critical = false;
};

struct DifferenceView {
    std::string resource, kind, item, detail;
    bool accepted = false;
};

struct NormalisedView {
    std::string resource, what;
    std::optional<std::int64_t> count;
};

struct ResourceView {
    std::string resource, adapter, note;
    std::optional<std::int64_t> items_destroyed, items_restored, bytes_restored, restore_ms;
    std::optional<bool> equal;
};

struct InterlockView {
    std::string interlock, saw, reason, remedy;
    bool passed = false;
};

struct FindingView {
    std::string text, severity;
};

struct HookView {
    std::string stage, command;
};

/// What a step of the plan destroys.
struct ScopeView {
    std::string resource;
    bool whole = false;
    std::size_t items = 0;
    std::vector<std::string> first_items{};  // a plan may name very many
};

/// An item that was broken once more to see whether the verifier tells.
struct PerturbedView {
    std::string resource, item;
    bool seen = false;
};

struct DrillView {
    std::string id, environment, playbook, kind, title, state;
    std::optional<Verdict> verdict;  // none: the drill has not ended
    WallTime started_at;
    std::optional<WallTime> ended_at;
    std::vector<std::string> reasons;
    Measured recovery_time, recovery_point, rollback_time;
    bool recovery_is_rollback = false;  // one time was measured, from the beginning of the rollback
    std::string clock;                  // "CLOCK_BOOTTIME"
    std::vector<ClockReading> clocks;   // in the order of a drill
    bool times_from_damage = false;     // spans count from the damage; else from the first step
    std::vector<Span> phases, steps;
    std::vector<std::string> critical_path;
    std::optional<bool> equal;
    bool all_accepted = false;  // not equal, but the playbook accepts every difference
    std::string tree_before, tree_after;
    std::vector<DifferenceView> differences, residue;
    std::int64_t differences_total = 0, residue_total = 0;
    bool residue_known = false;  // the drill looked for residue
    std::vector<NormalisedView> normalised;
    std::string verifier;  // "checked", "blind" or "unproven"; empty: a drill from before it could be checked
    std::vector<PerturbedView> perturbed;
    std::vector<ResourceView> resources;
    std::vector<InterlockView> interlocks;
    std::vector<FindingView> findings;
    std::vector<HookView> hooks;
    std::vector<ScopeView> scope;
    std::string actor, actor_kind, host, plan_hash, snapshot_commit, snapshot_tree, snapshot_after, release,
        release_digest;
    std::vector<std::pair<std::string, std::string>> versions;

    /// Whether the verifier was seen to fail, and on what; a pass without that is called unproven.
    [[nodiscard]] std::string verifier_sentence() const;
    /// What the drill is judged by: time to roll back for kind rollback where it was measured, else time to
    /// recover.
    [[nodiscard]] const Measured& judged_time() const;
    /// The drill put recovery to the test: it damaged the environment and ended by itself.
    [[nodiscard]] bool is_trial() const;
    /// Back, proved equal, and its judged time met the target. Residue of a rollback is no hit.
    [[nodiscard]] bool is_hit() const;
    /// What the verdict says of this drill, in a sentence.
    [[nodiscard]] std::string meaning() const;
    /// "proved equal", "different", "different, accepted", "not proved", "not touched".
    [[nodiscard]] std::string_view state_text() const;
};

[[nodiscard]] DrillView view_drill(const DrillRecord& record);
/// From a document of schema rehearse.drill/v1 alone.
[[nodiscard]] DrillView view_result(const json::object& result);
[[nodiscard]] InterlockView view_interlock(const json::object& object);
[[nodiscard]] std::vector<HookView> view_hooks(const json::object& hooks);

}  // namespace rehearse
