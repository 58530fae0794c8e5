// Due times in zones with gaps, folds and lost days: once each, never twice, never not.
#include "orchestrator/schedule/calendar.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>
#include <stdlib.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "orchestrator/base/failure.h"

using namespace rehearse;

namespace {

std::vector<std::string> due(const std::string& cron, const std::string& zone, const std::string& after,
                             std::size_t count) {
    std::vector<std::string> found;
    const CronSchedule schedule = parse_cron(cron, zone);
    for (WallTime at = parse_rfc3339(after); found.size() < count;) {
        const auto next = next_after(schedule, at);
        if (!next) break;
        found.push_back(to_rfc3339(*next).substr(0, 16));
        at = *next;
    }
    return found;
}

std::string refusal(const std::string& cron, const std::string& zone = "UTC") {
    try {
        (void)parse_cron(cron, zone);
    } catch (const Failure& failure) {
        CHECK(failure.kind() == FailureKind::invalid_input);
        return failure.what();
    }
    return "accepted";
}

bool contains(const std::string& text, const std::string& words) {
    return text.find(words) != std::string::npos;
}

using Times = std::vector<std::string>;

// The oracle: libc's own reading of the zone files, minute after minute, with the rule as the header says it.
struct Field {
    std::string text;
    std::array<bool, 60> on{};
};

struct OracleCron {
    Field minute, hour, day, month, weekday;
    [[nodiscard]] std::string text() const {
        return minute.text + " " + hour.text + " " + day.text + " " + month.text + " " + weekday.text;
    }
    /// `local`: seconds since 1970 as the zone's clock shows them.
    [[nodiscard]] bool matches(time_t local) const {
        tm parts{};
        ::gmtime_r(&local, &parts);
        const auto on = [](const Field& field, int value) {
            return field.on.at(static_cast<std::size_t>(value));
        };
        const bool by_day = on(day, parts.tm_mday);
        const bool by_weekday = on(weekday, parts.tm_wday);
        const bool either = day.text[0] != '*' && weekday.text[0] != '*';
        return on(minute, parts.tm_min) && on(hour, parts.tm_hour) && on(month, parts.tm_mon + 1) &&
               (either ? by_day || by_weekday : by_day && by_weekday);
    }
};

time_t local_by_libc(time_t instant) {
    tm parts{};
    ::localtime_r(&instant, &parts);
    return instant + parts.tm_gmtoff;
}

std::vector<time_t> due_by_libc(const OracleCron& cron, time_t after, time_t until) {
    std::vector<time_t> found;
    time_t at = after - after % 60 - 2 * 86400;
    time_t shown = local_by_libc(at);
    for (; at <= until; at += 60) {
        const time_t local = local_by_libc(at);
        bool fires = false;
        for (; shown < local; shown += 60) fires |= cron.matches(shown + 60);
        if (fires && at > after) found.push_back(at);
    }
    return found;
}

Field any_field(int least, int most) {
    Field field;
    const auto parts = *rc::gen::inRange(1, 4);
    for (int part = 0; part < parts; ++part) {
        int first = *rc::gen::inRange(least, most + 1);
        int last = first;
        int step = 1;
        std::string text;
        switch (*rc::gen::inRange(0, 4)) {
            case 0:
                text = std::to_string(first);
                break;
            case 1:
                last = *rc::gen::inRange(first, most + 1);
                text = std::to_string(first) + "-" + std::to_string(last);
                break;
            case 2:
                last = *rc::gen::inRange(first, most + 1);
                step = *rc::gen::inRange(1, most + 1);
                text = std::to_string(first) + "-" + std::to_string(last) + "/" + std::to_string(step);
                break;
            default:
                first = least;
                last = most == 7 ? 6 : most;
                step = *rc::gen::element(1, 1, 2, 5, 7);
                text = step == 1 ? "*" : "*/" + std::to_string(step);
                break;
        }
        for (int value = first; value <= last; value += step) {
            field.on.at(static_cast<std::size_t>(most == 7 ? value % 7 : value)) = true;
        }
        field.text += (part > 0 ? "," : "") + text;
    }
    return field;
}

Field everything() {
    Field field{.text = "*", .on = {}};
    field.on.fill(true);
    return field;
}

struct Place {
    const char* zone;
    const char* near;  // a day beside one on which its clock was changed
};
constexpr std::array<Place, 26> places{{{"UTC", "2026-03-29"},
                                        {"Europe/Berlin", "2026-03-29"},
                                        {"Europe/Berlin", "2026-10-25"},
                                        {"America/New_York", "2026-03-08"},
                                        {"America/New_York", "2026-11-01"},
                                        {"Europe/London", "2026-10-25"},
                                        {"Europe/Dublin", "2026-03-29"},
                                        {"Australia/Lord_Howe", "2026-04-05"},
                                        {"Australia/Lord_Howe", "2026-10-04"},
                                        {"Pacific/Chatham", "2026-04-05"},
                                        {"Pacific/Chatham", "2026-09-27"},
                                        {"Pacific/Apia", "2011-12-30"},
                                        {"Pacific/Kwajalein", "1993-08-21"},
                                        {"Pacific/Kiritimati", "1995-01-01"},
                                        {"Africa/Casablanca", "2026-02-15"},
                                        {"Africa/Cairo", "2024-04-26"},
                                        {"America/Sao_Paulo", "2018-11-04"},
                                        {"America/Sao_Paulo", "2018-02-18"},
                                        {"America/Havana", "2026-03-08"},
                                        {"America/Santiago", "2026-04-05"},
                                        {"Antarctica/Troll", "2026-03-29"},
                                        {"Antarctica/Troll", "2026-10-25"},
                                        {"America/Caracas", "2016-05-01"},
                                        {"Asia/Pyongyang", "2018-05-05"},
                                        {"Europe/Moscow", "2014-10-26"},
                                        {"Asia/Kathmandu", "1986-01-01"}}};

}  // namespace

TEST_SUITE("calendar") {
    TEST_CASE("a plain schedule is due at its local time, summer and winter") {
        CHECK(due("0 3 * * 2", "Europe/Berlin", "2026-11-23T00:00:00Z", 2) ==
              Times{"2026-11-24T02:00", "2026-12-01T02:00"});
        CHECK(due("0 3 * * 2", "Europe/Berlin", "2026-06-01T00:00:00Z", 1) == Times{"2026-06-02T01:00"});
        CHECK(due("*/20 * * * *", "UTC", "2026-01-01T00:00:00Z", 3) ==
              Times{"2026-01-01T00:20", "2026-01-01T00:40", "2026-01-01T01:00"});
        CHECK(due("0 0 29 feb *", "UTC", "2026-01-01T00:00:00Z", 2) ==
              Times{"2028-02-29T00:00", "2032-02-29T00:00"});
    }

    TEST_CASE("a due instant itself is not after itself, and a part of a second before it is") {
        const CronSchedule schedule = parse_cron("0 3 * * *", "UTC");
        const WallTime due_at = parse_rfc3339("2026-01-01T03:00:00Z");
        CHECK(next_after(schedule, due_at - Duration(1)) == due_at);
        CHECK(next_after(schedule, due_at) == due_at + std::chrono::hours(24));
        CHECK(due_between(schedule, {.after = due_at - Duration(1), .until = due_at}).size() == 1);
        CHECK(due_between(schedule, {.after = due_at, .until = due_at}).empty());
        CHECK(due_between(schedule, {.after = due_at, .until = due_at + std::chrono::hours(240), .limit = 3})
                  .size() == 3);
        CHECK(due_between(schedule, {.after = due_at, .until = due_at + std::chrono::hours(240)}).size() ==
              10);
    }

    TEST_CASE("day of month and day of week: either is enough where both are restricted") {
        CHECK(due("0 0 13 * 5", "UTC", "2026-02-01T00:00:00Z", 4) ==
              Times{"2026-02-06T00:00", "2026-02-13T00:00", "2026-02-20T00:00", "2026-02-27T00:00"});
        CHECK(due("0 0 13 * *", "UTC", "2026-02-01T00:00:00Z", 1) == Times{"2026-02-13T00:00"});
        CHECK(due("0 0 */2 * mon", "UTC", "2026-02-01T00:00:00Z", 2) ==
              Times{"2026-02-09T00:00", "2026-02-23T00:00"});
    }

    TEST_CASE("0, 7 and sun are Sunday, names may be of any case, a week may wrap to Sunday") {
        for (const char* cron : {"0 0 * * 0", "0 0 * * 7", "0 0 * * SUN", "0 0 * * 7-7"}) {
            CHECK(due(cron, "UTC", "2026-11-23T00:00:00Z", 2) ==
                  Times{"2026-11-29T00:00", "2026-12-06T00:00"});
        }
        CHECK(due("0 0 * * fri-sun", "UTC", "2026-11-23T00:00:00Z", 4) ==
              Times{"2026-11-27T00:00", "2026-11-28T00:00", "2026-11-29T00:00", "2026-12-04T00:00"});
        CHECK(due("0 0 1 Jan,jul *", "UTC", "2026-01-01T00:00:00Z", 2) ==
              Times{"2026-07-01T00:00", "2027-01-01T00:00"});
    }

    TEST_CASE("a local time that a gap skips fires once, when the gap ends") {
        CHECK(due("30 2 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z", 2) ==
              Times{"2026-03-29T01:00", "2026-03-30T00:30"});
        CHECK(due("30 2 * * *", "America/New_York", "2026-03-07T12:00:00Z", 2) ==
              Times{"2026-03-08T07:00", "2026-03-09T06:30"});
        CHECK(due("15 2 * * *", "Australia/Lord_Howe", "2026-10-03T00:00:00Z", 1) ==
              Times{"2026-10-03T15:30"});
        CHECK(due("0 3 * * *", "Pacific/Chatham", "2026-09-26T00:00:00Z", 1) == Times{"2026-09-26T14:00"});
        CHECK(due("30 2 * * *", "Africa/Casablanca", "2026-03-21T12:00:00Z", 1) == Times{"2026-03-22T02:00"});
        CHECK(due("0 0 * * *", "America/Sao_Paulo", "2018-11-03T12:00:00Z", 2) ==
              Times{"2018-11-04T03:00", "2018-11-05T02:00"});
        CHECK(due("30 1 * * *", "Antarctica/Troll", "2026-03-28T12:00:00Z", 1) == Times{"2026-03-29T01:00"});
    }

    TEST_CASE("a whole day that a zone skipped fires once, as the next day begins") {
        CHECK(due("0 12 30 12 *", "Pacific/Apia", "2011-12-29T00:00:00Z", 2) ==
              Times{"2011-12-30T10:00", "2012-12-29T22:00"});
        CHECK(due("0 * * * *", "Pacific/Apia", "2011-12-30T08:30:00Z", 3) ==
              Times{"2011-12-30T09:00", "2011-12-30T10:00", "2011-12-30T11:00"});
    }

    TEST_CASE("a local time that is shown twice fires once, the first time") {
        CHECK(due("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", 2) ==
              Times{"2026-10-25T00:30", "2026-10-26T01:30"});
        CHECK(due("30 1 * * *", "America/New_York", "2026-10-31T12:00:00Z", 2) ==
              Times{"2026-11-01T05:30", "2026-11-02T06:30"});
        CHECK(due("45 1 * * *", "Australia/Lord_Howe", "2026-04-04T00:00:00Z", 2) ==
              Times{"2026-04-04T14:45", "2026-04-05T15:15"});
        CHECK(due("0 3 * * *", "Pacific/Chatham", "2026-04-04T00:00:00Z", 1) == Times{"2026-04-04T13:15"});
        CHECK(due("30 2 * * *", "Africa/Casablanca", "2026-02-14T12:00:00Z", 1) == Times{"2026-02-15T01:30"});
        CHECK(due("30 23 * * *", "America/Sao_Paulo", "2018-02-17T12:00:00Z", 2) ==
              Times{"2018-02-18T01:30", "2018-02-19T02:30"});
    }

    TEST_CASE("between the two showings of an hour nothing is due, also when asked from within") {
        CHECK(due("*/20 * * * *", "Europe/Berlin", "2026-10-25T00:30:00Z", 3) ==
              Times{"2026-10-25T00:40", "2026-10-25T02:00", "2026-10-25T02:20"});
        CHECK(due("*/20 * * * *", "Europe/Berlin", "2026-10-25T01:30:00Z", 1) == Times{"2026-10-25T02:00"});
    }

    TEST_CASE("several minutes in one gap are one firing") {
        CHECK(due("*/20 * * * *", "Europe/Berlin", "2026-03-29T00:30:00Z", 3) ==
              Times{"2026-03-29T00:40", "2026-03-29T01:00", "2026-03-29T01:20"});
        CHECK(due("10,50 2 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z", 2) ==
              Times{"2026-03-29T01:00", "2026-03-30T00:10"});
    }

    TEST_CASE("what is wrong is named with its column and what would be right") {
        CHECK(contains(refusal("60 * * * *"), "column 1: '60' is out of range (minute)"));
        CHECK(contains(refusal("0 3 * * 1,8"), "column 11: '8' is out of range (day of week)"));
        CHECK(contains(refusal("0 3 * foo *"), "column 7: 'foo' is not understood (month)"));
        CHECK(contains(refusal("0 3 * foo *"), "or a name from jan to dec"));
        CHECK(contains(refusal("0  5-2 * * *"), "column 4: '5-2' runs backwards"));
        CHECK(contains(refusal("5/15 * * * *"), "write 5-59/15"));
        CHECK(contains(refusal("*/0 * * * *"), "column 3: '0' is no step"));
        CHECK(contains(refusal("1,,2 * * * *"), "column 3: '' is missing"));
        CHECK(contains(refusal("-5 * * * *"), "column 1: '' is missing"));
        CHECK(contains(refusal("1-2-3 * * * *"), "'2-3'"));
        CHECK(contains(refusal("99999999999 * * * *"), "not understood"));
        CHECK(contains(refusal("0 3 L * *"), "'L' is not understood"));
        CHECK(contains(refusal("0 3 * *"), "has 4 fields, and must have five"));
        CHECK(contains(refusal("0 0 3 * * *"), "seconds and years"));
        CHECK(contains(refusal(""), "has 0 fields"));
        CHECK(contains(refusal("@daily"), "write '0 0 * * *'"));
        CHECK(contains(refusal("0 0 30 2 *"), "never fires"));
        CHECK(contains(refusal("0 0 31 4,6,9,11 *"), "never fires"));
        CHECK(refusal("0 0 29 2 */7") == "accepted");
        CHECK(refusal(" 0\t3 * * mon ") == "accepted");
    }

    TEST_CASE("an unknown time zone is refused with the one that was meant") {
        CHECK(contains(refusal("0 3 * * *", "Europe/Berln"), "did you mean 'Europe/Berlin'"));
        CHECK(contains(refusal("0 3 * * *", "berlin"), "did you mean 'Europe/Berlin'"));
        CHECK(contains(refusal("0 3 * * *", "Nowhere/Atall"), "IANA"));
        CHECK(contains(refusal("0 3 * * *", "../etc/passwd"), "IANA"));
        CHECK(contains(refusal("0 3 * * *", ""), "IANA"));
    }

    TEST_CASE("in every zone due times are those that libc, asked minute by minute, says they are") {
        for (const Place& place : places) {
            CAPTURE(place.zone);
            CHECK(rc::check(std::string("due times in ") + place.zone + " near " + place.near, [&place] {
                OracleCron cron{.minute = any_field(0, 59),
                                .hour = *rc::gen::arbitrary<bool>() ? everything() : any_field(0, 23),
                                .day = *rc::gen::arbitrary<bool>() ? everything() : any_field(1, 31),
                                .month = *rc::gen::arbitrary<bool>() ? everything() : any_field(1, 12),
                                .weekday = *rc::gen::arbitrary<bool>() ? everything() : any_field(0, 7)};
                const CronSchedule schedule = [&]() -> CronSchedule {
                    try {
                        return parse_cron(cron.text(), place.zone);
                    } catch (const Failure&) {
                        RC_DISCARD("never fires");
                    }
                }();
                ::setenv("TZ", (std::string(":") + place.zone).c_str(), 1);
                ::tzset();
                const WallTime day = parse_rfc3339(std::string(place.near) + "T00:00:00Z");
                const WallTime after = day - std::chrono::minutes(*rc::gen::inRange(0, 3000));
                const WallTime until = day + std::chrono::hours(72);
                std::vector<WallTime> expected;
                for (const time_t at : due_by_libc(
                         cron, std::chrono::duration_cast<std::chrono::seconds>(after.since_epoch).count(),
                         std::chrono::duration_cast<std::chrono::seconds>(until.since_epoch).count())) {
                    expected.push_back({std::chrono::seconds(at)});
                }
                RC_LOG() << cron.text() << " in " << place.zone << " after " << to_rfc3339(after) << "\n";
                RC_ASSERT(due_between(schedule, {.after = after, .until = until}) == expected);
            }));
        }
        ::unsetenv("TZ");
        ::tzset();
    }
}
