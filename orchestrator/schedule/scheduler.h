// The scheduler: which playbooks are due, which due times were missed. Every due time gets a row in the
// ledger, whatever becomes of it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "orchestrator/base/clock.h"
#include "orchestrator/model/playbook.h"
#include "orchestrator/ports/ledger.h"
#include "orchestrator/schedule/calendar.h"

namespace rehearse {

/// A due time later than this is not run any more: it was missed (the machine slept, the daemon was down).
inline constexpr Duration schedule_grace = std::chrono::minutes(5);

struct ScheduledPlaybook {
    PlaybookName playbook;
    EnvironmentName environment;
    CronSchedule schedule;
    WallTime watched_since;  // due times before it are nobody's
};

/// What is to be done at an instant.
struct DueNow {
    std::vector<DueTime> missed;  // to be recorded as such, oldest first
    std::optional<WallTime> run;  // the due time that is to run now
};

/// Pure: the due times after the last one on record (or since the schedule is watched) up to `now`.
[[nodiscard]] DueNow due_now(const ScheduledPlaybook& scheduled, std::optional<WallTime> last_recorded,
                             WallTime now);

/// The earliest due time after `now` of all; none where nothing is scheduled.
[[nodiscard]] std::optional<WallTime> next_due(const std::vector<ScheduledPlaybook>& all, WallTime now);

}  // namespace rehearse
