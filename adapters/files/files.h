// The files adapter: a tree of files below a root, with everything that a Linux file system keeps about them.
#pragma once

#include "orchestrator/ports/adapter.h"

namespace rehearse {

/// Adapter `files`. Items are files and folders by their path below the root, escaped; folders end with '/'.
[[nodiscard]] const AdapterDescriptor& files_adapter();

}  // namespace rehearse
