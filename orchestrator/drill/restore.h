// Stage: restore. Dependencies first, in parallel, only what was touched. It is never cancelled and has no
// deadline of its own.
#pragma once

#include <map>
#include <string>

#include "orchestrator/drill/execution.h"

namespace rehearse {

/// Resources that could not be restored, and why; empty where all were.
using NotRestored = std::map<ResourceName, std::string>;

/// Restores every touched resource from the drill's snapshot. Transient failures are tried again with growing
/// pauses. A resource whose needs failed is tried all the same. Where the journal can't be written because
/// the disk is full, restoring goes on without it; a lost lease ends it: Fails: refused. `stage` is
/// "restore", which sets the clock `restored`, or "put_back", after the verifier was checked.
[[nodiscard]] Task<NotRestored> restore(Execution& execution, std::string stage);

}  // namespace rehearse
