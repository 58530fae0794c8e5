// The process adapter: one long-running process, found by its directory and command, stopped and started
// again.
#pragma once

#include "orchestrator/ports/adapter.h"

namespace rehearse {

/// Adapter `process`. Its one item is the process with its descendants, named by its command.
[[nodiscard]] const AdapterDescriptor& process_adapter();

}  // namespace rehearse
