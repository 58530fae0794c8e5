// Holding an environment's lease while something is done with it.
#pragma once

#include <exception>
#include <functional>
#include <stop_token>

#include "orchestrator/base/task_group.h"
#include "orchestrator/drill/world.h"

namespace rehearse {

/// Renews the lease until `over` happens. A refused renewal (somebody took it over) requests a stop of
/// `lost`.
[[nodiscard]] Task<void> keep_lease(World& world, Lease& lease, Signal& over, std::stop_source lost);

/// Takes the lease, keeps it while `work` runs, gives it back. Fails: refused while another one holds it; as
/// `work` does.
[[nodiscard]] Task<void> with_lease(World& world, EnvironmentName environment,
                                    std::function<Task<void>(Lease&)> work);

}  // namespace rehearse
