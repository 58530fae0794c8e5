// Schedules and freeze windows: "zone, cron, instant, from, until", one a line. A zone is written out, or is
// one letter that stands for one of those whose clocks do the oddest things.
#include "orchestrator/schedule/calendar.h"

#include <algorithm>
#include <array>

#include "orchestrator/guard/freeze.h"
#include "tests/fuzz/fuzz.h"

using namespace rehearse;
using namespace rehearse::fuzz;

namespace {

using namespace std::chrono;

constexpr std::array<std::string_view, 20> odd_zones{"UTC",
                                                     "Europe/Berlin",
                                                     "Europe/Dublin",
                                                     "Europe/Lisbon",
                                                     "America/New_York",
                                                     "America/St_Johns",
                                                     "America/Sao_Paulo",
                                                     "America/Nuuk",
                                                     "America/Havana",
                                                     "America/Asuncion",
                                                     "Africa/Casablanca",
                                                     "Africa/Cairo",
                                                     "Asia/Gaza",
                                                     "Asia/Tehran",
                                                     "Asia/Kathmandu",
                                                     "Asia/Amman",
                                                     "Australia/Lord_Howe",
                                                     "Antarctica/Troll",
                                                     "Pacific/Apia",
                                                     "Pacific/Chatham"};

std::string_view zone_of(std::string_view line) {
    if (line.size() != 1) return line;
    return odd_zones[static_cast<unsigned char>(line.front()) % odd_zones.size()];
}

/// The local minute that fires at `due`: the one shown, or, where a gap ends there, one that it skips.
bool is_due(const CronSchedule& schedule, WallTime due) {
    const LocalTime shown = schedule.zone.local(due);
    const LocalTime before = schedule.zone.local(due - seconds(1)) + seconds(1);
    for (LocalTime at = std::min(before, shown); at <= shown; at += minutes(1)) {
        const local_days day = floor<days>(at);
        const auto minute = floor<minutes>(at - day);
        if (matches_day(schedule.fields, year_month_day(day), weekday(day)) &&
            schedule.fields.hours.test(static_cast<std::size_t>(minute / hours(1))) &&
            schedule.fields.minutes.test(static_cast<std::size_t>((minute % hours(1)).count()))) {
            return true;
        }
    }
    return false;
}

void check(const CronSchedule& schedule, WallTime after) {
    const auto next = next_after(schedule, after);
    if (!next) return;
    promise(*next > after, "the next due instant is later");
    promise(next->since_epoch % minutes(1) == Duration{} || schedule.zone.local(*next) >= LocalTime{},
            "a due instant is a whole minute");
    promise(is_due(schedule, *next),
            "the zone's clock shows a minute that the fields match, or has skipped one");
    promise(next_after(schedule, *next - nanoseconds(1)) == next, "just before it, it is the next one still");
    const auto due = due_between(schedule, {.after = after, .until = *next, .limit = 3});
    promise(due.size() == 1 && due[0] == *next, "nothing is due before the next one");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view rest = text_of(data, size);
    const std::string_view zone = zone_of(take_line(rest)), cron = take_line(rest), instant = take_line(rest);
    // Every zone of the database is compared with an unknown one: too slow to do it all the time.
    if (std::find(odd_zones.begin(), odd_zones.end(), zone) == odd_zones.end() && size % 16 != 0) return 0;
    const WallTime now = accepted([&] { return parse_rfc3339(instant); }).value_or(WallTime{hours(480'000)});
    if (const auto schedule = accepted([&] { return parse_cron(cron, zone); })) check(*schedule, now);
    const FreezeWindow window{.reason = "stock-taking",
                              .days = {"mon", "sat"},
                              .from = std::string(take_line(rest)),
                              .until = std::string(take_line(rest)),
                              .timezone = std::string(zone)};
    (void)accepted([&] { return frozen_by(std::span(&window, 1), now); });
    return 0;
}
