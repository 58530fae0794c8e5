// What is computed from the journal's clocks alone.
#include "orchestrator/drill/measure.h"

#include <doctest/doctest.h>

#include <string_view>
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

    TEST_CASE(
        "a breaking for the verifier's check that had no answer may still come, whatever was put back") {
        // The difference that was seen and mended may have been a neighbour's.
        const auto step = [](const char* stage, const char* outcome) {
            return DrillEvent{.kind = EventKind::step_outcome,
                              .body = {{"stage", stage},
                                       {"resource", "orders"},
                                       {"outcome", outcome},
                                       {"items", outcome == std::string_view("unknown") ? 0 : 1}}};
        };
        const DrillEvent intent{.kind = EventKind::step_intent,
                                .body = {{"stage", "perturb"}, {"resource", "orders"}}};
        const DrillEvent proven{.kind = EventKind::clock,
                                .body = {{"clock", "destruction_proven"}, {"at_ns", 1}}};
        CHECK(measure({}, {proven, intent, step("perturb", "unknown"), step("put_back", "done")})
                  .may_still_come);
        CHECK_FALSE(
            measure({}, {proven, intent, step("perturb", "done"), step("put_back", "done")}).may_still_come);
        // Where the destruction itself had no answer, its proof and a restore that had work are enough.
        CHECK_FALSE(
            measure({}, {step("destroy", "unknown"), proven, step("restore", "done")}).may_still_come);
        CHECK(measure({}, {step("destroy", "unknown"), step("restore", "done")}).may_still_come);
    }
}
