// The report for CI systems that read JUnit: a suite for each environment, a case for each drill.
#include <cstdio>

#include "orchestrator/report/figures.h"
#include "orchestrator/report/words.h"

namespace rehearse {

namespace {

std::string escaped(std::string_view text, bool keep_lines = false) {
    std::string out;
    for (const char c : words::printable(text, keep_lines)) {
        switch (c) {
            case '&':
                out += "&amp;";
                break;
            case '<':
                out += "&lt;";
                break;
            case '>':
                out += "&gt;";
                break;
            case '"':
                out += "&quot;";
                break;
            default:
                out += c;
        }
    }
    return out;
}

std::string seconds(std::int64_t milliseconds) {
    char text[48];
    std::snprintf(text, sizeof text, "%lld.%03d", static_cast<long long>(milliseconds / 1000),
                  static_cast<int>(milliseconds % 1000));
    return text;
}

std::string attribute(std::string_view name, std::string_view value) {
    return " " + std::string(name) + "=\"" + escaped(value) + "\"";
}

std::string property(std::string_view name, std::string_view value) {
    if (value.empty()) return {};
    return "        <property" + attribute("name", name) + attribute("value", value) + "/>\n";
}

std::string milliseconds_or_unknown(std::optional<std::int64_t> value) {
    return value ? std::to_string(*value) : std::string("not measured");
}

std::string measured_properties(const std::string& name, const std::string& target_name,
                                const Measured& measured) {
    std::string out = property(name + "_ms", milliseconds_or_unknown(measured.actual_ms));
    if (measured.actual_ms)
        out += property(name + "_uncertainty_ms", std::to_string(measured.uncertainty_ms));
    if (measured.target_ms) out += property(target_name + "_ms", std::to_string(*measured.target_ms));
    if (measured.actual_ms && measured.target_ms) {
        out += property(name + "_met", measured.met ? "true" : "false");
    }
    return out;
}

std::string properties_of(const DrillView& drill) {
    std::string out = "      <properties>\n";
    out += property("drill", drill.id);
    out += property("verdict", words::verdict_key(drill.verdict));
    out += property("kind", drill.kind);
    out += property("release", drill.release);
    out += property("release_digest", drill.release_digest);
    out += property("plan_hash", drill.plan_hash);
    out += property("snapshot", drill.snapshot_commit);
    out += property("clock", drill.clock);
    out += measured_properties("rta", "rto", drill.recovery_time);
    out += measured_properties("rpa", "rpo", drill.recovery_point);
    if (drill.kind == "rollback") {
        out += measured_properties("rollback", "rollback_target", drill.rollback_time);
        if (drill.residue_known) out += property("residue_items", std::to_string(drill.residue_total));
    }
    out += property("equal", drill.equal ? (*drill.equal ? "true" : "false") : "not proved");
    if (drill.equal) out += property("verifier", drill.verifier_sentence());
    return out + "      </properties>\n";
}

/// What happened, in lines: the reasons, then the differences.
std::string story_of(const DrillView& drill) {
    std::string out = drill.meaning();
    for (const std::string& reason : drill.reasons) out += "\n" + reason;
    const Measured& time = drill.judged_time();
    if (time.actual_ms && time.target_ms) {
        out += "\nmeasured " + words::time_with_uncertainty(*time.actual_ms, time.uncertainty_ms) +
               ", target " + words::target(*time.target_ms);
    }
    for (const InterlockView& interlock : drill.interlocks) {
        if (interlock.passed) continue;
        out += "\n" + interlock.interlock + ": " + interlock.reason;
        if (!interlock.remedy.empty()) out += "; " + interlock.remedy;
    }
    std::size_t shown = 0;
    for (const DifferenceView& difference : drill.differences) {
        if (shown++ == 50) {
            out += "\nand " + words::count(drill.differences_total - 50) + " more differences";
            break;
        }
        out += "\n" + difference.kind + " " + difference.resource + ": " + difference.item;
    }
    return out;
}

std::string_view outcome_element(const DrillView& drill) {
    if (!drill.verdict) return "error";
    switch (*drill.verdict) {
        case Verdict::recovered:
            return {};
        case Verdict::recovered_late:
        case Verdict::recovered_different:
        case Verdict::not_recovered:
            return "failure";
        case Verdict::inconclusive:
            return "error";
        case Verdict::refused:
        case Verdict::aborted:
            return "skipped";
    }
    return "error";
}

std::string case_of(const DrillView& drill) {
    std::string out = "    <testcase";
    out += attribute("name", drill.playbook + " " + drill.id);
    out += attribute("classname", drill.environment + "." + drill.playbook);
    // The schema wants a time; a time that was not measured is left out, never 0.
    if (const auto time = drill.judged_time().actual_ms) out += attribute("time", seconds(*time));
    out += ">\n" + properties_of(drill);
    if (const std::string_view element = outcome_element(drill); !element.empty()) {
        const std::string first = drill.reasons.empty() ? drill.meaning() : drill.reasons.front();
        out += "      <" + std::string(element) +
               attribute("message", std::string(words::verdict(drill.verdict)) + ": " + first);
        if (element != "skipped") out += attribute("type", words::verdict_key(drill.verdict));
        out += ">" + escaped(story_of(drill), true) + "</" + std::string(element) + ">\n";
    }
    return out + "    </testcase>\n";
}

struct Counts {
    std::size_t tests = 0, failures = 0, errors = 0, skipped = 0;
    std::int64_t milliseconds = 0;

    void add(const DrillView& drill) {
        ++tests;
        const std::string_view element = outcome_element(drill);
        if (element == "failure") ++failures;
        if (element == "error") ++errors;
        if (element == "skipped") ++skipped;
        milliseconds += drill.judged_time().actual_ms.value_or(0);
    }
    [[nodiscard]] std::string attributes() const {
        return attribute("tests", std::to_string(tests)) + attribute("failures", std::to_string(failures)) +
               attribute("errors", std::to_string(errors)) + attribute("skipped", std::to_string(skipped)) +
               attribute("time", seconds(milliseconds));
    }
};

std::string suite_of(const EnvironmentFigures& environment, const ReportInput& input) {
    Counts counts;
    std::string cases;
    for (const DrillView* drill : environment.drills) {
        counts.add(*drill);
        cases += case_of(*drill);
    }
    std::string out = "  <testsuite" + attribute("name", environment.summary.name) + counts.attributes() +
                      attribute("timestamp", to_rfc3339(input.made_at).substr(0, 19)) + ">\n";
    out += "    <properties>\n";
    out += property("class", environment.summary.class_);
    out += property("service", environment.summary.service);
    out += property("owner", environment.summary.owner);
    out += property("due_times_ran", std::to_string(environment.due.ran));
    out += property("due_times_refused", std::to_string(environment.due.refused));
    out += property("due_times_skipped", std::to_string(environment.due.skipped));
    out += property("due_times_missed", std::to_string(environment.due.missed));
    if (environment.quarantine) out += property("quarantine", environment.quarantine->reason);
    for (const PlaybookFigures& playbook : environment.playbooks) {
        out += property("attainment." + playbook.playbook, attainment_sentence(playbook));
    }
    return out + "    </properties>\n" + cases + "  </testsuite>\n";
}

}  // namespace

std::string junit_report(const ReportInput& input) {
    const ReportFigures figures = add_up(input);
    Counts all;
    std::string suites;
    for (const EnvironmentFigures& environment : figures.environments) {
        for (const DrillView* drill : environment.drills) all.add(*drill);
        suites += suite_of(environment, input);
    }
    const std::string name = input.workspace.empty() ? "rehearse" : input.workspace;
    return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites" + attribute("name", name) +
           all.attributes() + ">\n" + suites + "</testsuites>\n";
}

}  // namespace rehearse
