// Shared by `snapshot` and `diff`: a snapshot outside a drill, under the environment's lease.
#pragma once

#include <string>

#include "orchestrator/cli/workspace.h"

namespace rehearse {

/// Captures every resource and commits under `ref`. Fails: refused while a drill runs in the environment.
[[nodiscard]] SnapshotSummary snapshot_environment(const Host& host, Workspace& workspace,
                                                   const Environment& environment, const std::string& message,
                                                   const std::string& ref);

}  // namespace rehearse
