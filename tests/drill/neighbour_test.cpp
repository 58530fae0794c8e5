// Somebody else at work in what is drilled: his writes are never lost unseen, and his work is not ours.
#include <doctest/doctest.h>

#include <algorithm>

#include "tests/drill/stage.h"

using namespace rehearse;
using namespace rehearse::test;

namespace {

bool has_reason(const DrillOutcome& outcome, const std::string& part) {
    for (const json::value& reason : outcome.record.result.at("reasons").as_array()) {
        if (std::string(reason.as_string()).find(part) != std::string::npos) return true;
    }
    return false;
}

}  // namespace

TEST_SUITE("drill") {
    TEST_CASE("what somebody changed since the snapshot is neither destroyed nor restored") {
        Stage stage;
        SUBCASE("seen by the guard: refused, and nothing was touched") {
            stage.resource("config").drifted = "b is newer";
            const DrillOutcome outcome = stage.drill();
            CHECK(outcome.record.verdict == Verdict::refused);
            CHECK(has_reason(outcome, "b is newer"));
            CHECK(stage.history.of("destroy").empty());
            CHECK(stage.history.of("restore").empty());
        }
        SUBCASE(
            "seen only when another resource was destroyed already: that one is restored, this one left") {
            stage.resource("frontend").on_destroy = [&] {
                stage.resource("config").items["b"] = "his";
                stage.resource("config").drifted = "b is newer";
            };
            const DrillOutcome outcome = stage.drill();
            CHECK(outcome.record.verdict == Verdict::aborted);
            for (const char* verb : {"destroy", "restore"}) {
                const std::vector<std::string> done = stage.history.of(verb);
                CHECK(std::find(done.begin(), done.end(), "frontend") != done.end());
                CHECK(std::find(done.begin(), done.end(), "config") == done.end());
            }
            CHECK(stage.resource("config").items.at("b") == "his");
        }
    }

    TEST_CASE("what somebody else brought back is no rehearsal of the way back") {
        Stage stage;
        stage.resource("orders").on_restore = [&] {
            stage.resource("orders").there = true;
            stage.resource("orders").items = {{"a", "1"}, {"b", "2"}};
        };
        const DrillOutcome outcome = stage.drill();
        CHECK(outcome.record.verdict == Verdict::inconclusive);
        CHECK(has_reason(outcome, "orders"));
        CHECK(has_reason(outcome, "somebody else"));
        CHECK_FALSE(stage.ledger->quarantine(stage.environment.name));
        CHECK(stage.whole());
    }
}
