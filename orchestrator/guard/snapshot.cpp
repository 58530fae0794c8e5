// Interlocks on the proof that the way back exists: the snapshot's age, its reading back, the scratch
// restore, the steady state.
#include "orchestrator/guard/guard.h"

namespace rehearse {

namespace {

InterlockResult no_snapshot() {
    InterlockResult result{.saw = "no snapshot"};
    result.reason = "there is no snapshot of this drill";
    result.remedy = "run the drill again; it takes a snapshot of its own";
    return result;
}

}  // namespace

InterlockResult check_snapshot_age(const GuardFacts& facts) {
    if (!facts.snapshot) return no_snapshot();
    const Duration age = facts.now - facts.snapshot->taken_at;
    InterlockResult result{.saw = "the snapshot is " + to_text(age) + " old, limit " +
                                  to_text(facts.plan.guard.snapshot_max_age)};
    // A snapshot from the future means that the wall clock was set back: its age is not known.
    result.passed = age >= Duration::zero() && age <= facts.plan.guard.snapshot_max_age;
    if (!result.passed) {
        result.reason = result.saw;
        result.remedy = age < Duration::zero() ? "the clock was set back: run the drill again"
                                               : "run the drill again, or raise guard.snapshot_max_age";
    }
    return result;
}

InterlockResult check_snapshot_proof(const GuardFacts& facts) {
    if (!facts.snapshot) return no_snapshot();
    InterlockResult result{.saw =
                               facts.snapshot->proof.empty() ? "no proof" : "proof " + facts.snapshot->proof};
    result.passed = facts.snapshot->read_back && !facts.snapshot->proof.empty();
    if (!result.passed) {
        result.reason = "the snapshot was not read back whole";
        result.remedy = "check the disk that holds the workspace, then run the drill again";
    }
    return result;
}

InterlockResult check_restorability(const GuardFacts& facts) {
    if (!facts.snapshot) return no_snapshot();
    InterlockResult result{.saw = facts.snapshot->not_restorable.empty() ? "every scratch restore worked"
                                                                         : "unproved"};
    for (const auto& [resource, why] : facts.snapshot->not_restorable) {
        result.reason += (result.reason.empty() ? "" : "; ") + resource.text() + ": " + why;
    }
    result.passed = result.reason.empty();
    if (!result.passed) {
        result.remedy = "make the scratch restore work (see adapters/README.md), then run the drill again";
    }
    return result;
}

InterlockResult check_unchanged(const GuardFacts& facts) {
    if (!facts.snapshot) return no_snapshot();
    InterlockResult result{.saw = "no change that an adapter can see"};
    for (const auto& [resource, what] : facts.snapshot->drifted) {
        result.reason += (result.reason.empty() ? "" : "; ") + resource.text() + ": " + what;
    }
    result.passed = result.reason.empty();
    if (!result.passed) {
        result.saw = "changes";
        result.remedy = "stop what writes there (hooks.before_snapshot can), or leave it out by 'exclude'";
    }
    return result;
}

InterlockResult check_steady_state(const GuardFacts& facts) {
    InterlockResult result;
    for (const SteadyStateFact& fact : facts.steady_state) {
        result.saw += (result.saw.empty() ? "" : ", ") + fact.probe + (fact.passed ? " passes" : " fails");
        if (!fact.passed) {
            result.reason += (result.reason.empty() ? "" : "; ") + fact.probe + ": " + fact.detail;
        }
    }
    if (facts.steady_state.empty()) {
        result.saw = "no probe";
        result.reason = "no probe tells whether the environment works";
        result.remedy = "name at least one probe under steady_state";
    } else if (facts.steady_state.size() != facts.plan.steady_state.size()) {
        result.reason = "only " + std::to_string(facts.steady_state.size()) + " of " +
                        std::to_string(facts.plan.steady_state.size()) + " probes answered";
        result.remedy = "run 'rehearse doctor'";
    } else if (!result.reason.empty()) {
        result.remedy = "mend the environment first: a drill on a broken one proves nothing";
    }
    result.passed = result.reason.empty();
    return result;
}

}  // namespace rehearse
