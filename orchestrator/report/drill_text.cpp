// A drill and the history of drills on a terminal.
#include <algorithm>

#include "orchestrator/report/columns.h"
#include "orchestrator/report/drill_view.h"
#include "orchestrator/report/reading.h"
#include "orchestrator/report/terminal.h"
#include "orchestrator/report/timeline.h"
#include "orchestrator/report/words.h"

namespace rehearse {

namespace {

using terminal::Cell;
using terminal::Columns;
using terminal::Style;
using terminal::styled;

constexpr std::size_t bar_columns = 36;

std::string measured_text(const Measured& measured) {
    if (!measured.actual_ms) return "not measured";
    return measured.uncertainty_ms > 0
               ? words::time_with_uncertainty(*measured.actual_ms, measured.uncertainty_ms)
               : words::time(*measured.actual_ms);
}

Cell met_cell(const Measured& measured) {
    if (!measured.actual_ms || !measured.target_ms) return {};
    return measured.met ? Cell{"met", Style::good} : Cell{"missed", Style::bad};
}

void measured_row(Columns& columns, const std::string& name, const Measured& measured) {
    columns.row({{name},
                 {measured_text(measured), Style::strong},
                 {measured.target_ms ? "target " + words::target(*measured.target_ms) : "no target"},
                 met_cell(measured)});
}

std::string head(const DrillView& drill, bool colour) {
    std::string out = styled(words::verdict(drill.verdict), terminal::style_of(drill.verdict), colour);
    out += "  " + styled(drill.title.empty() ? drill.playbook : drill.title, Style::strong, colour) + "\n";
    out += styled("drill " + drill.id + " · " + words::wall(drill.started_at), Style::quiet, colour) + "\n";
    out += styled(drill.environment + " · " + drill.playbook + " (" + words::spaced(drill.kind) + ")" +
                      (drill.release.empty() ? "" : " · release " + drill.release),
                  Style::quiet, colour) +
           "\n";
    out += words::printable(drill.meaning()) + "\n";
    const bool refused = std::any_of(drill.interlocks.begin(), drill.interlocks.end(),
                                     [](const InterlockView& interlock) { return !interlock.passed; });
    if (refused) return out;  // the interlocks say it, with what to do
    for (const std::string& reason : drill.reasons) out += "  - " + words::printable(reason) + "\n";
    return out;
}

std::string figures(const DrillView& drill, bool colour) {
    Columns columns;
    if (drill.kind == "rollback") measured_row(columns, "time to roll back", drill.rollback_time);
    if (!drill.recovery_is_rollback) measured_row(columns, "time to recover", drill.recovery_time);
    measured_row(columns, "recovery point", drill.recovery_point);
    Style style = Style::warning;
    if (drill.verdict == Verdict::refused) {
        style = Style::plain;
    } else if (drill.equal && !drill.all_accepted) {
        style = *drill.equal ? Style::good : Style::bad;
    }
    std::string state(drill.state_text());
    if (drill.equal == false) {
        state += " in " + words::plural(drill.differences_total, "item", "items");
    }
    columns.row({{"state"},
                 {state, style},
                 {drill.tree_before.empty() ? "" : "tree " + drill.tree_before.substr(0, 12)}});
    if (drill.equal) {
        columns.row({{"verifier"},
                     {drill.verifier_sentence(), drill.verifier == "blind"     ? Style::bad
                                                 : drill.verifier == "checked" ? Style::good
                                                                               : Style::quiet}});
    }
    if (drill.residue_known) {
        columns.row(
            {{"left by rollback"},
             {drill.residue_total == 0 ? "nothing" : words::plural(drill.residue_total, "item", "items"),
              drill.residue_total == 0 ? Style::good : Style::warning}});
    }
    return "\n" + columns.text(2, colour);
}

void timeline_row(Columns& columns, const TimeAxis& axis, const Span& span, bool is_phase) {
    std::string line;
    if (span.began_ms && axis.to > axis.from) {
        line = terminal::bar(axis.permille(*span.began_ms),
                             span.ended_ms ? axis.permille(*span.ended_ms) : 1000, bar_columns, !is_phase);
    }
    const bool failed = !span.outcome.empty() && span.outcome != "done";
    columns.row({{is_phase ? words::spaced(span.name) : "  " + span.name + (span.critical ? " *" : ""),
                  is_phase ? Style::strong : Style::plain},
                 {words::after(span.began_ms), Style::plain, true},
                 {span.began_ms && span.ended_ms ? words::time(*span.ended_ms - *span.began_ms)
                                                 : std::string("not measured"),
                  Style::plain, true},
                 {failed ? span.outcome : "", Style::bad},
                 {line, failed     ? Style::bad
                        : is_phase ? Style::good
                                   : Style::quiet}});
}

std::string timeline(const DrillView& drill, bool colour, std::size_t most) {
    if (drill.phases.empty() && drill.steps.empty()) return {};
    const TimeAxis axis = time_axis(drill);
    Columns columns;
    columns.row({{""},
                 {"began", Style::quiet, true},
                 {"took", Style::quiet, true},
                 {""},
                 {words::after(axis.from) + " to " + words::after(axis.to), Style::quiet}});
    for (const Span& phase : drill.phases) timeline_row(columns, axis, phase, true);
    const std::vector<const Span*> steps = steps_worth_showing(drill, most == 0 ? drill.steps.size() : most);
    for (const Span* step : steps) timeline_row(columns, axis, *step, false);
    std::string out = "\n" + styled("Timeline", Style::strong, colour);
    out += drill.times_from_damage ? ", from the beginning of the damage" : ", from the first step";
    if (!drill.clock.empty()) out += " (" + words::printable(drill.clock) + ")";
    out += "\n" + columns.text(2, colour);
    if (steps.size() < drill.steps.size()) {
        out += "  … and " +
               words::plural(static_cast<std::int64_t>(drill.steps.size() - steps.size()), "shorter step",
                             "shorter steps") +
               "\n";
    }
    if (!drill.critical_path.empty()) out += "  * set the time to recover (the critical path)\n";
    return out;
}

std::string resources(const DrillView& drill, bool colour) {
    if (drill.resources.empty() || drill.verdict == Verdict::refused) return {};
    Columns columns;
    columns.row({{"resource", Style::quiet},
                 {"destroyed", Style::quiet, true},
                 {"restored", Style::quiet, true},
                 {"bytes", Style::quiet, true},
                 {"took", Style::quiet, true},
                 {"state", Style::quiet}});
    const auto number = [](std::optional<std::int64_t> value) { return value ? words::count(*value) : "?"; };
    const auto took = [](std::optional<std::int64_t> value) { return value ? words::time(*value) : "?"; };
    for (const ResourceView& resource : drill.resources) {
        const bool equal = resource.equal.value_or(false);
        columns.row(
            {{resource.resource},
             {number(resource.items_destroyed), Style::plain, true},
             {number(resource.items_restored), Style::plain, true},
             {resource.bytes_restored ? words::bytes(*resource.bytes_restored) : "?", Style::plain, true},
             {resource.items_restored == 0 ? "-" : took(resource.restore_ms), Style::plain, true},
             {resource.equal ? (equal ? "proved equal" : "different") : "not proved",
              resource.equal ? (equal ? Style::good : Style::bad) : Style::warning}});
    }
    return "\n" + columns.text(2, colour);
}

std::string difference_lines(const std::string& title, const std::vector<DifferenceView>& differences,
                             std::int64_t total, bool colour, std::size_t most) {
    if (differences.empty()) return {};
    Columns columns;
    std::size_t shown = 0;
    for (const DifferenceView& difference : differences) {
        if (most != 0 && shown == most) break;
        ++shown;
        const Style style = difference.accepted ? Style::quiet : Style::bad;
        columns.row({{words::spaced(difference.kind), style},
                     {difference.resource},
                     {difference.item},
                     {difference.accepted ? "accepted by the playbook" : difference.detail, Style::quiet}});
    }
    std::string out = "\n" + styled(title, Style::strong, colour) + "\n" + columns.text(2, colour);
    const std::int64_t more = total - static_cast<std::int64_t>(shown);
    if (more > 0) out += "  … and " + words::count(more) + " more (all with --output json)\n";
    return out;
}

std::string normalised(const DrillView& drill, bool colour) {
    if (drill.normalised.empty()) return {};
    Columns columns;
    for (const NormalisedView& rule : drill.normalised) {
        columns.row(
            {{rule.resource}, {rule.what, Style::quiet}, {rule.count ? words::count(*rule.count) : ""}});
    }
    return "\n" + styled("Normalised, so not compared", Style::strong, colour) + "\n" +
           columns.text(2, colour);
}

std::string findings(const DrillView& drill, bool colour) {
    if (drill.findings.empty()) return {};
    std::string out = "\n" + styled("Findings", Style::strong, colour) + "\n";
    for (const FindingView& finding : drill.findings) {
        out += "  - " + (finding.severity.empty() ? "" : words::printable(finding.severity) + ": ") +
               words::printable(finding.text) + "\n";
    }
    return out;
}

std::string refusals(const DrillView& drill, bool colour) {
    json::array refused;
    for (const InterlockView& interlock : drill.interlocks) {
        if (interlock.passed) continue;
        refused.emplace_back(json::object{{"interlock", interlock.interlock},
                                          {"passed", false},
                                          {"saw", interlock.saw},
                                          {"reason", interlock.reason},
                                          {"remedy", interlock.remedy}});
    }
    const std::string text = refusal_text(refused, colour);
    return text.empty() ? text : "\n" + text;
}

std::string provenance(const DrillView& drill, bool colour) {
    Columns columns;
    const auto add = [&columns](const char* name, const std::string& value) {
        if (!value.empty()) columns.row({{name, Style::quiet}, {value, Style::quiet}});
    };
    add("plan", drill.plan_hash);
    add("snapshot", drill.snapshot_commit);
    add("who", drill.actor.empty() ? "" : drill.actor + (drill.host.empty() ? "" : " on " + drill.host));
    for (const HookView& hook : drill.hooks) {
        add("unguarded", words::spaced(hook.stage) + ": " + terminal::shortened(hook.command, 100));
    }
    return columns.empty() ? std::string() : "\n" + columns.text(2, colour);
}

std::string text_of(const DrillView& drill, bool colour, const TextLimits& limits) {
    return head(drill, colour) + refusals(drill, colour) + figures(drill, colour) +
           timeline(drill, colour, limits.steps) + resources(drill, colour) +
           difference_lines("Differences", drill.differences, drill.differences_total, colour,
                            limits.differences) +
           difference_lines("Residue: what the rollback did not put back", drill.residue, drill.residue_total,
                            colour, limits.differences) +
           normalised(drill, colour) + findings(drill, colour) + provenance(drill, colour);
}

}  // namespace

std::string drill_text(const json::object& result, bool colour, TextLimits limits) {
    return text_of(view_result(result), colour, limits);
}

std::string drill_text(const DrillRecord& drill, bool colour, TextLimits limits) {
    return text_of(view_drill(drill), colour, limits);
}

std::string history_text(const std::vector<DrillRecord>& drills, bool colour) {
    if (drills.empty()) return "No drill yet. To run one: rehearse run PLAYBOOK\n";
    Columns columns;
    columns.row({{"STARTED", Style::quiet},
                 {"ENVIRONMENT", Style::quiet},
                 {"PLAYBOOK", Style::quiet},
                 {"VERDICT", Style::quiet},
                 {"TIME", Style::quiet, true},
                 {"TARGET", Style::quiet, true},
                 {"", Style::quiet},
                 {"RELEASE", Style::quiet},
                 {"DRILL", Style::quiet}});
    for (const DrillRecord& record : drills) {
        const DrillView drill = view_drill(record);
        const Measured& time = drill.judged_time();
        const std::string verdict = drill.verdict ? std::string(words::verdict(drill.verdict))
                                                  : "Unfinished: " + words::spaced(drill.state);
        columns.row({{words::wall(drill.started_at)},
                     {drill.environment},
                     {drill.playbook},
                     {verdict, terminal::style_of(drill.verdict)},
                     {time.actual_ms ? measured_text(time) : std::string("-"), Style::plain, true},
                     {time.target_ms ? words::target(*time.target_ms) : std::string("-"), Style::plain, true},
                     met_cell(time),
                     {terminal::shortened(drill.release, 24)},
                     {drill.id, Style::quiet}});
    }
    return columns.text(0, colour);
}

std::string diff_text(const json::object& diff, bool colour, TextLimits limits) {
    DrillView view = view_result({{"fidelity", diff}});
    const auto side = [&diff](std::string_view key) {
        const json::object* object = reading::object(diff, key);
        if (!object) return reading::text(diff, key);
        const std::string at = reading::text(*object, "at");
        return reading::text(*object, "commit").substr(0, 12) + (at.empty() ? "" : " of " + at);
    };
    const std::string before = side("before");
    const std::string after = side("after").empty() ? "live" : side("after");
    const std::string between = words::printable(before + " and " + after);
    if (view.differences.empty() && view.differences_total == 0) {
        return styled("Equal", Style::good, colour) + ": nothing differs between " + between + ".\n";
    }
    std::string out = difference_lines(
        words::plural(view.differences_total, "difference", "differences") + " between " + between,
        view.differences, view.differences_total, colour, limits.differences);
    return out.substr(1);
}

std::string refusal_text(const json::array& interlocks, bool colour) {
    std::string out;
    for (const json::value& value : interlocks) {
        if (!value.is_object()) continue;
        const InterlockView interlock = view_interlock(value.get_object());
        if (interlock.passed) continue;
        out += styled("guard refused", Style::bad, colour) + " " +
               styled(words::spaced(interlock.interlock), Style::strong, colour) + ": " +
               words::printable(interlock.reason.empty() ? interlock.saw : interlock.reason) + "\n";
        if (!interlock.reason.empty() && !interlock.saw.empty()) {
            out += "  saw:  " + words::printable(interlock.saw) + "\n";
        }
        if (!interlock.remedy.empty()) out += "  do:   " + words::printable(interlock.remedy) + "\n";
    }
    return out;
}

}  // namespace rehearse
