// One drill in HTML: verdict, figures against targets, timeline, proof, guard, provenance.
#include <algorithm>
#include <cstdio>

#include "orchestrator/report/html_parts.h"
#include "orchestrator/report/timeline.h"
#include "orchestrator/report/words.h"

namespace rehearse::html {

namespace {

constexpr std::size_t most_differences = 200;
constexpr std::size_t most_steps = 60;
constexpr std::size_t most_normalised = 100;

Data measure(std::string_view name, std::string_view value, std::string_view against, std::string_view tone) {
    Data data = object();
    put(data, "name", name);
    put(data, "value", value);
    put(data, "against", against);
    put(data, "tone", tone);
    return data;
}

std::string_view tone_of(const Measured& measured, const DrillView& drill) {
    if (!measured.actual_ms && drill.verdict == Verdict::not_recovered) return "bad";
    if (!measured.actual_ms || !measured.target_ms) return "unknown";
    return measured.met ? "good" : "bad";
}

void put_measures(Data& data, const DrillView& drill) {
    Data measures = list();
    if (drill.kind == "rollback") {
        measures << measure("Time to roll back", measured_text(drill.rollback_time),
                            against_text(drill.rollback_time), tone_of(drill.rollback_time, drill));
    }
    if (!drill.recovery_is_rollback)
        measures << measure("Time to recover (RTA)", measured_text(drill.recovery_time),
                            against_text(drill.recovery_time), tone_of(drill.recovery_time, drill));
    measures << measure("Recovery point (RPA)", measured_text(drill.recovery_point),
                        against_text(drill.recovery_point), tone_of(drill.recovery_point, drill));
    std::string detail = "git trees before and after are the same";
    if (!drill.equal) detail = "states before and after were not compared";
    if (drill.equal == false) {
        detail = words::plural(drill.differences_total, "difference", "differences") + " listed below";
    }
    if (drill.verdict == Verdict::refused) detail = "the guard refused before anything was done";
    const char* tone = drill.verdict == Verdict::not_recovered ? "bad"
                       : drill.equal                           ? (*drill.equal         ? "good"
                                                                  : drill.all_accepted ? "warn"
                                                                                       : "bad")
                                                               : "unknown";
    measures << measure("State", drill.state_text(), detail, tone);
    if (drill.residue_known) {
        measures << measure(
            "Left by the rollback",
            drill.residue_total == 0 ? "nothing" : words::plural(drill.residue_total, "item", "items"),
            drill.residue_total == 0 ? "it put everything back" : "restored from the snapshot",
            drill.residue_total == 0 ? "good" : "warn");
    }
    put_data(data, "measures", measures);
}

/// The colour of a bar, from the stage's or phase's name.
std::string_view style_of(std::string_view name) {
    const auto has = [name](std::string_view part) { return name.find(part) != std::string_view::npos; };
    if (has("serv")) return "serve";
    if (has("restor")) return "restore";
    if (has("destr")) return "destroy";
    if (has("verif") || has("compar")) return "verify";
    if (has("chang") || has("roll")) return "change";
    if (has("snapshot") || has("prov") || has("proof")) return "snapshot";
    return "other";
}

std::string number(double value) {
    char text[32];
    std::snprintf(text, sizeof text, "%.1f", value);
    return text;
}

void put_bar(Data& row, const Span& span, std::string_view style, const TimeAxis& axis) {
    put_flag(row, "drawn", span.began_ms.has_value());
    const double from = span.began_ms ? axis.permille(*span.began_ms) : 0;
    const double to = span.ended_ms ? axis.permille(*span.ended_ms) : 1000;
    const double width = std::clamp(to - from, 3.0, 1000.0);
    put(row, "x", number(std::min(from, 997.0)));
    put(row, "width", number(width));
    put(row, "style", style);
    put_flag(row, "outage", axis.outage_from && axis.outage_to);
    if (axis.outage_from && axis.outage_to) {
        put(row, "outage_x", number(axis.permille(*axis.outage_from)));
        put(row, "outage_width", number(axis.permille(*axis.outage_to) - axis.permille(*axis.outage_from)));
    }
}

Data span_row(const Span& span, const TimeAxis& axis, bool is_phase) {
    Data row = object();
    put(row, "name", is_phase ? words::spaced(span.name) : span.name);
    put(row, "began", words::after(span.began_ms));
    put(row, "took",
        span.began_ms && span.ended_ms ? words::time(*span.ended_ms - *span.began_ms) : "not measured");
    put(row, "outcome", span.outcome);
    put_flag(row, "failed", !span.outcome.empty() && span.outcome != "done");
    put(row, "detail", span.detail);
    put_flag(row, "critical", span.critical);
    put_bar(row, span, style_of(span.stage.empty() ? span.name : span.stage), axis);
    return row;
}

void put_timeline(Data& data, const DrillView& drill) {
    const TimeAxis axis = time_axis(drill);
    put_flag(data, "has_timeline", !drill.steps.empty() || !drill.phases.empty());
    put(data, "timeline_caption",
        std::string(drill.times_from_damage ? "Times count from the beginning of the damage"
                                            : "Times count from the first step, as no damage was timed") +
            (axis.outage_from && axis.outage_to ? "; the tinted band is the time without service." : "."));
    put(data, "axis_from", words::after(axis.from));
    put(data, "axis_to", words::after(axis.to));
    Data phases = list();
    for (const Span& phase : drill.phases) phases << span_row(phase, axis, true);
    put_data(data, "phases", phases);
    Data steps = list();
    const std::vector<const Span*> shown = steps_worth_showing(drill, most_steps);
    for (const Span* step : shown) steps << span_row(*step, axis, false);
    put_data(data, "steps", steps);
    put(data, "steps_left_out",
        shown.size() < drill.steps.size()
            ? words::count(static_cast<std::int64_t>(drill.steps.size() - shown.size())) +
                  " shorter steps are not shown: rehearse show " + drill.id
            : "");
    std::string path;
    for (const std::string& step : drill.critical_path) path += (path.empty() ? "" : " → ") + step;
    put(data, "critical_sentence", path.empty() ? "" : "What set the time: " + path + ".");
}

void put_clocks(Data& data, const DrillView& drill) {
    bool any = false;
    Data clocks = list();
    for (const ClockReading& clock : drill.clocks) {
        any = any || clock.at_ms;
        Data reading = object();
        put(reading, "name", words::spaced(clock.name));
        put(reading, "at",
            clock.name == "damage_began" && clock.at_ms ? std::string("0") : words::after(clock.at_ms));
        clocks << reading;
    }
    put_list(data, "clocks", clocks, any);
    put(data, "clock_sentence",
        "Read from " +
            (drill.clock.empty() ? std::string("the steady clock (its name was not recorded)")
                                 : drill.clock + ", the steady clock of the host") +
            ".");
}

Data difference_list(const std::string& title, const std::vector<DifferenceView>& differences,
                     std::int64_t total, const std::string& drill) {
    Data data = object();
    put(data, "list_title", title);
    Data rows = list();
    std::int64_t shown = 0;
    for (const DifferenceView& difference : differences) {
        if (shown == static_cast<std::int64_t>(most_differences)) break;
        ++shown;
        Data row = object();
        put(row, "resource", difference.resource);
        put(row, "what", words::spaced(difference.kind));
        put(row, "item", difference.item);
        put(row, "detail", difference.detail);
        put_flag(row, "accepted", difference.accepted);
        rows << row;
    }
    put_data(data, "rows", rows);
    put(data, "more",
        shown < total
            ? "and " + words::count(total - shown) + " more: rehearse show " + drill + " --output json"
            : "");
    return data;
}

void put_fidelity(Data& data, const DrillView& drill) {
    const bool any = drill.equal || !drill.tree_before.empty() || !drill.differences.empty() ||
                     drill.residue_known || !drill.normalised.empty();
    put_flag(data, "has_fidelity", any);
    std::string sentence = "The states before and after were not compared, so equality is not claimed.";
    if (drill.equal == true) {
        sentence = "Captured again after the restore, the state gave the same git tree as the snapshot.";
    } else if (drill.equal == false) {
        sentence = "The state after the restore differs from the snapshot in " +
                   words::plural(drill.differences_total, "item", "items") + ".";
    }
    put(data, "fidelity_sentence", sentence);
    put(data, "tree_before", drill.tree_before.empty() ? "not recorded" : drill.tree_before);
    put(data, "tree_after", drill.tree_after.empty() ? "not recorded" : drill.tree_after);
    Data lists = list();
    if (!drill.differences.empty()) {
        lists << difference_list("Differences, item by item", drill.differences, drill.differences_total,
                                 drill.id);
    }
    if (!drill.residue.empty()) {
        lists << difference_list("Residue: what the rollback did not put back", drill.residue,
                                 drill.residue_total, drill.id);
    }
    put_data(data, "difference_lists", lists);
    put(data, "residue_sentence",
        drill.residue_known && drill.residue_total == 0 ? "The rollback left no residue." : "");
    Data normalised = list();
    std::size_t shown = 0;
    for (const NormalisedView& rule : drill.normalised) {
        if (shown++ == most_normalised) break;
        Data row = object();
        put(row, "resource", rule.resource);
        put(row, "what", rule.what);
        put(row, "count", rule.count ? words::count(*rule.count) + "×" : "");
        normalised << row;
    }
    put_list(data, "normalised", normalised, !drill.normalised.empty());
    put(data, "verifier_sentence", "The verifier is " + drill.verifier_sentence() + ".");
}

void put_resources(Data& data, const DrillView& drill) {
    Data rows = list();
    const auto number_text = [](std::optional<std::int64_t> value) {
        return value ? words::count(*value) : std::string("not measured");
    };
    for (const ResourceView& resource : drill.resources) {
        Data row = object();
        put(row, "resource", resource.resource);
        put(row, "adapter", resource.adapter);
        put(row, "destroyed", number_text(resource.items_destroyed));
        put(row, "restored", number_text(resource.items_restored));
        put(row, "bytes",
            resource.bytes_restored ? words::bytes(*resource.bytes_restored) : std::string("not measured"));
        put(row, "took",
            resource.restore_ms ? words::time(*resource.restore_ms) : std::string("not measured"));
        put(row, "state", equality_text(resource.equal));
        put(row, "note", resource.note);
        rows << row;
    }
    // A refusal touched none of them.
    put_list(data, "resources", rows, !drill.resources.empty() && drill.verdict != Verdict::refused);

    Data scope = list();
    for (const ScopeView& step : drill.scope) {
        std::string what = step.whole ? "the whole resource"
                                      : words::plural(static_cast<std::int64_t>(step.items), "item", "items");
        for (std::size_t i = 0; i < step.first_items.size(); ++i) {
            what += (i == 0 ? ": " : ", ") + step.first_items[i];
        }
        if (step.items > step.first_items.size()) {
            what += " and " + words::count(static_cast<std::int64_t>(step.items - step.first_items.size())) +
                    " more";
        }
        Data row = object();
        put(row, "resource", step.resource);
        put(row, "what", what);
        scope << row;
    }
    put_list(data, "scope", scope, !drill.scope.empty());
}

void put_guard(Data& data, const DrillView& drill) {
    Data refusals = list();
    Data passes = list();
    std::int64_t refused = 0;
    for (const InterlockView& interlock : drill.interlocks) {
        Data row = object();
        put(row, "interlock", words::spaced(interlock.interlock));
        put(row, "saw", interlock.saw);
        put(row, "reason", interlock.reason);
        put(row, "remedy", interlock.remedy);
        (interlock.passed ? passes : refusals) << row;
        if (!interlock.passed) ++refused;
    }
    const auto all = static_cast<std::int64_t>(drill.interlocks.size());
    put_list(data, "interlocks", list(), all > 0);
    put_list(data, "refusals", refusals, refused > 0);
    put_list(data, "passes", passes, refused < all);
    put(data, "guard_sentence",
        refused == 0
            ? "All " + words::plural(all, "interlock", "interlocks") + " passed."
            : words::count(refused) + " of " + words::plural(all, "interlock", "interlocks") + " refused.");
}

void put_provenance(Data& data, const DrillView& drill) {
    Data provenance = list();
    const auto add = [&provenance](std::string_view term, std::string_view value, bool code) {
        Data row = object();
        put(row, "term", term);
        put(row, "value", value.empty() ? std::string_view("not recorded") : value);
        put_flag(row, "code", code && !value.empty());
        provenance << row;
    };
    add("Drill", drill.id, true);
    add("Started", words::wall(drill.started_at), false);
    add("Ended", drill.ended_at ? words::wall(*drill.ended_at) : std::string(), false);
    add("Who", drill.actor + (drill.actor_kind.empty() ? "" : " (" + drill.actor_kind + ")"), false);
    add("Where", drill.host, false);
    add("Environment", drill.environment, false);
    add("Playbook", drill.playbook + " (" + words::spaced(drill.kind) + ")", false);
    add("Plan hash", drill.plan_hash, true);
    add("Snapshot commit", drill.snapshot_commit, true);
    add("Snapshot tree", drill.snapshot_tree, true);
    if (!drill.snapshot_after.empty()) add("Snapshot after", drill.snapshot_after, true);
    add("Release", drill.release, false);
    if (!drill.release_digest.empty()) add("Release digest", drill.release_digest, true);
    for (const auto& [name, version] : drill.versions) add(name, version, false);
    put_data(data, "provenance", provenance);
    put(data, "independence",
        "One drill shows one recovery. Bounds over several drills take them as independent and alike.");
}

}  // namespace

std::string drill_section(const DrillView& drill, DrillPlace place) {
    Data data = object();
    put(data, "drill_anchor", anchor("drill", drill.id));
    put(data, "drill_id", drill.id);
    put_flag(data, "open", place.open);
    put(data, "h", "h" + std::to_string(place.level));
    put(data, "hh", "h" + std::to_string(place.level + 1));
    put(data, "hhh", "h" + std::to_string(place.level + 2));
    put(data, "key", words::verdict_key(drill.verdict));
    put(data, "verdict", words::verdict(drill.verdict));
    put(data, "drill_title", drill.title.empty() ? drill.playbook : drill.title);
    put(data, "started", words::wall(drill.started_at));
    put(data, "headline_time",
        drill.judged_time().actual_ms ? measured_text(drill.judged_time()) : std::string());
    put(data, "meaning", drill.meaning());
    Data reasons = list();
    for (const std::string& reason : drill.reasons) reasons << Data(words::printable(reason));
    put_list(data, "reasons", reasons, !drill.reasons.empty());
    put_measures(data, drill);
    put_timeline(data, drill);
    put_clocks(data, drill);
    put_fidelity(data, drill);
    put_resources(data, drill);
    put_guard(data, drill);
    Data findings = list();
    for (const FindingView& finding : drill.findings) {
        Data row = object();
        put(row, "severity", finding.severity);
        put(row, "text", finding.text);
        findings << row;
    }
    put_list(data, "findings", findings, !drill.findings.empty());
    Data hooks = list();
    for (const HookView& hook : drill.hooks) {
        Data row = object();
        put(row, "stage", words::spaced(hook.stage));
        put(row, "command", hook.command);
        hooks << row;
    }
    put_list(data, "hooks", hooks, !drill.hooks.empty());
    put_provenance(data, drill);
    return render("page/drill.mustache", data);
}

}  // namespace rehearse::html

namespace rehearse {

std::string drill_html(const DrillRecord& record, WallTime made_at, const std::string& version) {
    const DrillView drill = view_drill(record);
    html::Page page;
    page.title = "Drill " + drill.id + " · " + drill.environment;
    page.heading = drill.title.empty() ? drill.playbook : drill.title;
    page.subheading = "Drill " + drill.id + " in " + drill.environment;
    html::put_fact(page.facts, "Verdict", words::verdict(drill.verdict));
    html::put_fact(page.facts, "Started", words::wall(drill.started_at));
    html::put_fact(page.facts, "Report made", words::wall(made_at));
    page.content = html::drill_section(drill, {.open = true, .level = 2});
    page.version = version;
    page.made_at = made_at;
    return html::page(page);
}

}  // namespace rehearse
