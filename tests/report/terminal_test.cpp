// What the terminal shows: aligned, plain unless asked, every item counted, nothing that a name could do to
// it.
#include <doctest/doctest.h>

#include <sstream>

#include "orchestrator/report/columns.h"
#include "orchestrator/report/terminal.h"
#include "tests/report/sample.h"

using namespace rehearse;
using namespace rehearse::test;

namespace {

bool holds(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    return lines;
}

/// The column at which `part` begins in the first line that holds it.
std::size_t column_of(const std::string& text, const std::string& part) {
    for (const std::string& line : lines_of(text)) {
        if (const auto at = line.find(part); at != std::string::npos)
            return terminal::width(line.substr(0, at));
    }
    return std::string::npos;
}

void check_plain(const std::string& text) {
    CHECK_FALSE(holds(text, "\x1b"));
    for (const std::string& line : lines_of(text)) {
        INFO(line);
        CHECK((line.empty() || line.back() != ' '));
        for (const char c : line) CHECK(static_cast<unsigned char>(c) >= 0x20);
    }
}

json::object sample_view(int items) {
    json::array listed;
    json::array names;
    for (int i = 0; i < items; ++i) {
        const std::string name = "nginx/site-" + std::to_string(1000 + i) + ".conf";
        names.emplace_back(name);
        listed.emplace_back(
            json::object{{"resource", "config"}, {"name", name}, {"bytes", 4096}, {"detail", ""}});
    }
    listed.emplace_back(json::object{
        {"resource", "orders"}, {"name", "public.customers"}, {"bytes", 1258291}, {"detail", "12000 rows"}});
    json::object plan = sample_plan();
    plan["destroy"] = json::array{json::object{{"step", "destroy-1-orders"},
                                               {"resource", "orders"},
                                               {"adapter", "postgresql"},
                                               {"whole", true},
                                               {"items", {"public.customers"}}},
                                  json::object{{"step", "destroy-2-config"},
                                               {"resource", "config"},
                                               {"adapter", "files"},
                                               {"whole", false},
                                               {"items", names},
                                               {"items_in_resource", 514}}};
    plan["restore"] = {{"order", {{"config", "orders"}, {"frontend"}}}, {"parallel", 4}};
    return {{"schema", "rehearse.plan_view/v1"},
            {"hash", "sha256:4c0b6e4f"},
            {"plan", plan},
            {"items", listed},
            {"interlocks",
             {{{"interlock", "blast_radius"}, {"passed", true}, {"saw", "515 items of at most 10,000"}}}},
            {"forecast",
             {{"expected_downtime_ms", 4120},
              {"based_on", 12},
              {"disk_needed_bytes", 100663296},
              {"disk_free_bytes", 44023414784}}},
            {"sessions", {{{"resource", "orders"}, {"sessions", {"psql of rosa on 127.0.0.1"}}}}},
            {"warnings", {"hooks run unguarded"}}};
}

}  // namespace

TEST_SUITE("terminal") {
    TEST_CASE("a drill shows its verdict, figures against targets, time line and resources") {
        const DrillRecord drill = sample_drill("20261123T214500Z-a1b2c3", "2026-11-23T21:45:00Z",
                                               Verdict::recovered, sample_result(4018));
        const std::string text = drill_text(drill.result, false);
        check_plain(text);
        for (const char* part :
             {"Recovered  An automation deletes the whole environment", "4.018 s ± 0.002 s", "target 15 min",
              "met", "proved equal", "Timeline, from the beginning of the damage (CLOCK_BOOTTIME)",
              "restore-orders *", "the critical path", "45.9 MiB", "before destroy: ./announce --channel ops",
              "object identifiers (OIDs)"}) {
            INFO(part);
            CHECK(holds(text, part));
        }
        CHECK(column_of(text, "target 15 min") == column_of(text, "target 5 min"));
        for (const std::string& line : lines_of(text)) {
            INFO(line);
            if (line.find("sha256:") == std::string::npos) CHECK(terminal::width(line) <= 120);
        }
    }

    TEST_CASE("a refused drill names the interlock and what to do, and claims no time") {
        const DrillRecord drill = refused_drill("20261110T030000Z-5e5e01", "2026-11-10T03:00:00Z");
        const std::string text = drill_text(drill, false);
        check_plain(text);
        CHECK(holds(text, "guard refused freeze window: deployments are frozen until 2026-11-10T06:00:00Z"));
        CHECK(holds(text, "do:   run it after that, or change freeze: in rehearse.yaml"));
        CHECK(holds(text, "not touched"));
        CHECK(holds(text, "not measured"));
        CHECK_FALSE(holds(text, "0 ms"));
    }

    TEST_CASE("differences and residue are listed item by item, and hostile names stay harmless") {
        const std::string text =
            drill_text(different_drill("20261028T090000Z-77d012", "2026-10-28T09:00:00Z"), false);
        check_plain(text);
        CHECK(holds(text, "mode 0644 -> 0600"));
        CHECK(holds(text, "\\x1b[31m\\xff \\u{202e}gnp.conf"));
        const std::string rollback =
            drill_text(rollback_drill("20261118T100000Z-9a9a9a", "2026-11-18T10:00:00Z", true), false);
        CHECK(holds(rollback, "time to roll back"));
        CHECK(holds(rollback, "schema/public/column/orders.discount_code"));
        CHECK(holds(rollback, "2 items"));
    }

    TEST_CASE("an unfinished drill says how to finish it") {
        DrillRecord drill = sample_drill("d3", "2026-11-12T03:00:00Z", Verdict::recovered, {});
        drill.verdict.reset();
        drill.state = DrillState::restoring;
        drill.result = {};
        CHECK(holds(drill_text(drill, false), "rehearse resume"));
        CHECK(holds(history_text({drill}, false), "Unfinished: restoring"));
    }

    TEST_CASE("colour is there when asked, and never moves a column") {
        const DrillRecord drill = sample_drill("20261123T214500Z-a1b2c3", "2026-11-23T21:45:00Z",
                                               Verdict::recovered, sample_result(4018));
        const std::string coloured = drill_text(drill, true);
        CHECK(holds(coloured, "\x1b[32mRecovered\x1b[0m"));
        std::string stripped;
        for (std::size_t at = 0; at < coloured.size(); ++at) {
            if (coloured[at] == '\x1b') {
                at = coloured.find('m', at);
            } else {
                stripped += coloured[at];
            }
        }
        CHECK(stripped == drill_text(drill, false));
    }

    TEST_CASE("history is one aligned line for each drill, failures included") {
        const ReportInput input = sample_input();
        const std::string text = history_text(input.drills, false);
        check_plain(text);
        CHECK(lines_of(text).size() == input.drills.size() + 1);
        for (const char* verdict : {"Recovered late", "Recovered different", "Refused", "Aborted",
                                    "Inconclusive", "Not recovered"}) {
            CHECK(column_of(text, verdict) == column_of(text, "VERDICT"));
        }
        CHECK(column_of(text, input.drills.front().id.text()) == column_of(text, "DRILL"));
        CHECK(holds(history_text({}, false), "rehearse run PLAYBOOK"));
    }

    TEST_CASE("a plan shows every item up to the limit, and counts the rest") {
        const std::string text = plan_text(sample_view(500), false);
        check_plain(text);
        for (const char* part :
             {"Plan delete-and-recreate: An automation deletes the whole environment",
              "RTO 15 min, RPO 5 min", "Would destroy 501 items in 2 steps",
              "orders (postgresql): the whole resource, 1 item", "12000 rows",
              "config (files): 500 items of 514", "… and 460 more (all with --items)", "1. config, orders",
              "2. frontend", "4.120 s, from 12 drills", "96.0 MiB, 41.0 GiB free",
              "psql of rosa on 127.0.0.1", "warning: hooks run unguarded",
              "rehearse run delete-and-recreate --plan-hash sha256:4c0b6e4f", "./announce --channel ops"}) {
            INFO(part);
            CHECK(holds(text, part));
        }
        CHECK(holds(text, "site-1039.conf"));
        CHECK_FALSE(holds(text, "site-1040.conf"));
        const std::string all = plan_text(sample_view(500), false, 0);
        CHECK(holds(all, "site-1499.conf"));
        CHECK_FALSE(holds(all, "more (all"));
    }

    TEST_CASE("a plan that the guard refuses says so, and does not offer to run it") {
        json::object view = sample_view(3);
        view["interlocks"].as_array().emplace_back(json::object{{"interlock", "free_disk"},
                                                                {"passed", false},
                                                                {"saw", "1 GiB free"},
                                                                {"reason", "the restore needs 2 GiB"},
                                                                {"remedy", "free 1 GiB on /var"}});
        const std::string text = plan_text(view, false);
        CHECK(holds(text, "guard refused free disk: the restore needs 2 GiB"));
        CHECK(holds(text, "do:   free 1 GiB on /var"));
        CHECK(holds(text, "The guard refuses this plan: nothing was touched."));
        CHECK_FALSE(holds(text, "--plan-hash"));
    }

    TEST_CASE("a plan's restore order follows the needs where no order is given") {
        json::object view = sample_view(1);
        json::object& plan = view["plan"].as_object();
        plan["restore"] = {{"order", "dependencies"}, {"parallel", 4}};
        plan["resources"] = json::array{
            json::object{{"resource", "config"}, {"adapter", "files"}, {"needs", json::array{}}},
            json::object{{"resource", "orders"}, {"adapter", "postgresql"}, {"needs", json::array{}}},
            json::object{{"resource", "frontend"}, {"adapter", "process"}, {"needs", {"config", "orders"}}}};
        const std::string text = plan_text(view, false);
        CHECK(holds(text, "1. config, orders"));
        CHECK(holds(text, "2. frontend"));
    }

    TEST_CASE("a diff says equal, or lists what differs") {
        CHECK(diff_text({{"before", "8f14e45fceea"}, {"after", "live"}, {"differences", json::array{}}},
                        false) == "Equal: nothing differs between 8f14e45fceea and live.\n");
        json::array differences;
        for (int i = 0; i < 45; ++i) {
            differences.emplace_back(
                json::object{{"resource", "config"}, {"kind", "missing"}, {"path", "f" + std::to_string(i)}});
        }
        const std::string text =
            diff_text({{"before", "a"}, {"after", "b"}, {"differences", differences}}, false);
        CHECK(holds(text, "45 differences between a and b"));
        CHECK(holds(text, "… and 5 more"));
    }

    TEST_CASE("documents with none of the keys give text, not failures") {
        CHECK_FALSE(drill_text(json::object{}, false).empty());
        CHECK_FALSE(plan_text(json::object{}, false).empty());
        CHECK(holds(diff_text(json::object{}, false), "Equal"));
        CHECK(refusal_text({1, "x", nullptr}, false).empty());
    }

    TEST_CASE("wide and combining characters keep their columns") {
        CHECK(terminal::width("aé") == 2);
        CHECK(terminal::width("日本") == 4);
        CHECK(terminal::width("e\u0301") == 1);
        CHECK(terminal::shortened("日本語", 4) == "日…");
        terminal::Columns columns;
        columns.row({{"日本"}, {"x"}});
        columns.row({{"abcd"}, {"x"}});
        CHECK(columns.text(0, false) == "日本  x\nabcd  x\n");
    }
}
