// The last part of every drill, whether it ran through or was resumed: restore, verify, measure, verdict,
// quarantine, alarm.
#pragma once

#include "orchestrator/drill/drill.h"
#include "orchestrator/drill/execution.h"
#include "orchestrator/probes/prober.h"

namespace rehearse {

/// Hooks around the restore, the restore itself, serving and fidelity, then the end. `prober` is running.
[[nodiscard]] Task<DrillOutcome> restore_and_finish(Execution& execution, Prober& prober);

/// Ends a drill in which nothing was touched.
[[nodiscard]] Task<DrillOutcome> finish_untouched(Execution& execution, Verdict verdict, std::string reason);

/// Ends a drill as not recovered, quarantined: for damage that can't be undone from here.
[[nodiscard]] Task<DrillOutcome> finish_damaged(Execution& execution, std::string reason);

/// Writes the lease's epoch into every marker of the environment, so that a stale orchestrator sees that it
/// is stale.
[[nodiscard]] Task<void> write_epoch(Execution& execution);

/// Raises the alarm for a drill that could not be ended although something may be damaged, then rethrows
/// `error`.
[[nodiscard]] Task<void> tell_of_open_drill(Execution& execution, std::exception_ptr error);

/// Starts the prober where it was not started yet.
void start_probing(Execution& execution, Prober& prober, const boost::asio::any_io_executor& executor,
                   SteadyTime damage_began);

/// The prober of the plan's steady state, not started. Transitions go into the journal.
[[nodiscard]] Prober make_prober(Execution& execution);

}  // namespace rehearse
