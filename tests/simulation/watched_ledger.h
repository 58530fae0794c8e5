// The real ledger of one simulated process, with what it acknowledged written down beside it.
#pragma once

#include <functional>
#include <memory>

#include "orchestrator/ports/ledger.h"
#include "tests/simulation/checks.h"
#include "tests/simulation/scheduler.h"

namespace rehearse::simulation {

/// Forwards to `inner`, one call at a time, and tells `checks` of each call that came back well. The turn is
/// taken on the fiber: the real ledger's own mutex would stop the simulation's one thread.
[[nodiscard]] std::unique_ptr<Ledger> watch_ledger(std::unique_ptr<Ledger> inner, Checks& checks,
                                                   Scheduler& scheduler, Strand& strand, const Clock& clock);

}  // namespace rehearse::simulation
