// The HTML report: sound, self-contained, accessible, and never flattering.
#include <doctest/doctest.h>

#include "orchestrator/report/report.h"
#include "tests/report/documents.h"
#include "tests/report/sample.h"

using namespace rehearse;
using namespace rehearse::test;

namespace {

bool holds(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

std::size_t count_of(const std::string& text, const std::string& part) {
    std::size_t number = 0;
    for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++number;
    return number;
}

/// The page without the charts' library.
std::string without_scripts(const std::string& page) {
    return page.substr(0, page.find("<script type=\"application/json\""));
}

}  // namespace

TEST_SUITE("report") {
    TEST_CASE("a report is sound, accessible HTML that fetches nothing and names its scripts by hash") {
        const std::string report = html_report(sample_input());
        const Checked checked = check_document(
            "check_html.py", report,
            {
                "12 of 15 within 15 min: 95 % confident that at least 56.0 % of such recoveries do; no claim "
                "about the 95th "
                "percentile (needs 124 with as many failures).",
                "1 of 2 within 2 min",
                "In quarantine: a person is needed",
                "half restored; free 2 GiB, then: rehearse restore billing-staging",
                "rehearse serve was not running",
                "15 min 12.4 s ± 2 ms",
                "CLOCK_BOOTTIME",
                "nginx/feature-discount.conf",
                "deployments are frozen until 2026-11-10T06:00:00Z",
                "unguarded",
                "object identifiers (OIDs)",
                "rehearse/drills 42 CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I= — rehearse/drills AAAAAQ==",
                "restore-orders failed: could not extend file: No space left on device (53100)",
            });
        INFO(checked.output);
        CHECK(checked.status == 0);
    }

    TEST_CASE("a whole report stays under 1.5 MB with twenty drills and the charts inside") {
        CHECK(html_report(sample_input()).size() < 1'500'000);
    }

    TEST_CASE("names can neither become markup nor leave the data block") {
        const std::string report = html_report(sample_input());
        CHECK_FALSE(holds(report, "<script>alert"));
        CHECK(holds(report, "&lt;script&gt;alert"));
        CHECK(count_of(report, "</script>") == 3);

        ReportInput input = sample_input();
        for (DrillRecord& drill : input.drills) drill.playbook = PlaybookName(hostile_name);
        for (EnvironmentSummary& environment : input.environments) environment.owner = hostile_name;
        input.workspace = hostile_name;
        input.quarantines.front().reason = hostile_name;
        input.due_times.front().reason = hostile_name;
        const std::string hostile = html_report(input);
        CHECK_FALSE(holds(hostile, "<script>alert"));
        CHECK(count_of(hostile, "</script>") == 3);
        const std::size_t data = hostile.find('{', hostile.find("<script type=\"application/json\""));
        const std::string block = hostile.substr(data, hostile.find("</script>", data) - data);
        CHECK(block.find_first_of("<>&") == std::string::npos);
        CHECK(holds(block, "alert"));
        const Checked checked = check_document("check_html.py", hostile);
        INFO(checked.output);
        CHECK(checked.status == 0);
    }

    TEST_CASE("a report of nothing claims nothing") {
        const std::string report = html_report(ReportInput{});
        CHECK(holds(report, "There is no drill in this period"));
        CHECK(holds(report, "was never signed"));
        CHECK_FALSE(holds(report, "<script"));
        const Checked checked = check_document("check_html.py", report);
        INFO(checked.output);
        CHECK(checked.status == 0);
    }

    TEST_CASE("a drill that was refused shows no time, and never 0") {
        ReportInput input;
        input.drills.push_back(refused_drill("20261110T030000Z-5e5e01", "2026-11-10T03:00:00Z"));
        const std::string report = without_scripts(html_report(input));
        CHECK(holds(report, "not measured"));
        CHECK(holds(report, "not touched"));
        CHECK_FALSE(holds(report, "0 ms"));
        CHECK(holds(report, "Refused"));
    }

    TEST_CASE(
        "a target is not shown as met when the upper end of the interval misses it, whatever the record "
        "says") {
        json::object result = sample_result(899'999);
        result["recovery_time"].as_object()["met"] = true;  // 899,999 + 2 is beyond 900,000
        ReportInput input;
        input.drills.push_back(sample_drill("d1", "2026-11-10T03:00:00Z", Verdict::recovered, result));
        const std::string report = without_scripts(html_report(input));
        CHECK(holds(report, "target 15 min: missed"));
        CHECK(holds(report, "0 of 1 within 15 min"));
    }

    TEST_CASE("drills beyond the detailed ones stay in the table and in the figures") {
        ReportInput input = sample_input();
        input.detailed_drills = 2;
        const std::string report = html_report(input);
        CHECK(count_of(report, "<details class=\"drill\"") == 3);  // 2 and 1
        CHECK(holds(report, "20261028T090000Z-77d012"));
        CHECK(holds(report, "The newest 2 of 19 drills are shown in full"));
        const Checked checked = check_document("check_html.py", report, {"12 of 15 within 15 min"});
        INFO(checked.output);
        CHECK(checked.status == 0);
    }

    TEST_CASE("more differences than fit are counted, not dropped") {
        json::object result = sample_result(4000);
        json::object& fidelity = result["fidelity"].as_object();
        fidelity["equal"] = false;
        json::array differences;
        for (int i = 0; i < 350; ++i) {
            differences.emplace_back(
                json::object{{"resource", "config"}, {"kind", "missing"}, {"path", std::to_string(i)}});
        }
        fidelity["differences"] = differences;
        ReportInput input;
        input.drills.push_back(
            sample_drill("d1", "2026-11-10T03:00:00Z", Verdict::recovered_different, result));
        const std::string report = without_scripts(html_report(input));
        CHECK(holds(report, "and 150 more"));
        CHECK(holds(report, "350 differences"));
    }

    TEST_CASE("one drill makes a page of its own, without a script") {
        const std::string page =
            drill_html(different_drill("20261028T090000Z-77d012", "2026-10-28T09:00:00Z"),
                       at("2026-11-23T22:00:00Z"), "0.1.0");
        CHECK_FALSE(holds(page, "<script>"));
        CHECK_FALSE(holds(page, "echarts"));
        const Checked checked = check_document(
            "check_html.py", page, {"1 of 523 items is not as it was in the snapshot", "mode 0644 -> 0600"});
        INFO(checked.output);
        CHECK(checked.status == 0);
    }

    TEST_CASE("a result with none of the expected keys, or with other types, still gives a page") {
        ReportInput input;
        input.drills.push_back(sample_drill("d1", "2026-11-10T03:00:00Z", Verdict::inconclusive, {}));
        input.drills.push_back(sample_drill("d2", "2026-11-11T03:00:00Z", Verdict::not_recovered,
                                            {{"clocks", "none"},
                                             {"steps", {1, "x", nullptr}},
                                             {"recovery_time", json::array{}},
                                             {"fidelity", 3},
                                             {"interlocks", {{"a", 1}}},
                                             {"findings", {nullptr}},
                                             {"hooks", {"x"}},
                                             {"resources", {true}},
                                             {"actor", "rosa"}}));
        input.drills.back().plan = "{ half";
        DrillRecord unfinished = sample_drill("d3", "2026-11-12T03:00:00Z", Verdict::recovered, {});
        unfinished.verdict.reset();
        unfinished.ended_at.reset();
        unfinished.state = DrillState::restoring;
        unfinished.result = {};
        input.drills.push_back(unfinished);
        const Checked checked = check_document("check_html.py", html_report(input),
                                               {"Unfinished", "The drill is in state restoring", "plan can"});
        INFO(checked.output);
        CHECK(checked.status == 0);
    }
}
