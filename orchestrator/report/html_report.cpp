// The whole report in HTML: quarantines, the summary over environments, then each environment.
#include <algorithm>
#include <boost/json/serialize.hpp>
#include <map>

#include "orchestrator/report/html_parts.h"
#include "orchestrator/report/words.h"

namespace rehearse::html {

namespace {

/// JSON that can't end the script element it stands in, nor be anything but data.
std::string for_script(const json::value& value) {
    std::string out;
    for (const char c : json::serialize(value)) {
        if (c == '<') {
            out += "\\u003c";
        } else if (c == '>') {
            out += "\\u003e";
        } else if (c == '&') {
            out += "\\u0026";
        } else {
            out += c;
        }
    }
    return out;
}

std::string signed_text(const DrillView& drill) {
    const Measured& time = drill.judged_time();
    if (!time.actual_ms) return "no time measured";
    return measured_text(time) + (time.target_ms ? ", " + against_text(time) : std::string());
}

json::object point_of(const DrillView& drill) {
    const Measured& time = drill.judged_time();
    json::array lines{words::printable(words::wall(drill.started_at)),
                      words::printable(drill.playbook + " (" + words::spaced(drill.kind) + ")"),
                      std::string(words::verdict(drill.verdict)) + ", " + signed_text(drill),
                      words::printable(drill.id)};
    json::object point{{"at", to_milliseconds(drill.started_at.since_epoch)},
                       {"key", words::verdict_key(drill.verdict)},
                       {"ms", nullptr},
                       {"half", time.uncertainty_ms},
                       {"lines", std::move(lines)}};
    if (time.actual_ms) point["ms"] = *time.actual_ms;
    return point;
}

/// The targets that each playbook's drills were held to, oldest first: a step line.
json::array targets_of(const EnvironmentFigures& environment) {
    std::map<std::string, json::array> by_playbook;
    for (auto drill = environment.drills.rbegin(); drill != environment.drills.rend(); ++drill) {
        if (const auto target = (*drill)->judged_time().target_ms) {
            by_playbook[(*drill)->playbook + " " + (*drill)->kind].emplace_back(
                json::array{to_milliseconds((*drill)->started_at.since_epoch), *target});
        }
    }
    json::array targets;
    for (auto& [playbook, points] : by_playbook) {
        targets.emplace_back(
            json::object{{"playbook", words::printable(playbook)}, {"points", std::move(points)}});
    }
    return targets;
}

Data quarantine_data(const Quarantine& quarantine) {
    Data data = object();
    put(data, "environment", quarantine.environment.text());
    put(data, "since", words::wall(quarantine.since));
    put(data, "drill", quarantine.drill.empty() ? std::string("unknown") : quarantine.drill.text());
    put(data, "reason", quarantine.reason);
    Data resources = list();
    for (const json::key_value_pair& resource : quarantine.resources) {
        Data row = object();
        put(row, "resource", resource.key());
        put(row, "state",
            resource.value().is_string() ? std::string(resource.value().get_string())
                                         : json::serialize(resource.value()));
        resources << row;
    }
    put_list(data, "resources", resources, !quarantine.resources.empty());
    return data;
}

struct Totals {
    std::size_t drills = 0, trials = 0, hits = 0, late = 0, failed = 0, due_not_run = 0, missed = 0;
};

Totals totals_of(const ReportFigures& figures) {
    Totals totals;
    for (const EnvironmentFigures& environment : figures.environments) {
        totals.drills += environment.drills.size();
        for (const PlaybookFigures& playbook : environment.playbooks) {
            totals.trials += playbook.trials;
            totals.hits += playbook.hits;
        }
        totals.late += environment.count(Verdict::recovered_late);
        totals.failed +=
            environment.count(Verdict::recovered_different) + environment.count(Verdict::not_recovered);
        totals.due_not_run += environment.due_not_run.size();
    }
    return totals;
}

std::string count(std::size_t number) { return words::count(static_cast<std::int64_t>(number)); }

Data environment_row(const EnvironmentFigures& environment) {
    Data row = object();
    put(row, "anchor", anchor("environment", environment.summary.name));
    put(row, "name", environment.summary.name);
    put_flag(row, "quarantined", environment.quarantine != nullptr);
    put(row, "drills", count(environment.drills.size()));
    Data counts = list();
    Data shares = list();
    double x = 0;
    const auto add = [&](std::string_view key, std::size_t number) {
        Data cell = object();
        put(cell, "number", count(number));
        put_flag(cell, "zero", number == 0);
        counts << cell;
        if (number == 0) return;
        Data share = object();
        const double width =
            100.0 * static_cast<double>(number) / static_cast<double>(environment.drills.size());
        put(share, "key", key);
        put(share, "x", std::to_string(x));
        put(share, "width", std::to_string(width));
        shares << share;
        x += width;
    };
    for (const Verdict verdict : verdict_order) add(to_string(verdict), environment.count(verdict));
    add("unfinished", environment.unfinished);
    put_data(row, "counts", counts);
    put_data(row, "shares", shares);
    put(row, "due_not_run", count(environment.due_not_run.size()));
    put_flag(row, "no_due", environment.due_not_run.empty());
    return row;
}

Data target_row(const EnvironmentFigures& environment, const PlaybookFigures& playbook) {
    Data row = object();
    put(row, "anchor", anchor("environment", environment.summary.name));
    put(row, "environment", environment.summary.name);
    put(row, "playbook", playbook.playbook);
    put(row, "kind", words::spaced(playbook.kind));
    put(row, "rto",
        playbook.target_ms ? words::target(*playbook.target_ms)
                           : std::string(playbook.trials == 0 ? "no trial" : "several"));
    put_flag(row, "has_latest", playbook.latest != nullptr);
    put(row, "latest",
        playbook.latest ? measured_text(playbook.latest->judged_time()) : std::string("not measured"));
    put(row, "latest_key", playbook.latest ? words::verdict_key(playbook.latest->verdict) : "");
    put(row, "latest_verdict", playbook.latest ? words::verdict(playbook.latest->verdict) : "");
    put(row, "hits", count(playbook.hits));
    put(row, "trials", count(playbook.trials));
    put(row, "lower_bound",
        playbook.lower_bound ? words::share(*playbook.lower_bound) : std::string("no claim"));
    std::string rpo = "not measured";
    if (playbook.points_measured > 0) {
        rpo = playbook.point_target_ms ? words::target(*playbook.point_target_ms) : "several";
    }
    put(row, "rpo", rpo);
    put(row, "worst_point",
        playbook.worst_point_ms ? words::time(*playbook.worst_point_ms) : std::string("not measured"));
    return row;
}

void put_summary(Data& data, const ReportFigures& figures, const ReportInput& input) {
    const Totals totals = totals_of(figures);
    put_flag(data, "empty", figures.environments.empty());
    put(data, "hits", count(totals.hits));
    put(data, "trials", count(totals.trials));
    put(data, "late", count(totals.late));
    put(data, "failed", count(totals.failed));
    put(data, "due_not_run", count(totals.due_not_run));
    put_flag(data, "missed_tone", false);
    put_flag(data, "failed_tone", totals.failed > 0);
    put_flag(data, "due_tone", totals.due_not_run > 0);
    Data columns = list();
    const auto column = [&columns](std::string_view key, std::string_view label) {
        Data cell = object();
        put(cell, "key", key);
        put(cell, "label", label);
        columns << cell;
    };
    for (const Verdict verdict : verdict_order) column(to_string(verdict), words::verdict(verdict));
    column("unfinished", words::verdict(std::nullopt));
    put_data(data, "verdict_columns", columns);

    Data rows = list();
    Data targets = list();
    std::size_t index = 0;
    for (const EnvironmentFigures& environment : figures.environments) {
        Data row = environment_row(environment);
        row.set("section", Data(environment_section(environment, index++, input.detailed_drills)));
        rows << row;
        for (const PlaybookFigures& playbook : environment.playbooks)
            targets << target_row(environment, playbook);
    }
    put_data(data, "environments", rows);
    put_data(data, "targets", targets);
}

std::string period(const ReportInput& input) {
    std::string text = input.filters.since ? "since " + words::day(*input.filters.since) : "all drills";
    if (!input.filters.environment.empty()) text += ", environment " + input.filters.environment;
    if (!input.filters.playbook.empty()) text += ", playbook " + input.filters.playbook;
    return text;
}

}  // namespace

std::string chart_data(const ReportFigures& figures) {
    json::array environments;
    bool any = false;
    for (const EnvironmentFigures& environment : figures.environments) {
        json::array points;
        for (const DrillView* drill : environment.drills) points.emplace_back(point_of(*drill));
        any = any || !points.empty();
        environments.emplace_back(
            json::object{{"points", std::move(points)}, {"targets", targets_of(environment)}});
    }
    if (!any) return {};
    return for_script(json::object{{"environments", std::move(environments)}});
}

}  // namespace rehearse::html

namespace rehearse {

std::string html_report(const ReportInput& input) {
    const ReportFigures figures = add_up(input);
    html::Data data = html::object();
    html::Data quarantines = html::list();
    for (const Quarantine& quarantine : input.quarantines) quarantines << html::quarantine_data(quarantine);
    html::put_list(data, "quarantines", quarantines, !input.quarantines.empty());
    html::put_summary(data, figures, input);
    html::Data sentences = html::list();
    for (const std::string& sentence : assumptions()) sentences << html::Data(sentence);
    html::put_data(data, "assumptions", sentences);
    html::Data meanings = html::list();
    for (const Verdict verdict : verdict_order) {
        html::Data row = html::object();
        html::put(row, "key", to_string(verdict));
        html::put(row, "label", words::verdict(verdict));
        html::put(row, "meaning", words::verdict_meaning(verdict));
        meanings << row;
    }
    html::put_data(data, "meanings", meanings);
    html::put_data(data, "checkpoint", html::Data(words::printable(input.checkpoint, true)));
    html::put_flag(data, "unsigned", input.checkpoint.empty());

    html::Page page;
    page.title = "Recovery-time report" + (input.workspace.empty() ? "" : " · " + input.workspace);
    page.heading = "Recovery-time report";
    page.subheading = input.workspace;
    html::put_fact(page.facts, "Covers", html::period(input));
    html::put_fact(page.facts, "Drills", words::count(static_cast<std::int64_t>(input.drills.size())));
    html::put_fact(page.facts, "Environments",
                   words::count(static_cast<std::int64_t>(figures.environments.size())));
    html::put_fact(page.facts, "Report made", words::wall(input.made_at));
    page.content = html::render("page/report.mustache", data);
    page.chart_data = html::chart_data(figures);
    page.version = input.version;
    page.made_at = input.made_at;
    return html::page(page);
}

}  // namespace rehearse
