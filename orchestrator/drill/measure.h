// Measuring: pure functions from a drill's plan and journal to clocks, times, verdict and the
// rehearse.drill/v1 document.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/model/drill.h"
#include "orchestrator/model/plan.h"

namespace rehearse {

/// The clocks of a drill. All are instants of the steady clock (CLOCK_BOOTTIME) of one boot.
struct Clocks {
    std::optional<SteadyTime> started, snapshot_began, proven, damage_began, destruction_proven, detected,
        rollback_began, restore_began, restored, verification_began, verified;
    std::optional<SteadyTime> serving_earliest, serving_latest;  // the interval in which service came back
    bool lost = false;  // events of more than one boot: differences mean nothing
};

/// An achieved time with its half-width, against its target. Met only where the upper end meets it.
struct Achieved {
    Duration actual{};       // midpoint of the interval
    Duration uncertainty{};  // half of the interval's width
    Duration target{};
    bool met = false;
};

struct Measurement {
    Clocks clocks;
    std::optional<Achieved>
        recovery_time;  // RTA; from the start of the rollback for kind rollback (decision 0004)
    std::optional<Achieved> recovery_point;  // RPA
    bool equal = false;                      // fidelity: nothing differs beyond what the playbook accepts
    bool compared = false;                   // there is a snapshot from after the restore
    std::optional<bool> verifier_saw;        // none: not checked everywhere; false: it missed what was broken
    bool perturbed = false;                  // something was broken once more, to check the verifier
    bool serving_again = false;              // the probes passed since that was put back
    std::vector<std::string> discarded;      // what somebody else wrote during the drill, and is gone
    std::vector<ResourceName> others_restored;  // back before the restore began: somebody else's doing
    bool resumed = false;
    bool residue = false;  // kind rollback: the rollback left something behind
    bool rollback_failed = false;
    bool rollback_compared = false;     // kind rollback: ran to the comparison after it
    bool stopped = false;               // by a signal or the kill switch
    bool destruction_complete = false;  // every destroy step was done and its absence proved
    bool may_still_come =
        false;  // a destroy whose outcome was not seen, and whose effect was not seen either
    std::vector<ResourceName> not_restored;  // a restore step that failed
    std::vector<std::string> reasons;        // why the verdict is what it is
};

/// The instant of the steady clock under `key` of an event's body, or none. Fails: invalid_input for what no
/// clock shows.
[[nodiscard]] std::optional<SteadyTime> instant_at(const json::object& body, std::string_view key);

[[nodiscard]] Measurement measure(const Plan& plan, const std::vector<DrillEvent>& events);

/// The verdict that the measurement means; every branch of judging stands here.
[[nodiscard]] Verdict judge(const Plan& plan, Measurement& measurement);

/// Schema rehearse.drill/v1, from nothing but the record, the plan and the journal.
[[nodiscard]] json::object drill_document(const DrillRecord& record, const Plan& plan,
                                          const std::vector<DrillEvent>& events, Verdict verdict,
                                          const Measurement& measurement);

}  // namespace rehearse
