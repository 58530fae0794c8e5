// Shared by `serve` and `schedule`: the workspace's playbooks that carry a schedule.
#pragma once

#include <vector>

#include "orchestrator/cli/workspace.h"
#include "orchestrator/schedule/scheduler.h"

namespace rehearse {

/// Remembers in .rehearse/schedules.json since when each schedule is watched; a changed schedule is watched
/// anew. With `remember` false nothing is written and a new one is watched from now.
[[nodiscard]] std::vector<ScheduledPlaybook> scheduled_playbooks(const Host& host, Workspace& workspace,
                                                                 bool remember);

}  // namespace rehearse
