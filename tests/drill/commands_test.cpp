// The playbook's own commands in a drill: hooks around its stages, and a release that is rolled back.
#include <doctest/doctest.h>

#include <algorithm>

#include "tests/drill/stage.h"

using namespace rehearse;
using namespace rehearse::test;

TEST_SUITE("drill: commands") {
    TEST_CASE("hooks run at their stages, in the journal, as unguarded") {
        Stage stage;
        stage.playbook.hooks.before_snapshot = {{.arguments = {"quiesce"}}};
        stage.playbook.hooks.before_destroy = {{.arguments = {"drain"}}};
        stage.playbook.hooks.after_destroy = {{.arguments = {"look"}}};
        stage.playbook.hooks.before_restore = {{.arguments = {"prepare"}}};
        stage.playbook.hooks.after_restore = {{.arguments = {"warm"}}};
        const DrillOutcome outcome = stage.drill();
        CHECK(outcome.record.verdict == Verdict::recovered);
        CHECK(stage.history.of("command") ==
              std::vector<std::string>{"quiesce", "drain", "look", "prepare", "warm"});
        std::size_t unguarded = 0;
        for (const DrillEvent& event : stage.ledger->events(outcome.record.id)) {
            unguarded += event.kind == EventKind::step_intent && event.body.contains("unguarded") ? 1 : 0;
        }
        CHECK(unguarded == 5);
    }

    TEST_CASE("a before_snapshot hook that fails counts as possible damage") {
        Stage stage;
        stage.playbook.hooks.before_snapshot = {{.arguments = {"quiesce"}}};
        stage.on_command = failing;
        const DrillOutcome outcome = stage.drill();
        CHECK(outcome.record.verdict == Verdict::not_recovered);
        CHECK(stage.ledger->quarantine(stage.environment.name));
        CHECK(stage.history.of("destroy").empty());
    }

    TEST_CASE("a before_destroy hook that fails destroys nothing") {
        Stage stage;
        stage.playbook.hooks.before_destroy = {{.arguments = {"drain"}}};
        stage.on_command = failing;
        const DrillOutcome outcome = stage.drill();
        CHECK(outcome.record.verdict == Verdict::aborted);
        CHECK(stage.history.of("destroy").empty());
    }

    TEST_CASE("a hook is tried as often as its retries say") {
        Stage stage;
        stage.playbook.hooks.after_restore = {{.arguments = {"warm"}, .retries = 2}};
        int tries = 0;
        stage.on_command = [&](const CommandRequest&) {
            return CommandResult{.exit_code = ++tries < 3 ? 1 : 0};
        };
        CHECK(stage.drill().record.verdict == Verdict::recovered);
        CHECK(tries == 3);
    }

    TEST_CASE("a rollback that puts everything back has recovered, and is timed") {
        Stage stage;
        stage.playbook.kind = DrillKind::rollback;
        stage.playbook.destroy.clear();
        stage.playbook.change = {{.arguments = {"release"}}};
        stage.playbook.rollback = {{.arguments = {"undo"}}};
        stage.on_command = [&](const CommandRequest& request) {
            stage.resource("config").items["a"] = request.arguments[0] == "release" ? "v2" : "1";
            return CommandResult{.exit_code = 0};
        };
        const DrillOutcome outcome = stage.drill();
        INFO(text(outcome));
        CHECK(outcome.record.verdict == Verdict::recovered);
        CHECK(outcome.record.result.at("recovery_time").at("measured_from") == "rollback_began");
        CHECK(outcome.record.result.at("residue").as_array().empty());
        CHECK(stage.history.of("restore").empty());
    }

    TEST_CASE("what a rollback leaves behind is listed item by item and restored from the snapshot") {
        Stage stage;
        stage.playbook.kind = DrillKind::rollback;
        stage.playbook.destroy.clear();
        stage.playbook.change = {{.arguments = {"release"}}};
        stage.playbook.rollback = {{.arguments = {"undo"}}};
        stage.on_command = [&](const CommandRequest& request) {
            if (request.arguments[0] == "release") stage.resource("orders").items["leftover"] = "x";
            return CommandResult{.exit_code = 0};
        };
        const DrillOutcome outcome = stage.drill();
        INFO(text(outcome));
        CHECK(outcome.record.verdict == Verdict::recovered_different);
        REQUIRE(outcome.record.result.at("residue").as_array().size() == 1);
        CHECK(outcome.record.result.at("residue").as_array()[0].at("path") == "leftover");
        CHECK(stage.history.of("restore") == std::vector<std::string>{"orders"});
        CHECK(stage.whole());
        CHECK_FALSE(stage.ledger->quarantine(stage.environment.name));
    }

    TEST_CASE("a rollback that fails is found out, and the snapshot brings the environment back") {
        Stage stage;
        stage.playbook.kind = DrillKind::rollback;
        stage.playbook.destroy.clear();
        stage.playbook.change = {{.arguments = {"release"}}};
        stage.playbook.rollback = {{.arguments = {"undo"}}};
        stage.on_command = [&](const CommandRequest& request) {
            stage.resource("config").items["a"] = "v2";
            return CommandResult{.exit_code = request.arguments[0] == "undo" ? 1 : 0};
        };
        const DrillOutcome outcome = stage.drill();
        CHECK(outcome.record.verdict == Verdict::recovered_different);
        CHECK(mentions(outcome, "rollback failed"));
        CHECK(stage.whole());
    }
}
