// Playbooks and rehearse.yaml: what is read, and what each mistake is told.
#include <doctest/doctest.h>

#include "orchestrator/base/digest.h"
#include "tests/playbook/sample.h"

using namespace rehearse;
using namespace rehearse::test;

namespace {

std::string said(const std::string& from, const std::string& to) {
    return problems_of(playbook(changed(good_playbook, from, to)));
}
std::string said_with(const std::string& more) { return problems_of(playbook(good_playbook + more)); }

const std::string rollback_playbook = R"(playbook: risky-release
kind: rollback
environment: shop-staging
targets: { rto: "5m", rpo: "5m" }
steady_state: [storefront]
change:
  - { command: [./deploy, v2], timeout: "2m", retries: 1 }
rollback:
  - command: [./deploy, v1]
    directory: ../tools
)";

}  // namespace

TEST_SUITE("playbook") {
    TEST_CASE("a playbook is read whole") {
        const Loaded<Playbook> loaded = playbook(good_playbook);
        REQUIRE(problems_of(loaded) == "");
        REQUIRE(loaded.value);
        const Playbook& drill = *loaded.value;
        CHECK(drill.name.text() == "delete-and-recreate");
        CHECK(drill.title == "An automation deletes the whole environment");
        CHECK(drill.kind == DrillKind::disaster);
        CHECK(drill.environment.text() == "shop-staging");
        CHECK(drill.targets.rto == std::chrono::minutes(15));
        CHECK(drill.targets.rpo == std::chrono::minutes(5));
        CHECK(drill.steady_state == std::vector<std::string>{"storefront", "has_orders"});
        REQUIRE(drill.destroy.size() == 3);
        CHECK(drill.destroy[0].resource.text() == "frontend");
        CHECK(drill.destroy[0].items.empty());
        CHECK(drill.destroy[2].items == std::vector<std::string>{"**"});
        CHECK(to_string(drill.destroy[2].mark) == "/ws/playbooks/drill.yaml:10:5");
        CHECK(drill.restore_parallel == 4);
        CHECK(drill.verify.consecutive == 3);
        CHECK(drill.guard.max_items == 10000);
        CHECK(drill.guard.max_share_permille == 1000);
        CHECK(drill.guard.snapshot_max_age == std::chrono::minutes(10));
        CHECK(drill.guard.approvals == 0);
        REQUIRE(drill.alarm);
        CHECK(drill.alarm->arguments == std::vector<std::string>{"logger", "-t", "rehearse"});
        CHECK(drill.alarm->directory == "/ws/playbooks");
        CHECK(drill.alarm->timeout == std::chrono::seconds(60));
        CHECK(drill.file == "/ws/playbooks/drill.yaml");
        CHECK(drill.digest == sha256_hex(good_playbook));
    }

    TEST_CASE("what is left out has the table's defaults") {
        const Loaded<Playbook> loaded = playbook(R"(playbook: small
kind: disaster
environment: shop
targets: { rto: 1h30m, rpo: 250ms }
steady_state: [storefront]
destroy: [ { resource: config } ]
verify: { accept: ["config/*.log"] }
)");
        REQUIRE(problems_of(loaded) == "");
        const Playbook& small = *loaded.value;
        CHECK(small.title == "small");
        CHECK(small.targets.rto == std::chrono::minutes(90));
        CHECK(small.restore_parallel == 4);
        CHECK(small.verify.consecutive == 3);
        CHECK(small.verify.within == std::chrono::minutes(10));
        CHECK(small.verify.accept == std::vector<std::string>{"config/*.log"});
        CHECK(small.guard.max_items == 1000);
        CHECK(small.guard.max_share_permille == 1000);
        CHECK(small.guard.approvals == 0);
        CHECK_FALSE(small.alarm);
        CHECK_FALSE(small.schedule);
        CHECK(small.freeze.empty());
    }

    TEST_CASE("a rollback says what it applies and how it takes that back") {
        const Loaded<Playbook> loaded = playbook(rollback_playbook);
        REQUIRE(problems_of(loaded) == "");
        CHECK(loaded.value->kind == DrillKind::rollback);
        REQUIRE(loaded.value->change.size() == 1);
        CHECK(loaded.value->change[0].arguments == std::vector<std::string>{"./deploy", "v2"});
        CHECK(loaded.value->change[0].directory == "/ws/playbooks");
        CHECK(loaded.value->change[0].timeout == std::chrono::minutes(2));
        CHECK(loaded.value->change[0].retries == 1);
        CHECK(loaded.value->change[0].mark.line == 7);
        CHECK(loaded.value->rollback[0].directory == "/ws/tools");
        CHECK(problems_of(playbook(changed(rollback_playbook, "kind: rollback", "kind: disaster"))) ==
              "2:7: a playbook of kind 'disaster' has no 'destroy'; add it: a list of steps\n"
              "6:1: a playbook of kind 'disaster' takes no 'change'; remove it, or change the kind\n"
              "8:1: a playbook of kind 'disaster' takes no 'rollback'; remove it, or change the kind");
        CHECK(said("kind: disaster", "kind: rollback") ==
              "3:7: a playbook of kind 'rollback' has no 'change'; add it: a list of commands\n"
              "3:7: a playbook of kind 'rollback' has no 'rollback'; add it: a list of commands\n"
              "7:1: a playbook of kind 'rollback' takes no 'destroy'; remove it, or change the kind");
        CHECK(problems_of(
                  playbook(changed(rollback_playbook, "command: [./deploy, v1]", "command: ./deploy v1"))) ==
              "9:14: 'command' is one text, and no shell would take it apart; write it as a list: [./deploy, "
              "v1]");
    }

    TEST_CASE("hooks stand at their stages") {
        const Loaded<Playbook> loaded = playbook(good_playbook + R"(hooks:
  before_snapshot: [ { command: [a] } ]
  before_destroy: [ { command: [b] }, { command: [c], retries: 2 } ]
  after_destroy: []
  before_restore:
    - command: [d, ""]
      timeout: 5s
  after_restore: [ { command: [e] } ]
)");
        REQUIRE(problems_of(loaded) == "");
        const Hooks& hooks = loaded.value->hooks;
        CHECK(hooks.before_snapshot.size() == 1);
        REQUIRE(hooks.before_destroy.size() == 2);
        CHECK(hooks.before_destroy[1].retries == 2);
        CHECK(hooks.after_destroy.empty());
        CHECK(hooks.before_restore[0].arguments == std::vector<std::string>{"d", ""});
        CHECK(hooks.before_restore[0].timeout == std::chrono::seconds(5));
        CHECK(hooks.after_restore.size() == 1);
        CHECK(said_with("hooks: { before_snapshot: [ [a, b] ] }\n") ==
              "19:29: an entry of 'before_snapshot' must be a mapping, and here is a list; write 'key: "
              "value'; the "
              "keys are command, timeout, retries, directory");
        CHECK(said_with("hooks: { before_snapshot: { command: [a] } }\n") ==
              "19:27: 'before_snapshot' takes a list of mappings, and here is a mapping; put '- ' before its "
              "first "
              "key, and indent the others to match");
        CHECK(said_with("hooks: { before_damage: [] }\n")
                  .starts_with("19:10: 'hooks' has no key 'before_damage'"));
    }

    TEST_CASE("targets are there and are durations") {
        CHECK(said("targets: { rto: \"15m\", rpo: \"5m\" }\n", "") ==
              "1:1: a playbook has no 'targets'; add it: a mapping");
        CHECK(said("rpo: \"5m\"", "rpos: \"5m\"") ==
              "5:1: 'targets' has no 'rpo'; add it: a duration, like \"15m\"\n"
              "5:24: 'targets' has no key 'rpos'; did you mean 'rpo'?");
        CHECK(said("rto: \"15m\"", "rto: \"15 min\"") ==
              "5:17: 'rto' is '15 min', which is no duration; write numbers with the units ms, s, m, h or d, "
              "like "
              "\"250ms\", \"15m\" or \"1h30m\"");
    }

    TEST_CASE("without a probe there is no recovery time") {
        CHECK(said("steady_state: [storefront, has_orders]", "steady_state: []") ==
              "6:15: 'steady_state' names no probe, and without one no recovery time can be measured; name "
              "at least "
              "one probe of the environment");
        CHECK(said("[storefront, has_orders]", "[storefront, storefront]") ==
              "6:28: 'steady_state' names 'storefront' twice; remove one");
    }

    TEST_CASE("a destroy step says what it breaks") {
        CHECK(said("items: [\"**\"]", "items: []") ==
              "10:32: 'items' is an empty list, which means neither nothing nor everything; name patterns, "
              "or remove "
              "the key to break the whole resource");
        CHECK(said("items: [\"**\"]", "items: \"**\"") ==
              "10:32: 'items' takes a list, and here is '**'; put it in brackets: [\"**\"]");
        CHECK(said("items: [\"**\"]", "items: [\"\"]") ==
              "10:33: an entry of 'items' is empty; write a text, or remove the key");
        CHECK(said("resource: config", "resource: orders") ==
              "10:17: 'orders' is broken as a whole and in another step, too; keep one of the steps");
        CHECK(said("destroy:\n  - { resource: frontend }\n  - { resource: orders }\n  - { resource: config, "
                   "items: "
                   "[\"**\"] }\n",
                   "destroy: []\n") == "7:10: 'destroy' is an empty list; say what it does");
        CHECK(said("resource: orders }",
                   "resource: orders, items: [a], method: drop }\n  - { resource: orders, "
                   "items: [b], method: truncate }") == "");
        CHECK(said("resource: orders }", "resource: orders, methd: drop }") ==
              "9:25: an entry of 'destroy' has no key 'methd'; did you mean 'method'?");
    }

    TEST_CASE("shares, numbers and approvals have bounds") {
        const auto share = [](const std::string& text) {
            const Loaded<Playbook> loaded =
                playbook(changed(good_playbook, "max_share: \"100%\"", "max_share: " + text));
            return loaded.value ? std::to_string(loaded.value->guard.max_share_permille)
                                : problems_of(loaded);
        };
        CHECK(share("25%") == "250");
        CHECK(share("\"12.5%\"") == "125");
        CHECK(share("0%") == "0");
        CHECK(share("100.0%") == "1000");
        CHECK(share("25") == "15:14: 'max_share' is 25, without '%'; write \"25%\"");
        CHECK(
            share("0.25") ==
            "15:14: 'max_share' is '0.25', which is no share; write a percentage, like \"25%\" or \"12.5%\"");
        CHECK(share("100.1%") ==
              "15:14: 'max_share' is '100.1%', which is more than all; write a percentage, like \"25%\" or "
              "\"12.5%\"");
        CHECK(share("12.55%").find("finer than a tenth of a percent") != std::string::npos);
        CHECK(share("\"%\"").find("no share") != std::string::npos);
        CHECK(share("9999999999999999999999%").find("no share") != std::string::npos);
        CHECK(
            said("max_items: 10000", "max_items: 10_000") ==
            "14:14: 'max_items' is '10_000', which is no whole number; write digits without quotes, like 1");
        CHECK(said("max_items: 10000", "max_items: -1") ==
              "14:14: 'max_items' is -1, and must be 0 or more; write a larger number");
        CHECK(said("max_items: 10000", "max_items: 99999999999999999999")
                  .starts_with("14:14: 'max_items' is 99999999999999999999, and must be"));
        CHECK(said("parallel: 4", "parallel: 0") ==
              "11:43: 'parallel' is 0, and must be from 1 to 64; write a number from 1 to 64");
        CHECK(said("approvals: 0", "approvals: 2") == "");  // the guard's to refuse
    }

    TEST_CASE("what this version cannot do yet is refused by name") {
        CHECK(
            said("kind: disaster", "kind: restore_test") ==
            "3:7: 'kind' is 'restore_test', which this version cannot do yet; use one of disaster, rollback");
        CHECK(said_with("canary: { resource: config }\n") ==
              "19:1: this version cannot do 'canary' yet; remove the key; a setting is never ignored");
    }

    TEST_CASE("freeze windows are recurring or fixed, and say when") {
        const std::string windows = R"(freeze:
  - { reason: Nights, days: [mon, fri], from: 22:00, until: "24:00", timezone: Europe/Berlin }
  - { reason: Release, starts: "2026-12-20T18:00:00+01:00", ends: 2026-12-21T06:00:00Z }
)";
        const Loaded<Playbook> loaded = playbook(good_playbook + windows);
        REQUIRE(problems_of(loaded) == "");
        REQUIRE(loaded.value->freeze.size() == 2);
        const FreezeWindow& nights = loaded.value->freeze[0];
        CHECK(nights.days == std::vector<std::string>{"mon", "fri"});
        CHECK(nights.from == "22:00");
        CHECK(nights.until == "24:00");
        CHECK(nights.timezone == "Europe/Berlin");
        CHECK(nights.mark.line == 20);
        CHECK(loaded.value->freeze[1].timezone == "UTC");
        CHECK(loaded.value->freeze[1].starts == parse_rfc3339("2026-12-20T17:00:00Z"));
        CHECK(loaded.value->freeze[1].ends == parse_rfc3339("2026-12-21T06:00:00Z"));
        CHECK(said_with("freeze:\n"
                        "  - { reason: a, from: 24:00, until: \"6:00\" }\n"
                        "  - { reason: a }\n"
                        "  - { reason: a, days: [Monday], timezone: Europe/Berln }\n"
                        "  - { reason: a, starts: 2026-12-20, ends: \"2026-12-20T18:00:00Z\" }\n"
                        "  - { reason: a, from: 20:00 }\n"
                        "  - { reason: a, starts: 2026-12-20T18:00:00+01:00, ends: 2026-12-20T17:00:00Z }\n"
                        "  - { reason: a, from: 20:00, until: 20:00 }\n"
                        "  - { reason: a, days: [mon], ends: 2026-12-20T17:00:00Z }\n"
                        "  - { days: [mon] }\n"
                        "  - { reason: a, starts: 2026-12-20T18:00:00+01:00 }\n") ==
              "20:24: 'from' is '24:00', which is no time of day; write hours and minutes with two digits "
              "each, from "
              "\"00:00\" to \"23:59\"\n"
              "20:38: 'until' is '6:00', which is no time of day; write hours and minutes with two digits "
              "each, from "
              "\"00:00\" to \"24:00\"\n"
              "21:5: a freeze window must say when it is; add days, from and until, or starts and ends\n"
              "22:25: an entry of 'days' cannot be 'Monday'; did you mean 'mon'?\n"
              "22:44: 'timezone' is refused: 'Europe/Berln' is no time zone of the IANA database; did you "
              "mean 'Europe/Berlin'?\n"
              "23:26: 'starts' is '2026-12-20', which is no instant; write date, time and offset, before "
              "2262, like "
              "\"2026-12-20T18:00:00+01:00\"\n"
              "24:5: a freeze window has both 'from' and 'until', or neither for whole days; add the other "
              "one\n"
              "25:59: 'ends' is not after 'starts'; write a later instant\n"
              "26:38: 'until' is the same as 'from', so that the window is empty; leave both out for whole "
              "days\n"
              "27:5: a freeze window is either recurring or fixed, and this one is both; keep days, from and "
              "until, "
              "or keep starts and ends\n"
              "28:5: an entry of 'freeze' has no 'reason'; add it: a text\n"
              "29:5: a freeze window with a fixed time has both 'starts' and 'ends'; add the other one");
    }

    TEST_CASE("a schedule has five fields and a time zone") {
        const auto cron = [](const std::string& text) {
            return said_with("schedule: { cron: \"" + text + "\", timezone: Europe/Berlin }\n");
        };
        for (const std::string good :
             {"0 3 * * 2", "*/15 0-6,22 1 jan-mar MON", "5-50/5 * 31 12 7", "0  3 * * sun-tue"}) {
            CAPTURE(good);
            CHECK(cron(good) == "");
        }
        const std::string remedy =
            "; write minute, hour, day of month, month and day of week, like '0 3 * * 2'";
        CHECK(cron("0 3 * *") ==
              "19:19: 'cron' is refused: '0 3 * *' has 4 fields, and must have five" + remedy);
        CHECK(cron("@daily") == "19:19: 'cron' is refused: '@daily' is not supported; write '0 0 * * *'");
        CHECK(
            cron("60 3 * * 2") ==
            "19:19: 'cron' is refused: column 1: '60' is out of range (minute); write a number from 0 to 59");
        CHECK(cron("0 0 30 2 *") ==
              "19:19: 'cron' is refused: '0 0 30 2 *' never fires: no year has such a day; change the day of "
              "month or "
              "the month");
        for (const std::string bad :
             {"0 3 * * 8", "0 3 * * 5-3", "0 3 * * */0", "0 3 * * 1,", "0 3 * * ,", "0 3 * * 1-",
              "-1 3 * * 1", "0 3 * * 1/2", "+1 3 * * 1", "0 3 * * 1-2-3", "0x1 3 * * 1"}) {
            CAPTURE(bad);
            CHECK(cron(bad).starts_with("19:19: 'cron' is refused: "));
        }
        CHECK(
            said_with("schedule: { cron: \"0 3 * * 2\", timezone: berlin }\n")
                .starts_with("19:42: 'timezone' is refused: 'berlin' is no time zone of the IANA database"));
        CHECK(cron(std::string(100000, '*')).find("is longer than 200 characters") != std::string::npos);
        CHECK(said_with("schedule: { cron: \"0 3 * * 2\", timezone: " + std::string(100000, 'a') + " }\n")
                  .find("is longer than any time zone's name") != std::string::npos);
        const Loaded<Playbook> loaded = playbook(good_playbook + "schedule: { cron: \"0 3 * * 2\" }\n");
        REQUIRE(loaded.value);
        CHECK(loaded.value->schedule->cron == "0 3 * * 2");
        CHECK(loaded.value->schedule->timezone == "UTC");
        CHECK(loaded.value->schedule->mark.line == 19);
    }

    TEST_CASE("rehearse.yaml holds what is the same for all playbooks") {
        const Loaded<WorkspaceSettings> loaded = workspace(
            "workspace: shop\nalarm: { command: [./tell], timeout: 5s }\nfreeze:\n  - { reason: Peak, days: "
            "[sat] }\n");
        REQUIRE(problems_of(loaded) == "");
        CHECK(loaded.value->name == "shop");
        REQUIRE(loaded.value->alarm);
        CHECK(loaded.value->alarm->directory == "/ws");
        CHECK(loaded.value->freeze.size() == 1);
        CHECK(problems_of(workspace("alarm: { command: [a] }\nfreeze: [ { reason: a } ]\n")) ==
              "1:1: rehearse.yaml has no 'workspace'; add it: a name\n"
              "2:11: a freeze window must say when it is; add days, from and until, or starts and ends");
    }
}
