// Shared by `serve` and `schedule`: the workspace's playbooks that carry a schedule.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/cli/workspace.h"
#include "orchestrator/schedule/scheduler.h"

namespace rehearse {

/// Remembers in .rehearse/schedules.json since when each schedule is watched; a changed schedule is watched
/// anew. With `remember` false nothing is written and a new one is watched from now.
[[nodiscard]] std::vector<ScheduledPlaybook> scheduled_playbooks(const Host& host, Workspace& workspace,
                                                                 bool remember);

/// What a row says while its drill is on its way.
inline constexpr std::string_view due_begun = "begun";

/// Writes into the row what became of it: the drill, and its verdict. The drill has ended.
void tell_of_drill(DueTime& due, const DrillRecord& drill);

/// Ends the row of a due time that says no more than that it was begun: its drill tells what became of it;
/// where none ever began, it was missed. One whose drill is open stays. Gives the rows that it changed.
/// Called while no drill of the playbook is on its way.
std::vector<DueTime> settle_due_times(Ledger& ledger, const PlaybookName& playbook, const std::string& actor);

}  // namespace rehearse
