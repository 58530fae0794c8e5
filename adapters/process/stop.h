// Ends a process with all that it started, and proves that they are gone.
#pragma once

#include <functional>
#include <vector>

#include "adapters/process/settings.h"
#include "orchestrator/commands/process_table.h"

namespace rehearse::process {

/// Sends the stop signal to `tops`, their descendants, and the groups and sessions that they lead; after the
/// stop timeout SIGKILL. Returns when all of them are gone (a zombie is). `still_meant` is asked right before
/// the first signal, while a pidfd holds the process; where it says no, nothing is sent. Fails: refused where
/// one may not be signalled or is this program's own ancestor; unknown_outcome where one is left 10 s after
/// SIGKILL.
void stop_processes(const Settings& settings, const Clock& clock, const std::vector<ProcessStat>& tops,
                    const std::function<bool()>& still_meant);

/// Why `top` could not be stopped from here; empty: it can.
[[nodiscard]] std::string why_not_stoppable(const ProcessStat& top);

}  // namespace rehearse::process
