// The JUnit report, read back by an XML parser.
#include <doctest/doctest.h>

#include "orchestrator/report/report.h"
#include "tests/report/documents.h"
#include "tests/report/sample.h"

using namespace rehearse;
using namespace rehearse::test;

TEST_SUITE("report") {
    TEST_CASE("JUnit counts a case for each drill, and every verdict has its element") {
        const Checked checked = check_document("check_junit.py", junit_report(sample_input()));
        INFO(checked.output);
        REQUIRE(checked.status == 0);
        const auto holds = [&checked](const std::string& line) {
            return checked.output.find(line) != std::string::npos;
        };
        CHECK(holds("shop-staging|recovered|passed|4.018"));
        CHECK(holds("shop-staging|recovered_late|failure|912.440"));
        CHECK(holds("shop-staging|recovered_different|failure|5.120"));
        CHECK(holds("shop-staging|refused|skipped|None"));
        CHECK(holds("shop-staging|aborted|skipped|None"));
        CHECK(holds("shop-staging|inconclusive|error|None"));
        CHECK(holds("billing-staging|not_recovered|failure|None"));
        CHECK(std::count(checked.output.begin(), checked.output.end(), '\n') == 20);
    }

    TEST_CASE("JUnit carries what was rehearsed, the plan and the targets") {
        const std::string report = junit_report(sample_input());
        for (const char* part :
             {"name=\"release\" value=\"shop-2026.11.3\"", "name=\"plan_hash\" value=\"sha256:",
              "name=\"snapshot\" value=\"8f14", "name=\"rta_ms\" value=\"4018\"",
              "name=\"rto_ms\" value=\"900000\"", "name=\"rta_met\" value=\"false\"",
              "name=\"rta_ms\" value=\"not measured\"", "name=\"due_times_missed\" value=\"1\"",
              "name=\"rollback_ms\" value=\"1830\"", "name=\"residue_items\" value=\"2\""}) {
            INFO(part);
            CHECK(report.find(part) != std::string::npos);
        }
    }

    TEST_CASE("JUnit stays XML when names hold what XML can't") {
        ReportInput input = sample_input();
        for (DrillRecord& drill : input.drills) {
            drill.playbook = PlaybookName(hostile_name);
            drill.release = std::string("\0\x01]]>\xf0\x28", 7);
        }
        input.workspace = hostile_name;
        const Checked checked = check_document("check_junit.py", junit_report(input));
        INFO(checked.output);
        CHECK(checked.status == 0);
    }

    TEST_CASE("JUnit of nothing is an empty document") {
        const Checked checked = check_document("check_junit.py", junit_report(ReportInput{}));
        INFO(checked.output);
        CHECK(checked.status == 0);
    }
}
