// Waiting as a port, so that the simulation can own time.
#pragma once

#include "orchestrator/base/clock.h"
#include "orchestrator/base/task.h"

namespace rehearse {

/// Waits in coroutines. Cancelling the waiting task ends the wait with Failure{cancelled}.
class Sleeper {
  public:
    virtual ~Sleeper() = default;
    [[nodiscard]] virtual Task<void> until(SteadyTime instant) = 0;
};

}  // namespace rehearse
