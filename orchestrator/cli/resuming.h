// Shared by `resume` and `serve`: every drill that is open and whose owner is gone is finished.
#pragma once

#include <string>
#include <vector>

#include "orchestrator/cli/workspace.h"

namespace rehearse {

struct Resumed {
    DrillId drill;
    json::object result;  // rehearse.drill/v1
    std::string problem;  // why it could not be finished; then there is no result
    int exit_code = 0;
};

/// Oldest first. A drill that still runs elsewhere is a problem with exit code 3. Never throws for one
/// drill's failure.
[[nodiscard]] std::vector<Resumed> resume_open_drills(const Host& host, Workspace& workspace);

}  // namespace rehearse
