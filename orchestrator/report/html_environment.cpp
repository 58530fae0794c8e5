// One environment in HTML: what may be claimed, the chart's place, every drill in a table, due times,
// coverage.
#include "orchestrator/report/html_parts.h"

#include <cmath>
#include "orchestrator/report/words.h"

namespace rehearse::html {

namespace {

struct LegendShape {
    Verdict verdict;
    const char* path;
};
/// The shapes that report.js draws.
constexpr LegendShape shapes[] = {
    {Verdict::recovered, "M-6 0A6 6 0 1 1 6 0A6 6 0 1 1-6 0Z"},
    {Verdict::recovered_late, "M0-7 7 0 0 7-7 0Z"},
    {Verdict::recovered_different, "M-6-6H6V6H-6Z"},
    {Verdict::not_recovered, "M-7-5-5-7 0-2 5-7 7-5 2 0 7 5 5 7 0 2-5 7-7 5-2 0Z"},
    {Verdict::inconclusive, "M-7-2H7V2H-7Z"},
    {Verdict::aborted, "M-6-6H-2V6H-6ZM2-6H6V6H2Z"},
    {Verdict::refused, "M0-7 7 6H-7Z"},
};

void put_facts(Data& data, const EnvironmentFigures& environment) {
    Data facts = list();
    put_fact(facts, "Service", environment.summary.service);
    put_fact(facts, "Owner", environment.summary.owner);
    std::string resources;
    for (const ResourceSummary& resource : environment.summary.resources) {
        resources += (resources.empty() ? "" : ", ") + resource.name + " (" + resource.adapter + ")";
    }
    put_fact(facts, "Resources", resources);
    std::string probes;
    for (const std::string& probe : environment.summary.probes) {
        probes += (probes.empty() ? "" : ", ") + probe;
    }
    put_fact(facts, "Probes", probes);
    put_data(data, "facts", facts);
}

void put_claims(Data& data, const EnvironmentFigures& environment) {
    Data playbooks = list();
    for (const PlaybookFigures& playbook : environment.playbooks) {
        Data claim = object();
        put(claim, "playbook_title", playbook.title.empty() ? playbook.playbook : playbook.title);
        put(claim, "playbook", playbook.playbook);
        put(claim, "kind", words::spaced(playbook.kind));
        put(claim, "sentence", attainment_sentence(playbook));
        put(claim, "time_word", playbook.kind == "rollback" ? "time to roll back" : "RTA");
        std::string median =
            playbook.measured == 0 ? "not measured" : "none: half of the trials or more failed";
        if (playbook.median_ms) {
            median = words::time(*playbook.median_ms) + " of " +
                     words::plural(static_cast<std::int64_t>(playbook.trials), "trial", "trials");
        }
        put(claim, "median", median);
        put(claim, "slowest",
            playbook.slowest_ms ? words::time(*playbook.slowest_ms) : std::string("not measured"));
        Data bounds = list();
        for (const attainment::TimeBound& bound : playbook.time_bounds) {
            Data row = object();
            put(row, "quantile", std::to_string(std::lround(bound.quantile * 100)));
            put(row, "bound", time_bound_sentence(bound));
            bounds << row;
        }
        put_data(claim, "time_bounds", bounds);
        std::string points = "not measured";
        if (playbook.points_measured > 0) {
            points = words::count(static_cast<std::int64_t>(playbook.points_met)) + " of " +
                     words::count(static_cast<std::int64_t>(playbook.points_measured)) + ", worst " +
                     words::time(*playbook.worst_point_ms);
            if (playbook.point_target_ms) points += ", target " + words::target(*playbook.point_target_ms);
        }
        put(claim, "points", points);
        playbooks << claim;
    }
    put_list(data, "playbooks", playbooks, !environment.playbooks.empty());
}

void put_legend(Data& data, const EnvironmentFigures& environment) {
    Data legend = list();
    for (const LegendShape& shape : shapes) {
        if (environment.count(shape.verdict) == 0) continue;
        Data row = object();
        put(row, "key", words::verdict_key(shape.verdict));
        put(row, "label", words::verdict(shape.verdict));
        put(row, "path", shape.path);
        legend << row;
    }
    put_data(data, "legend", legend);
}

void put_drills(Data& data, const EnvironmentFigures& environment, std::size_t detailed) {
    Data rows = list();
    Data details = list();
    std::size_t number = 0;
    for (const DrillView* drill : environment.drills) {
        const bool in_full = number < detailed;
        const Measured& time = drill->judged_time();
        Data row = object();
        put_flag(row, "detailed", in_full);
        put(row, "drill_anchor", anchor("drill", drill->id));
        put(row, "drill_id", drill->id);
        put(row, "started", words::wall(drill->started_at));
        put(row, "playbook", drill->playbook);
        put(row, "kind", words::spaced(drill->kind));
        put(row, "key", words::verdict_key(drill->verdict));
        put(row, "verdict", words::verdict(drill->verdict));
        put(row, "time", measured_text(time));
        put(row, "target", time.target_ms ? words::target(*time.target_ms) : std::string("none"));
        put(row, "met", met_text(time));
        put(row, "point", measured_text(drill->recovery_point));
        put(row, "state", drill->state_text());
        put(row, "release", drill->release);
        rows << row;
        if (in_full) {
            Data detail = object();
            detail.set("drill", Data(drill_section(*drill, {.open = number == 0})));
            details << detail;
        }
        ++number;
    }
    put_list(data, "drills", rows, number > 0);
    put_list(data, "details", details, number > 0 && detailed > 0);
    put(data, "not_detailed",
        number > detailed ? "The newest " + words::count(static_cast<std::int64_t>(detailed)) + " of " +
                                words::count(static_cast<std::int64_t>(number)) +
                                " drills are shown in full; all of them stand in the table and in the "
                                "figures. rehearse show DRILL "
                                "shows any other."
                          : std::string());
}

void put_due(Data& data, const EnvironmentFigures& environment) {
    const DueCounts& due = environment.due;
    const std::size_t all = due.ran + due.refused + due.skipped + due.missed;
    put_flag(data, "has_due", all > 0);
    const auto count = [](std::size_t number) { return words::count(static_cast<std::int64_t>(number)); };
    put(data, "due_sentence",
        words::plural(static_cast<std::int64_t>(all), "due time", "due times") + ": " + count(due.ran) +
            " ran, " + count(due.refused) + " refused, " + count(due.skipped) + " skipped, " +
            count(due.missed) + " missed.");
    Data rows = list();
    for (const DueTime* time : environment.due_not_run) {
        Data row = object();
        put(row, "when", words::wall(time->due));
        put(row, "playbook", time->playbook.text());
        put(row, "fate", to_string(time->fate));
        put(row, "reason", time->reason.empty() ? std::string("no reason recorded") : time->reason);
        rows << row;
    }
    put_data(data, "due", rows);
    put_flag(data, "has_due_rows", !environment.due_not_run.empty());
}

void put_coverage(Data& data, const EnvironmentFigures& environment) {
    Data rows = list();
    for (const Coverage& coverage : environment.coverage) {
        Data row = object();
        put(row, "resource", coverage.resource.name);
        put(row, "adapter", coverage.resource.adapter);
        put_flag(row, "proved", coverage.last_proved != nullptr);
        put(row, "when",
            coverage.last_proved ? words::wall(coverage.last_proved->started_at) : std::string());
        put(row, "by", coverage.last_proved ? coverage.last_proved->id : std::string());
        rows << row;
    }
    put_list(data, "coverage", rows, !environment.coverage.empty());
}

}  // namespace

std::string environment_section(const EnvironmentFigures& environment, std::size_t index,
                                std::size_t detailed) {
    Data data = object();
    put(data, "anchor", anchor("environment", environment.summary.name));
    put(data, "index", std::to_string(index));
    put(data, "name", environment.summary.name);
    put_flag(data, "class_known", !environment.summary.class_.empty());
    put(data, "class_name", environment.summary.class_);
    put_facts(data, environment);
    put_claims(data, environment);
    put_flag(data, "has_chart", !environment.drills.empty());
    put_legend(data, environment);
    put_drills(data, environment, detailed);
    put_due(data, environment);
    put_coverage(data, environment);
    return render("page/environment.mustache", data);
}

}  // namespace rehearse::html
