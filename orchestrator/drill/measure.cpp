// From the journal to clocks, achieved times and the verdict.
#include "orchestrator/drill/measure.h"

#include <algorithm>
#include <set>

namespace rehearse {

namespace {

void read_clock(Clocks& clocks, const DrillEvent& event) {
    const std::string name = text_or(event.body, "clock", "");
    const std::optional<SteadyTime> at = instant_at(event.body, "at_ns");
    if (name == "damage_began") clocks.damage_began = at;
    if (name == "destruction_proven") clocks.destruction_proven = at;
    if (name == "detected") clocks.detected = at;
    if (name == "rollback_began") clocks.rollback_began = at;
    if (name == "restore_began") clocks.restore_began = at;
    if (name == "restored") clocks.restored = at;
    if (name == "verified") clocks.verified = at;
    if (name == "serving") {
        clocks.serving_earliest = instant_at(event.body, "earliest_ns");
        clocks.serving_latest = at;
    }
}

/// States that bound a phase; a resumed drill's later ones overrule.
void read_state(Clocks& clocks, const DrillEvent& event) {
    const std::string name = text_or(event.body, "state", "");
    if (name == to_string(DrillState::snapshotting)) clocks.snapshot_began = event.steady;
    if (name == to_string(DrillState::proven)) clocks.proven = event.steady;
    if (name == to_string(DrillState::verifying)) clocks.verification_began = event.steady;
}

void read_note(Measurement& found, const DrillEvent& event) {
    if (text_or(event.body, "text", "") == "stopped") found.stopped = true;
    if (text_or(event.body, "text", "") == "resumed") found.resumed = true;
    if (event.body.contains("perturbed")) {
        // One resource in which nothing could be broken leaves the whole pass unproven; one miss blinds it.
        if (flag_at(event.body, "all", "journal")) found.verifier_saw = true;
        for (const json::object& one : objects_at(event.body, "perturbed", "journal")) {
            if (!flag_at(one, "seen", "journal")) found.verifier_saw = false;
        }
    }
    const std::string role = text_or(event.body, "compared", "");
    if (role.empty()) return;
    const bool fine = flag_at(event.body, "accepted", "journal");
    if (role == "after") {
        found.compared = true;
        found.equal = fine;
    } else if (role == "residue") {
        found.residue = !fine;
        found.rollback_compared = true;
    }
}

Achieved achieved(SteadyTime from, SteadyTime earliest, SteadyTime latest, Duration target) {
    const Duration low = std::max(Duration::zero(), earliest - from);
    const Duration high = latest - from;
    return {.actual = low + (high - low) / 2,
            .uncertainty = (high - low) / 2,
            .target = target,
            .met = high <= target};
}

bool is_damage(const DrillEvent& event) {
    if (event.kind != EventKind::step_intent) return false;
    const std::string stage = text_or(event.body, "stage", "");
    return stage == "destroy" || stage == "change";
}

std::string join(const std::vector<ResourceName>& names) {
    std::string text;
    for (const ResourceName& name : names) text += (text.empty() ? "" : ", ") + name.text();
    return text;
}

}  // namespace

std::optional<SteadyTime> instant_at(const json::object& body, std::string_view key) {
    const json::value* value = body.if_contains(key);
    if (value == nullptr || value->is_null()) return std::nullopt;
    const std::int64_t since_boot = integer_at(body, key, "journal");
    if (since_boot < 0) wrong_value(key, "an instant after the boot", "journal");
    return SteadyTime{Duration(since_boot)};
}

Measurement measure(const Plan& plan, const std::vector<DrillEvent>& events) {
    Measurement found;
    Clocks& clocks = found.clocks;
    std::optional<SteadyTime> first_damage, oldest;
    std::set<std::string> boots;
    std::map<ResourceName, bool> restored;
    // The playbook's own commands may have written what a restore takes away; a rollback's is its residue.
    const bool is_explained = plan.kind != DrillKind::disaster || has_unguarded_commands(plan);
    std::set<ResourceName> destroyed;                 // with an answer, and something to restore
    std::set<ResourceName> unanswered, seen_missing;  // destroys without an answer; restores that had work
    bool perturb_may_still_come = false;
    for (const DrillEvent& event : events) {
        if (!clocks.started) clocks.started = event.steady;
        if (!event.boot.empty()) boots.insert(event.boot);
        if (is_damage(event) && !first_damage) first_damage = event.steady;
        if (event.kind == EventKind::step_intent && text_or(event.body, "stage", "") == "perturb") {
            // Until it was put back, compared again, and serves again.
            found.compared = found.equal = found.serving_again = false;
            // Only a pass is checked, so no earlier destroy may still come.
            unanswered.clear();
            found.perturbed = true;
        }
        // The verifier is checked after all clocks were read; what follows is no part of the recovery.
        if (event.kind == EventKind::clock && found.perturbed) {
            found.serving_again = found.serving_again || text_or(event.body, "clock", "") == "serving";
        } else if (event.kind == EventKind::clock) {
            read_clock(clocks, event);
        }
        if (event.kind == EventKind::state && !found.perturbed) read_state(clocks, event);
        if (event.kind == EventKind::note) read_note(found, event);
        if (event.kind == EventKind::snapshot && text_or(event.body, "role", "") == "before") {
            oldest = instant_at(event.body, "oldest_ns");
        }
        if (event.kind == EventKind::step_outcome) {
            const std::string stage = text_or(event.body, "stage", "");
            const bool done = text_or(event.body, "outcome", "") == "done";
            // A later restore of the same resource overrules an earlier failure.
            const ResourceName resource(text_or(event.body, "resource", ""));
            if (stage == "restore" || stage == "put_back") {
                restored[resource] = done;
                const std::uint64_t items = event.body.contains("items")
                                                ? number_at<std::uint64_t>(event.body, "items", "journal")
                                                : 0;
                const json::value* tries = event.body.if_contains("tries");
                const bool idle =
                    done && event.body.contains("items") && items == 0 && tries != nullptr && *tries == 1;
                if (idle && stage == "restore" && destroyed.contains(resource) && !is_explained &&
                    !found.resumed)
                    found.others_restored.push_back(resource);
                // What a killed restore left half made is no neighbour's.
                if (event.body.contains("discarded") && !is_explained && !found.resumed) {
                    for (const std::string& name : texts_at(event.body, "discarded", "journal"))
                        found.discarded.push_back(resource.text() + "/" + name);
                }
                if (items > 0) seen_missing.insert(resource);
            }
            if (stage == "rollback" && !done) found.rollback_failed = true;
            if (stage == "destroy" && done && integer_at(event.body, "items", "journal") > 0)
                destroyed.insert(resource);
            if (text_or(event.body, "outcome", "") == "unknown") {
                if (stage == "destroy") unanswered.insert(resource);
                // That something differed, and was put back, may be somebody else's doing.
                if (stage == "perturb") perturb_may_still_come = true;
            }
        }
    }
    // A crash between the effect and its outcome loses the clock, not the intent that was durable before it.
    if (!clocks.damage_began) clocks.damage_began = first_damage;
    clocks.lost = boots.size() > 1;
    found.destruction_complete =
        plan.kind == DrillKind::rollback ? found.rollback_compared : clocks.destruction_proven.has_value();
    // A stale read can show an absence that never was: only a restore that had something to do has seen it.
    found.may_still_come =
        perturb_may_still_come ||
        std::any_of(unanswered.begin(), unanswered.end(), [&](const ResourceName& resource) {
            return !found.destruction_complete || !seen_missing.contains(resource);
        });
    for (const auto& [resource, done] : restored) {
        if (!done) found.not_restored.push_back(resource);
    }
    if (clocks.lost) return found;

    const std::optional<SteadyTime> from =
        plan.kind == DrillKind::rollback ? clocks.rollback_began : clocks.damage_began;
    if (from && clocks.serving_earliest && clocks.serving_latest) {
        found.recovery_time =
            achieved(*from, *clocks.serving_earliest, *clocks.serving_latest, plan.targets.rto);
    }
    if (clocks.damage_began && oldest) {
        found.recovery_point =
            achieved(*oldest, *clocks.damage_began, *clocks.damage_began, plan.targets.rpo);
    }
    return found;
}

Verdict judge(const Plan& plan, Measurement& found) {
    std::vector<std::string>& why = found.reasons;
    if (!found.not_restored.empty()) {
        why.push_back("not restored: " + join(found.not_restored));
        return Verdict::not_recovered;
    }
    if (!found.compared) {
        why.emplace_back("what came back could not be compared with the snapshot");
        return Verdict::inconclusive;
    }
    if (found.verifier_saw == false) {
        why.emplace_back(
            "the verifier did not see what was broken to check it: that it calls the state equal proves "
            "nothing");
        return Verdict::inconclusive;
    }
    if (!found.equal) {
        why.emplace_back("what came back differs from the snapshot");
        return Verdict::recovered_different;
    }
    if (found.may_still_come) {
        why.emplace_back(
            "what was destroyed is back, proved equal; but a destroy whose outcome was not seen may still "
            "come");
        return Verdict::inconclusive;
    }
    if (!found.destruction_complete || found.stopped) {
        why.emplace_back(
            plan.kind == DrillKind::rollback
                ? "the rehearsal of the rollback was not completed; the environment is back, proved equal"
                : "the destruction was not completed; what was destroyed is back, proved equal");
        return Verdict::aborted;
    }
    if (found.residue || found.rollback_failed) {
        why.emplace_back(
            found.rollback_failed
                ? "the rollback failed; the snapshot brought the environment back"
                : "the rollback left something behind; the snapshot brought the environment back");
        return Verdict::recovered_different;
    }
    if (!found.others_restored.empty()) {
        why.push_back("somebody else had brought back " + join(found.others_restored) +
                      " before the restore began, which is no rehearsal of the way back");
        return Verdict::inconclusive;
    }
    if (!found.discarded.empty()) {
        std::string names;
        for (const std::string& name : found.discarded) names += (names.empty() ? "" : ", ") + name;
        why.push_back("somebody else wrote there during the drill, and the restore took that away: " + names +
                      "; keep others out of a resource until the drill has ended");
        return Verdict::inconclusive;
    }
    if (found.clocks.lost) {
        why.emplace_back("the clock was lost: the machine was restarted during the drill");
        return Verdict::inconclusive;
    }
    if (!found.recovery_time) {
        why.push_back("the probes did not pass " + std::to_string(plan.verify.consecutive) +
                      " times in a row within " + to_text(plan.verify.within));
        return Verdict::inconclusive;
    }
    if (found.perturbed && !found.serving_again) {
        why.emplace_back("it recovered, but does not serve again since the verifier was checked");
        return Verdict::inconclusive;
    }
    if (!found.recovery_time->met) {
        why.push_back("recovery took " + to_text(found.recovery_time->actual) + " +- " +
                      to_text(found.recovery_time->uncertainty) + ", the target is " +
                      to_text(plan.targets.rto));
    }
    if (found.recovery_point && !found.recovery_point->met) {
        why.push_back("the snapshot was " + to_text(found.recovery_point->actual) +
                      " old at the damage, the target is " + to_text(plan.targets.rpo));
    }
    return why.empty() ? Verdict::recovered : Verdict::recovered_late;
}

}  // namespace rehearse
