// When a schedule is due: five cron fields read in an IANA time zone. Pure: no clock, no waiting.
//
// A due time is a minute of local time that the fields match. It fires exactly once: at the first instant at
// which the zone's clock shows that minute or a later one. So a minute that a gap skips fires when the gap
// ends (several of them, and the gap's end itself, are one firing), and a minute that is shown twice fires
// the first time; while a clock shows an hour again, nothing is due. Reasons: decisions/, "A due time fires
// once".
//
// Day of month and day of week: where both are restricted (neither begins with *), either is enough, as in
// Vixie cron; else both must match. 0 and 7 are Sunday.
#pragma once

#include <bitset>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/base/clock.h"
#include "orchestrator/model/zone.h"

namespace rehearse {

struct CronFields {
    std::bitset<60> minutes;
    std::bitset<24> hours;
    std::bitset<32> days;     // 1 to 31
    std::bitset<13> months;   // 1 to 12
    std::bitset<7> weekdays;  // 0 is Sunday
    bool either_day = false;  // day of month or day of week is enough
};

struct CronSchedule {
    std::string text;  // as it was written
    CronFields fields;
    Zone zone;
};

/// Numbers, names (mon, jan), ranges, steps, lists. Fails: invalid_input naming field and column, with what
/// would be right; a schedule that never fires ("0 0 30 2 *") is refused too.
[[nodiscard]] CronSchedule parse_cron(std::string_view cron, std::string_view timezone);

/// Whether the fields match a day of the calendar.
[[nodiscard]] bool matches_day(const CronFields& fields, std::chrono::year_month_day date,
                               std::chrono::weekday day);

/// The first due instant after `after`; none within 50 years.
[[nodiscard]] std::optional<WallTime> next_after(const CronSchedule& schedule, WallTime after);

struct DueRange {
    WallTime after;         // not itself
    WallTime until;         // itself too
    std::size_t limit = 0;  // at most so many, the oldest; 0: all
};
[[nodiscard]] std::vector<WallTime> due_between(const CronSchedule& schedule, const DueRange& range);

}  // namespace rehearse
