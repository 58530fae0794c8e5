// Sorting due times into missed ones and the one to run.
#include "orchestrator/schedule/scheduler.h"

#include <algorithm>

namespace rehearse {

namespace {

DueTime missed(const ScheduledPlaybook& scheduled, WallTime due, std::string reason) {
    return {.playbook = scheduled.playbook,
            .due = due,
            .fate = DueFate::missed,
            .reason = std::move(reason),
            .drill = {}};
}

}  // namespace

DueNow due_now(const ScheduledPlaybook& scheduled, std::optional<WallTime> last_recorded, WallTime now) {
    DueNow result;
    const WallTime from = std::max(last_recorded.value_or(scheduled.watched_since), scheduled.watched_since);
    for (const WallTime due :
         due_between(scheduled.schedule, {.after = from, .until = now, .limit = 100'000})) {
        // Of several that are still in their grace only the newest runs: the others were overtaken.
        if (result.run) {
            result.missed.push_back(missed(scheduled, *result.run, "overtaken by the next due time"));
            result.run.reset();
        }
        if (now - due > schedule_grace) {
            result.missed.push_back(missed(
                scheduled, due, "nobody was there: 'rehearse serve' was not running, or the machine slept"));
        } else {
            result.run = due;
        }
    }
    return result;
}

std::optional<WallTime> next_due(const std::vector<ScheduledPlaybook>& all, WallTime now) {
    std::optional<WallTime> next;
    for (const ScheduledPlaybook& scheduled : all) {
        const std::optional<WallTime> due = next_after(scheduled.schedule, now);
        if (due && (!next || *due < *next)) next = due;
    }
    return next;
}

}  // namespace rehearse
