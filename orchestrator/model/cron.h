// The five fields of a schedule: what may stand in them, and which days they mean. When that is due in a time
// zone is the calendar's question (orchestrator/schedule).
//
// Day of month and day of week: where both are restricted (neither begins with *), either is enough, as in
// Vixie cron; else both must match. 0 and 7 are Sunday.
#pragma once

#include <bitset>
#include <chrono>
#include <string_view>

namespace rehearse {

struct CronFields {
    std::bitset<60> minutes;
    std::bitset<24> hours;
    std::bitset<32> days;     // 1 to 31
    std::bitset<13> months;   // 1 to 12
    std::bitset<7> weekdays;  // 0 is Sunday
    bool either_day = false;  // day of month or day of week is enough
};

/// Numbers, names (mon, jan), ranges, steps, lists. Fails: invalid_input naming field and column, with what
/// would be right; fields that never fire ("0 0 30 2 *") are refused too.
[[nodiscard]] CronFields parse_cron_fields(std::string_view cron);

/// Whether the fields match a day of the calendar.
[[nodiscard]] bool matches_day(const CronFields& fields, std::chrono::year_month_day date,
                               std::chrono::weekday day);

}  // namespace rehearse
