// The list of interlocks, and asking them.
#include "orchestrator/guard/guard.h"

#include <algorithm>
#include <exception>

namespace rehearse {

namespace {

constexpr auto zeroth = GuardPhase::before_looking;
constexpr auto first = GuardPhase::before_snapshot;
constexpr auto second = GuardPhase::before_damage;

constexpr Interlock all[] = {
    {"class", "nothing of class production is ever destroyed", zeroth, check_class},
    {"supported", "a setting that this build can't honour refuses", zeroth, check_supported},
    {"enrolled", "the environment was enrolled here, not read-only", zeroth, check_enrolled},
    {"quarantine", "no drill starts in a quarantined environment", zeroth, check_quarantine},
    {"unfinished", "no drill starts where another one was left open", zeroth, check_unfinished},
    {"halt", "nothing is destroyed while the kill switch is on", zeroth, check_halt},
    {"audit", "nothing is destroyed while the audit log does not verify", zeroth, check_audit},
    {"freeze", "nothing is destroyed in a freeze window", zeroth, check_freeze},
    {"policy", "the policy lets whoever runs it break this", zeroth, check_policy},
    {"reachable", "each resource can be reached and read", zeroth, check_reachable},
    {"marker", "each resource carries a marker that this workspace signed for it", first, check_marker},
    {"identity", "each live resource is the one that was enrolled", first, check_identity},
    {"approvals", "as many people approved the plan as the playbook and the policy want", first,
     check_approvals},
    {"production", "no live identity looks like production to the policy", first, check_production},
    {"targets", "the plan names at least one item, and every pattern selects something", first,
     check_targets},
    {"blast_radius", "no more items, and no larger share, than the playbook allows", first,
     check_blast_radius},
    {"caps", "no more than the policy lets a person, or automation, break", first, check_caps},
    {"way_back", "no target holds anything that the way back needs", first, check_way_back},
    {"sessions", "no other people's sessions, unless the environment says to disconnect them", first,
     check_sessions},
    {"obstacles", "nothing known would make destroy or restore fail", first, check_obstacles},
    {"disk", "there is room for the restore", first, check_disk},
    {"snapshot_age", "the snapshot is no older than the playbook allows", second, check_snapshot_age},
    {"snapshot_proof", "every blob of the snapshot was read back from the disk and hashed", second,
     check_snapshot_proof},
    {"snapshot_identity", "the snapshot was taken of the very resources that the plan names", second,
     check_snapshot_identity},
    {"restorability", "what can be restored into a scratch place was restored once", second,
     check_restorability},
    {"unchanged", "nobody changed what is destroyed since the snapshot", second, check_unchanged},
    {"steady_state", "everything works before anything is broken", second, check_steady_state},
};

}  // namespace

std::span<const Interlock> interlocks() { return all; }

std::vector<InterlockResult> ask_guard(const GuardFacts& facts, GuardPhase phase,
                                       std::span<const Interlock> asked) {
    std::vector<InterlockResult> results;
    for (const Interlock& interlock : asked) {
        if (interlock.phase > phase) continue;
        InterlockResult result;
        try {
            result = interlock.check(facts);
        } catch (const std::exception& error) {
            result = {.interlock = {},
                      .passed = false,
                      .saw = "an error",
                      .reason = error.what(),
                      .remedy = "this is a defect of rehearse: please report it"};
        }
        result.interlock = interlock.name;
        if (!result.passed && interlock.check == check_reachable) phase = interlock.phase;
        results.push_back(std::move(result));
    }
    return results;
}

bool all_passed(std::span<const InterlockResult> results) {
    return std::all_of(results.begin(), results.end(),
                       [](const InterlockResult& result) { return result.passed; });
}

std::string refusal_text(std::span<const InterlockResult> results) {
    std::string text;
    for (const InterlockResult& result : results) {
        if (result.passed) continue;
        if (!text.empty()) text += "\n";
        text += "guard refused: " + std::string(result.interlock) + ": " + result.reason;
        if (!result.remedy.empty()) text += "; " + result.remedy;
    }
    return text;
}

json::object to_json(const InterlockResult& result) {
    return {{"interlock", result.interlock},
            {"passed", result.passed},
            {"saw", result.saw},
            {"reason", result.reason},
            {"remedy", result.remedy}};
}

}  // namespace rehearse
