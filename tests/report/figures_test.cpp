// The figures behind every format: bounds against published values, and nothing left out.
#include <doctest/doctest.h>

#include "orchestrator/report/figures.h"
#include "orchestrator/report/report.h"
#include "orchestrator/report/terminal.h"
#include "orchestrator/report/words.h"
#include "tests/report/sample.h"

using namespace rehearse;
using namespace rehearse::test;

namespace {

ReportInput recoveries(int good, int bad = 0) {
    ReportInput input;
    for (int i = 0; i < good + bad; ++i) {
        const WallTime started = at("2026-01-01T03:00:00Z") + std::chrono::hours(24 * i);
        const std::string id = "d" + std::to_string(i);
        input.drills.push_back(
            i < good ? sample_drill(id, to_rfc3339(started), Verdict::recovered, sample_result(4000 + i))
                     : not_recovered_drill(id, to_rfc3339(started)));
    }
    return input;
}

}  // namespace

TEST_SUITE("report") {
    TEST_CASE("one-sided lower bounds equal the published ones") {
        CHECK(attainment::lower_bound(10, 10).value() == doctest::Approx(0.7411).epsilon(0.0001));
        CHECK(attainment::lower_bound(20, 20).value() == doctest::Approx(0.8609).epsilon(0.0001));
        CHECK(attainment::lower_bound(59, 59).value() == doctest::Approx(0.9505).epsilon(0.0001));
        CHECK(attainment::lower_bound(9, 10).value() == doctest::Approx(0.6058).epsilon(0.0002));
        CHECK(attainment::lower_bound(0, 7).value() == 0);
        CHECK_FALSE(attainment::lower_bound(0, 0).has_value());
    }

    TEST_CASE("a quantile needs the published number of trials, and failures are infinities") {
        CHECK(attainment::trials_needed(0.5) == 5);
        CHECK(attainment::trials_needed(0.8) == 14);
        CHECK(attainment::trials_needed(0.9) == 29);
        CHECK(attainment::trials_needed(0.95) == 59);
        CHECK(attainment::trials_needed(0.99) == 299);
        std::vector<std::int64_t> times;
        for (int i = 1; i <= 59; ++i) times.push_back(i);
        CHECK(attainment::time_bound(times, 0, 0.95).within_ms == 59);
        times.pop_back();
        CHECK_FALSE(attainment::time_bound(times, 0, 0.95).within_ms.has_value());
        CHECK_FALSE(attainment::time_bound(times, 0, 0.95).failed);
        const attainment::TimeBound failed = attainment::time_bound(times, 1, 0.95);
        CHECK(failed.failed);
        CHECK_FALSE(failed.within_ms.has_value());
        // 90 % with one failure needs 46, with two 61; 95 % needs 93 and 124.
        CHECK(attainment::time_bound(std::vector<std::int64_t>(45, 7), 1, 0.9).within_ms == 7);
        CHECK(attainment::time_bound(std::vector<std::int64_t>(44, 7), 1, 0.9).failed);
        CHECK(attainment::time_bound(std::vector<std::int64_t>(92, 7), 1, 0.95).within_ms == 7);
        CHECK(attainment::time_bound(std::vector<std::int64_t>(91, 7), 1, 0.95).failed);
        CHECK(attainment::time_bound(std::vector<std::int64_t>(122, 7), 2, 0.95).within_ms == 7);
    }

    TEST_CASE("a failure moves the median as an infinity does") {
        CHECK(attainment::median({1, 2, 3}, 0) == 2);
        CHECK(attainment::median({1, 2, 3}, 2) == 3);
        CHECK_FALSE(attainment::median({1, 2, 3}, 4).has_value());
        CHECK_FALSE(attainment::median({}, 0).has_value());
    }

    TEST_CASE("the honest sentence says what the drills allow and no more") {
        const ReportInput twelve = recoveries(12);
        CHECK(attainment_sentence(add_up(twelve).environments.front().playbooks.front()) ==
              "12 of 12 within 15 min: 95 % confident that at least 77.9 % of such recoveries do; no claim "
              "about the 95th "
              "percentile (needs 59).");
        const ReportInput sixty = recoveries(60);
        CHECK(attainment_sentence(add_up(sixty).environments.front().playbooks.front()) ==
              "60 of 60 within 15 min: 95 % confident that at least 95.1 % of such recoveries do; 95 % "
              "confident that 95 % of "
              "them take at most 4.061 s.");
        const ReportInput failing = recoveries(0, 2);
        CHECK(attainment_sentence(add_up(failing).environments.front().playbooks.front()) ==
              "0 of 2 within 15 min: nothing can be claimed for such recoveries; no claim about the 95th "
              "percentile (needs 124 "
              "with as many failures).");
        const ReportInput one_failed = recoveries(58, 1);
        CHECK(
            attainment_sentence(add_up(one_failed).environments.front().playbooks.front()) ==
            "58 of 59 within 15 min: 95 % confident that at least 92.2 % of such recoveries do; no bound for "
            "the 95th percentile: a failed drill stands there.");
        ReportInput refused;
        refused.drills.push_back(refused_drill("d", "2026-11-10T03:00:00Z"));
        CHECK(attainment_sentence(add_up(refused).environments.front().playbooks.front()) ==
              "No drill has put this to the test in the period: nothing is claimed.");
    }

    TEST_CASE("every drill is counted once, in its verdict; failures are trials") {
        const ReportInput input = sample_input();
        const ReportFigures figures = add_up(input);
        REQUIRE(figures.environments.size() == 2);
        const EnvironmentFigures& shop = figures.environments[0];
        std::size_t sum = shop.unfinished;
        for (const auto& [verdict, number] : shop.verdicts) sum += number;
        CHECK(sum == 19);
        CHECK(shop.count(Verdict::recovered) == 14);
        CHECK(shop.count(Verdict::refused) == 1);
        std::size_t trials = 0, hits = 0;
        for (const PlaybookFigures& playbook : shop.playbooks) {
            trials += playbook.trials;
            hits += playbook.hits;
        }
        CHECK(trials == 17);  // all but refused and aborted
        CHECK(hits == 13);    // the rollback that left residue is none
        CHECK(figures.environments[1].playbooks.front().trials == 1);
        CHECK(figures.environments[1].playbooks.front().hits == 0);
        CHECK(shop.due.missed == 1);
        CHECK(shop.due_not_run.size() == 2);
        CHECK(figures.environments[1].quarantine != nullptr);
    }

    TEST_CASE("coverage names what no drill has proved") {
        const ReportInput input = sample_input();
        const ReportFigures figures = add_up(input);
        for (const Coverage& coverage : figures.environments[0].coverage) {
            CHECK((coverage.last_proved == nullptr) == (coverage.resource.name == "uploads"));
        }
        for (const Coverage& coverage : figures.environments[1].coverage) {
            CHECK((coverage.last_proved != nullptr) == (coverage.resource.name == "config"));
        }
    }

    TEST_CASE("the JSON report says null for what was not measured, and keeps each result whole") {
        const json::object report = json_report(sample_input());
        CHECK(report.at("schema").as_string() == "rehearse.report/v1");
        CHECK(report.at("checkpoint").as_string() == sample_input().checkpoint);
        CHECK(json_report(ReportInput{}).at("checkpoint").is_null());
        const std::string text = pretty_json(report);
        CHECK(parse_json(text, "report").as_object() == report);
        for (const json::value& environment : report.at("environments").as_array()) {
            for (const json::value& value : environment.as_object().at("drills").as_array()) {
                const json::object& drill = value.as_object();
                const std::string verdict(drill.at("verdict").as_string());
                const bool measured = drill.at("recovery_time").as_object().at("actual_ms").is_int64();
                CHECK(measured == (verdict == "recovered" || verdict == "recovered_late" ||
                                   verdict == "recovered_different"));
                CHECK(drill.at("result").as_object().at("verdict").as_string() == verdict);
            }
        }
        const json::object& shop = report.at("environments").as_array()[0].as_object();
        CHECK(shop.at("verdicts").as_object().at("not_recovered").to_number<int>() == 0);
        CHECK(shop.at("due_times").as_object().at("missed").to_number<int>() == 1);
    }

    TEST_CASE("times are written so that people read them right") {
        CHECK(words::time(412) == "412 ms");
        CHECK(words::time(3412) == "3.412 s");
        CHECK(words::time(-3412) == "-3.412 s");
        CHECK(words::time(843'250) == "14 min 03.2 s");
        CHECK(words::time(7'510'000) == "2 h 05 min 10 s");
        CHECK(words::time_with_uncertainty(3412, 2) == "3.412 s ± 0.002 s");
        CHECK(words::target(900'000) == "15 min");
        CHECK(words::target(5'400'000) == "1 h 30 min");
        CHECK(words::bytes(1) == "1 byte");
        CHECK(words::bytes(1'048'575) == "1.0 MiB");
        CHECK(words::count(1'234'567) == "1,234,567");
        CHECK(words::share(0.77999) == "77.9 %");
    }

    TEST_CASE("hostile text is shown, not obeyed") {
        CHECK(words::printable("a\x1b[2Jb\n\t\x7f") == "a\\x1b[2Jb\\n\\t\\x7f");
        CHECK(words::printable("\xff\xc0\x80 é") == "\\xff\\xc0\\x80 é");
        CHECK(words::printable("\u202egnp") == "\\u{202e}gnp");
        CHECK(words::printable("\u0085") == "\\u{0085}");
        CHECK(words::printable("two\nlines", true) == "two\nlines");
    }

    TEST_CASE("a result is read in the engine's shape: one clock, strings in lists, a rollback's own time") {
        const json::object result{
            {"kind", "rollback"},
            {"clocks",
             {{"damage_began_ms", 500},
              {"serving_ms", 2500},
              {"rollback_began_ms", 1000},
              {"clock", "CLOCK_BOOTTIME"}}},
            {"recovery_time",
             {{"actual_ms", 1500},
              {"uncertainty_ms", 1},
              {"target_ms", 2000},
              {"met", true},
              {"measured_from", "rollback_began"}}},
            {"snapshot", {{"commit", "aa"}, {"tree", "bb"}, {"after", "cc"}}},
            {"fidelity",
             {{"equal", true},
              {"before", "bb"},
              {"after", "bb"},
              {"normalised", {"orders: object identifiers"}},
              {"differences", json::array{}}}},
            {"resources",
             {{{"resource", "orders"}, {"adapter", "postgresql"}, {"restore_ms", nullptr}, {"equal", true}}}},
            {"residue",
             {{{"resource", "orders"},
               {"kind", "extra"},
               {"path", "a.sql"},
               {"before", ""},
               {"after", "dd"},
               {"accepted", false}}}},
            {"steps",
             {{{"step", "rollback-1"},
               {"stage", "rollback"},
               {"began_ms", 1000},
               {"ended_ms", 1800},
               {"outcome", "failed"},
               {"message", "exit code 3"}}}},
            {"findings", {"rollback-1: exit code 3"}}};
        DrillRecord record = sample_drill("d", "2026-11-10T03:00:00Z", Verdict::recovered_different, result);
        record.kind = DrillKind::rollback;
        const DrillView view = view_drill(record);
        CHECK(view.clock == "CLOCK_BOOTTIME");
        CHECK(view.judged_time().actual_ms == 1500);
        CHECK(view.recovery_is_rollback);
        CHECK(view.snapshot_after == "cc");
        CHECK(view.normalised.front().resource == "orders");
        CHECK(view.normalised.front().what == "object identifiers");
        CHECK(view.steps.front().detail == "exit code 3");
        CHECK(view.steps.front().began_ms == 500);
        CHECK(view.residue_total == 1);
        CHECK_FALSE(view.is_hit());
        CHECK(view.meaning() ==
              "The environment is back and proved equal to the snapshot, but not by the rollback alone.");
        CHECK_FALSE(view.resources.front().restore_ms.has_value());
    }

    TEST_CASE("every report says whether the verifier was seen to fail, and on what") {
        ReportInput input = sample_input();
        json::object result = sample_result(1000);
        json::object& fidelity = result["fidelity"].as_object();
        std::string said = "unproven: it was not seen to fail in this drill";
        SUBCASE("it was not asked") {}
        SUBCASE("it told") {
            fidelity["verifier"] = "checked";
            fidelity["perturbed"] = {{{"resource", "config"}, {"item", "b.conf"}, {"seen", true}}};
            said = "checked: it saw that config/b.conf was gone";
        }
        SUBCASE("it missed one of two") {
            fidelity["verifier"] = "blind";
            fidelity["perturbed"] = {{{"resource", "config"}, {"item", "b.conf"}, {"seen", true}},
                                     {{"resource", "orders"}, {"item", "public.orders"}, {"seen", false}}};
            said = "blind: it did not see that orders/public.orders was gone";
        }
        input.drills = {
            sample_drill("2026-11-10T030000Z-aaaaaa", "2026-11-10T03:00:00Z", Verdict::recovered, result)};
        CHECK(drill_text(input.drills[0], false).find(said) != std::string::npos);
        CHECK(junit_report(input).find(said) != std::string::npos);
        CHECK(html_report(input).find(said) != std::string::npos);
    }

    TEST_CASE("differences that the playbook accepts are shown as such, never as equality") {
        json::object result = sample_result(4000);
        result["fidelity"] = json::object{{"equal", false},
                                          {"differences",
                                           {{{"resource", "config"},
                                             {"kind", "changed"},
                                             {"path", "a"},
                                             {"before", "1111"},
                                             {"after", "2222"},
                                             {"accepted", true}}}}};
        DrillView view = view_drill(sample_drill("d", "2026-11-10T03:00:00Z", Verdict::recovered, result));
        CHECK(view.state_text() == "different, accepted");
        CHECK(view.differences.front().detail == "blob 1111 -> 2222");
        result["fidelity"].as_object()["differences_total"] = 2;  // one more that the list does not hold
        view = view_drill(sample_drill("d", "2026-11-10T03:00:00Z", Verdict::recovered, result));
        CHECK(view.state_text() == "different");
    }
}
