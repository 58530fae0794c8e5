// When a schedule is due: five cron fields read in an IANA time zone. Pure: no clock, no waiting.
//
// A due time is a minute of local time that the fields match. It fires exactly once: at the first instant at
// which the zone's clock shows that minute or a later one. So a minute that a gap skips fires when the gap
// ends (several of them, and the gap's end itself, are one firing), and a minute that is shown twice fires
// the first time; while a clock shows an hour again, nothing is due. Reasons: decisions/, "A due time fires
// once".
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/base/clock.h"
#include "orchestrator/model/cron.h"
#include "orchestrator/model/zone.h"

namespace rehearse {

struct CronSchedule {
    std::string text;  // as it was written
    CronFields fields;
    Zone zone;
};

/// Fails: invalid_input for fields that parse_cron_fields refuses, and for an unknown time zone.
[[nodiscard]] CronSchedule parse_cron(std::string_view cron, std::string_view timezone);

/// The first due instant after `after`; none within 50 years.
[[nodiscard]] std::optional<WallTime> next_after(const CronSchedule& schedule, WallTime after);

struct DueRange {
    WallTime after;         // not itself
    WallTime until;         // itself too
    std::size_t limit = 0;  // at most so many, the oldest; 0: all
};
[[nodiscard]] std::vector<WallTime> due_between(const CronSchedule& schedule, const DueRange& range);

}  // namespace rehearse
