// What is computed from the journal's clocks alone.
#include "orchestrator/drill/measure.h"

#include <doctest/doctest.h>

#include <vector>

using namespace rehearse;

TEST_SUITE("drill") {
    TEST_CASE(
        "an interval is told as its midpoint and half its width, and only its upper end meets a target") {
        Plan plan;
        plan.targets.rto = std::chrono::seconds(20);
        constexpr std::int64_t second = 1'000'000'000;
        std::vector<DrillEvent> events(2);
        for (DrillEvent& event : events) event.kind = EventKind::clock;
        events[0].body = {{"clock", "damage_began"}, {"at_ns", 100 * second}};
        events[1].body = {
            {"clock", "serving"}, {"earliest_ns", 110 * second}, {"at_ns", 120 * second}, {"probe", "works"}};
        Measurement found = measure(plan, events);
        REQUIRE(found.recovery_time);
        CHECK(found.recovery_time->actual == std::chrono::seconds(15));
        CHECK(found.recovery_time->uncertainty == std::chrono::seconds(5));
        CHECK(found.recovery_time->met);
        plan.targets.rto = std::chrono::seconds(19);
        found = measure(plan, events);
        REQUIRE(found.recovery_time);
        CHECK_FALSE(found.recovery_time->met);
    }
}
