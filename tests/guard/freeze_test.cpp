// Freeze windows: across midnight, through changes of the clock, fixed ones, and windows that can't be read.
#include "orchestrator/guard/freeze.h"

#include <doctest/doctest.h>

#include "orchestrator/base/failure.h"

using namespace rehearse;

namespace {

FreezeWindow window(std::vector<std::string> days, std::string from, std::string until,
                    std::string zone = "Europe/Berlin") {
    FreezeWindow made;
    made.reason = "quarter close";
    made.days = std::move(days);
    made.from = std::move(from);
    made.until = std::move(until);
    made.timezone = std::move(zone);
    return made;
}

bool frozen(const FreezeWindow& freeze, const std::string& at) {
    return frozen_by(std::span(&freeze, 1), parse_rfc3339(at)).has_value();
}

std::string sentence(const std::vector<FreezeWindow>& windows, const std::string& at) {
    return frozen_by(windows, parse_rfc3339(at)).value_or("open");
}

}  // namespace

TEST_SUITE("freeze") {
    TEST_CASE("a window holds from its first minute to before its last, on its days") {
        const FreezeWindow freeze = window({"mon", "tue"}, "09:00", "17:30");
        CHECK_FALSE(frozen(freeze, "2026-11-23T08:59:59.999+01:00"));
        CHECK(frozen(freeze, "2026-11-23T09:00:00+01:00"));
        CHECK(frozen(freeze, "2026-11-24T17:29:59+01:00"));
        CHECK_FALSE(frozen(freeze, "2026-11-24T17:30:00+01:00"));
        CHECK_FALSE(frozen(freeze, "2026-11-25T12:00:00+01:00"));
        CHECK(frozen(window({}, "09:00", "17:30"), "2026-11-25T12:00:00+01:00"));
    }

    TEST_CASE("one that crosses midnight belongs to the day it begins on") {
        const FreezeWindow freeze = window({"fri"}, "22:00", "06:00");
        CHECK(frozen(freeze, "2026-11-27T23:00:00+01:00"));
        CHECK(frozen(freeze, "2026-11-28T05:59:00+01:00"));
        CHECK_FALSE(frozen(freeze, "2026-11-28T06:00:00+01:00"));
        CHECK_FALSE(frozen(freeze, "2026-11-27T05:00:00+01:00"));
        CHECK_FALSE(frozen(freeze, "2026-11-28T23:00:00+01:00"));
        CHECK(sentence({freeze}, "2026-11-27T23:00:00+01:00") ==
              "'quarter close' (fri 22:00 to 06:00, Europe/Berlin), until 2026-11-28T05:00:00.000Z");
    }

    TEST_CASE("days without times are whole days; 24:00 is the day's end") {
        const FreezeWindow freeze = window({"sun"}, "", "");
        CHECK(frozen(freeze, "2026-11-29T00:00:00+01:00"));
        CHECK(frozen(freeze, "2026-11-29T23:59:59+01:00"));
        CHECK_FALSE(frozen(freeze, "2026-11-30T00:00:00+01:00"));
        CHECK_FALSE(frozen(freeze, "2026-11-28T23:59:59+01:00"));
        CHECK(frozen(window({"sun"}, "18:00", "24:00"), "2026-11-29T23:59:59+01:00"));
    }

    TEST_CASE("an hour that is shown twice is frozen both times, and the clock's gap is not waited for") {
        const FreezeWindow autumn = window({}, "02:00", "02:30");
        CHECK(frozen(autumn, "2026-10-25T00:10:00Z"));  // the first 02:10
        CHECK(frozen(autumn, "2026-10-25T00:40:00Z"));  // the first 02:40: the second 02:10 is still to come
        CHECK(frozen(autumn, "2026-10-25T01:10:00Z"));
        CHECK_FALSE(frozen(autumn, "2026-10-25T01:30:00Z"));
        const FreezeWindow spring = window({}, "01:30", "02:30");
        CHECK(frozen(spring, "2026-03-29T00:59:59Z"));
        CHECK_FALSE(frozen(spring, "2026-03-29T01:00:00Z"));
        const FreezeWindow ends_at_the_fold = window({}, "01:00", "02:00");
        CHECK(frozen(ends_at_the_fold, "2026-10-24T23:59:59Z"));
        CHECK_FALSE(frozen(ends_at_the_fold, "2026-10-25T00:00:00Z"));
    }

    TEST_CASE("a clock set back over midnight keeps both days' windows") {
        // Sao Paulo, 2018-02-18 00:00 became 23:00 on the 17th (a Saturday) again.
        const FreezeWindow saturday = window({"sat"}, "23:00", "24:00", "America/Sao_Paulo");
        CHECK(frozen(saturday, "2018-02-18T01:30:00Z"));
        CHECK(frozen(saturday, "2018-02-18T02:30:00Z"));
        CHECK_FALSE(frozen(saturday, "2018-02-18T03:00:00Z"));
    }

    TEST_CASE("a fixed window holds between its instants, an open one on and on") {
        FreezeWindow freeze;
        freeze.reason = "migration";
        freeze.starts = parse_rfc3339("2026-12-20T18:00:00+01:00");
        freeze.ends = parse_rfc3339("2027-01-04T08:00:00+01:00");
        CHECK_FALSE(frozen(freeze, "2026-12-20T16:59:59Z"));
        CHECK(frozen(freeze, "2026-12-20T17:00:00Z"));
        CHECK_FALSE(frozen(freeze, "2027-01-04T07:00:00Z"));
        CHECK(sentence({freeze}, "2026-12-24T00:00:00Z") == "'migration', until 2027-01-04T07:00:00.000Z");
        freeze.ends.reset();
        CHECK(sentence({freeze}, "2036-12-24T00:00:00Z") == "'migration', without an end");
    }

    TEST_CASE("of several windows the one that ends last is named") {
        FreezeWindow longer = window({}, "00:00", "23:00");
        longer.reason = "longer";
        const std::string at = "2026-11-25T12:00:00+01:00";
        CHECK(sentence({window({}, "09:00", "17:00"), longer}, at).starts_with("'longer'"));
        CHECK(sentence({longer, window({}, "09:00", "17:00")}, at).starts_with("'longer'"));
        CHECK(sentence({}, at) == "open");
    }

    TEST_CASE("a window that can't be read refuses, it is never taken for open") {
        for (const FreezeWindow& bad :
             {window({}, "9:00", "17:00"), window({}, "09:00", "25:00"), window({}, "09:00", "09:00"),
              window({"monday"}, "09:00", "10:00"), window({}, "09:00", "10:00", "Europe/Berln"),
              window({}, "ab:cd", "10:00"), window({}, "09:60", "10:00")}) {
            try {
                (void)frozen(bad, "2026-11-25T12:00:00Z");
                FAIL_CHECK("taken for open");
            } catch (const Failure& failure) {
                CHECK(failure.kind() == FailureKind::invalid_input);
            }
        }
    }
}
