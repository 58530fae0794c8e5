// The search for due instants, day by day.
#include "orchestrator/schedule/calendar.h"

namespace rehearse {

namespace {

using namespace std::chrono;

constexpr days horizon(50 * 366);

/// The first matching minute of the day at or after `from`.
std::optional<LocalTime> first_in_day(const CronFields& fields, local_days day, LocalTime from) {
    for (std::size_t hour = 0; hour < fields.hours.size(); ++hour) {
        if (!fields.hours.test(hour) || day + hours(hour + 1) <= from) continue;
        for (std::size_t minute = 0; minute < fields.minutes.size(); ++minute) {
            const LocalTime time = day + hours(hour) + minutes(minute);
            if (fields.minutes.test(minute) && time >= from) return time;
        }
    }
    return std::nullopt;
}

}  // namespace

CronSchedule parse_cron(std::string_view cron, std::string_view timezone) {
    return {.text = std::string(cron), .fields = parse_cron_fields(cron), .zone = Zone(timezone)};
}

std::optional<WallTime> next_after(const CronSchedule& schedule, WallTime after) {
    // Every minute up to the latest one shown has had its instant; every later one has it still to come.
    const LocalTime from = schedule.zone.latest_shown(after) + seconds(1);
    const local_days first = floor<days>(from);
    for (local_days day = first; day < first + horizon; day += days(1)) {
        if (!matches_day(schedule.fields, year_month_day(day), weekday(day))) continue;
        if (const auto time = first_in_day(schedule.fields, day, from)) return schedule.zone.first_at(*time);
    }
    return std::nullopt;
}

std::vector<WallTime> due_between(const CronSchedule& schedule, const DueRange& range) {
    std::vector<WallTime> due;
    for (WallTime at = range.after; range.limit == 0 || due.size() < range.limit;) {
        const auto next = next_after(schedule, at);
        if (!next || *next > range.until) break;
        due.push_back(*next);
        at = *next;
    }
    return due;
}

}  // namespace rehearse
