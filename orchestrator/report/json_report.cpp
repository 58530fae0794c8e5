// The report as one JSON document, schema rehearse.report/v1.
#include <cmath>
#include <unordered_map>

#include "orchestrator/report/figures.h"
#include "orchestrator/report/words.h"

namespace rehearse {

namespace {

json::value number_or_null(std::optional<std::int64_t> number) {
    return number ? json::value(*number) : json::value(nullptr);
}

json::object measured_json(const Measured& measured) {
    return {
        {"actual_ms", number_or_null(measured.actual_ms)},
        {"uncertainty_ms", measured.actual_ms ? json::value(measured.uncertainty_ms) : json::value(nullptr)},
        {"target_ms", number_or_null(measured.target_ms)},
        {"met", measured.actual_ms && measured.target_ms ? json::value(measured.met) : json::value(nullptr)}};
}

using Records = std::unordered_map<std::string, const DrillRecord*>;

/// JSON is UTF-8: a text that is not has its bytes escaped, wherever it stands.
void make_utf8(json::value& value) {
    if (json::string* text = value.if_string()) {
        if (!words::is_utf8(*text)) *text = words::printable(*text);
    } else if (json::array* array = value.if_array()) {
        for (json::value& element : *array) make_utf8(element);
    } else if (json::object* object = value.if_object()) {
        for (auto& member : *object) make_utf8(member.value());
    }
}

json::array texts(const std::vector<std::string>& values) {
    json::array array;
    for (const std::string& value : values) array.emplace_back(value);
    return array;
}

json::object playbook_json(const PlaybookFigures& playbook) {
    json::array bounds;
    for (const attainment::TimeBound& bound : playbook.time_bounds) {
        bounds.emplace_back(json::object{{"quantile_percent", std::lround(bound.quantile * 100)},
                                         {"confidence_percent", 95},
                                         {"within_ms", number_or_null(bound.within_ms)},
                                         {"needs_trials", bound.needs},
                                         {"failed_stands_there", bound.failed}});
    }
    json::object attained{{"hits", playbook.hits},
                          {"trials", playbook.trials},
                          {"target_ms", number_or_null(playbook.target_ms)},
                          {"confidence_percent", 95},
                          {"at_least_permyriad", nullptr},
                          {"sentence", attainment_sentence(playbook)}};
    if (playbook.lower_bound) {
        // Rounded down to 1/10,000, so that no claim grows by rounding.
        attained["at_least_permyriad"] =
            static_cast<std::int64_t>(std::floor(*playbook.lower_bound * 10000 + 1e-9));
    }
    return {{"playbook", playbook.playbook},
            {"kind", playbook.kind},
            {"title", playbook.title},
            {"drills", playbook.drills},
            {"attainment", std::move(attained)},
            {"latest_trial", playbook.latest ? json::value(playbook.latest->id) : json::value(nullptr)},
            {"times_measured", playbook.measured},
            {"median_ms", number_or_null(playbook.median_ms)},
            {"slowest_upper_ms", number_or_null(playbook.slowest_ms)},
            {"time_bounds", std::move(bounds)},
            {"recovery_point",
             {{"measured", playbook.points_measured},
              {"met", playbook.points_met},
              {"worst_ms", number_or_null(playbook.worst_point_ms)},
              {"target_ms", number_or_null(playbook.point_target_ms)}}}};
}

json::object drill_json(const DrillView& drill, const DrillRecord& record) {
    json::object object{
        {"drill", drill.id},
        {"playbook", drill.playbook},
        {"kind", drill.kind},
        {"title", drill.title},
        {"state", drill.state},
        {"verdict", drill.verdict ? json::value(to_string(*drill.verdict)) : json::value(nullptr)},
        {"trial", drill.is_trial()},
        {"in_time_and_equal", drill.is_hit()},
        {"started_at", to_rfc3339(drill.started_at)},
        {"ended_at", drill.ended_at ? json::value(to_rfc3339(*drill.ended_at)) : json::value(nullptr)},
        {"release", drill.release},
        {"plan_hash", drill.plan_hash},
        {"snapshot", drill.snapshot_commit},
        {"actor", {{"name", drill.actor}, {"kind", drill.actor_kind}}},
        {"host", drill.host},
        {"recovery_time", measured_json(drill.recovery_time)},
        {"recovery_point", measured_json(drill.recovery_point)},
        {"equal", drill.equal ? json::value(*drill.equal) : json::value(nullptr)},
        {"reasons", texts(drill.reasons)}};
    if (drill.kind == "rollback") {
        object["rollback_time"] = measured_json(drill.rollback_time);
        object["residue_items"] =
            drill.residue_known ? json::value(drill.residue_total) : json::value(nullptr);
    }
    object["result"] = record.result;
    return object;
}

json::object environment_json(const EnvironmentFigures& environment, const Records& records) {
    json::array resources, playbooks, drills, due, coverage;
    for (const ResourceSummary& resource : environment.summary.resources) {
        resources.emplace_back(json::object{{"resource", resource.name}, {"adapter", resource.adapter}});
    }
    json::object verdicts;
    for (const Verdict verdict : verdict_order) verdicts[to_string(verdict)] = environment.count(verdict);
    verdicts["unfinished"] = environment.unfinished;
    for (const PlaybookFigures& playbook : environment.playbooks)
        playbooks.emplace_back(playbook_json(playbook));
    for (const DrillView* drill : environment.drills) {
        drills.emplace_back(drill_json(*drill, *records.at(drill->id)));
    }
    for (const DueTime* time : environment.due_not_run) {
        due.emplace_back(json::object{{"playbook", time->playbook.text()},
                                      {"due", to_rfc3339(time->due)},
                                      {"fate", to_string(time->fate)},
                                      {"reason", time->reason},
                                      {"drill", time->drill.text()}});
    }
    for (const Coverage& covered : environment.coverage) {
        json::object row{
            {"resource", covered.resource.name}, {"last_proved_at", nullptr}, {"drill", nullptr}};
        if (covered.last_proved) {
            row["last_proved_at"] = to_rfc3339(covered.last_proved->started_at);
            row["drill"] = covered.last_proved->id;
        }
        coverage.emplace_back(std::move(row));
    }
    json::object object{{"environment", environment.summary.name},
                        {"class", environment.summary.class_},
                        {"service", environment.summary.service},
                        {"owner", environment.summary.owner},
                        {"resources", std::move(resources)},
                        {"probes", texts(environment.summary.probes)},
                        {"quarantine", nullptr},
                        {"verdicts", std::move(verdicts)},
                        {"due_times",
                         {{"ran", environment.due.ran},
                          {"refused", environment.due.refused},
                          {"skipped", environment.due.skipped},
                          {"missed", environment.due.missed},
                          {"not_run", std::move(due)}}},
                        {"playbooks", std::move(playbooks)},
                        {"coverage", std::move(coverage)},
                        {"drills", std::move(drills)}};
    if (environment.quarantine) {
        object["quarantine"] = json::object{{"drill", environment.quarantine->drill.text()},
                                            {"since", to_rfc3339(environment.quarantine->since)},
                                            {"reason", environment.quarantine->reason},
                                            {"resources", environment.quarantine->resources}};
    }
    return object;
}

}  // namespace

json::object json_report(const ReportInput& input) {
    const ReportFigures figures = add_up(input);
    Records records;
    for (const DrillRecord& record : input.drills) records[record.id.text()] = &record;
    json::array environments;
    for (const EnvironmentFigures& environment : figures.environments) {
        environments.emplace_back(environment_json(environment, records));
    }
    const auto text_or_null = [](const std::string& text) {
        return text.empty() ? json::value(nullptr) : json::value(text);
    };
    json::value report{{"schema", "rehearse.report/v1"},
                       {"made_at", to_rfc3339(input.made_at)},
                       {"workspace", input.workspace},
                       {"version", input.version},
                       {"checkpoint", text_or_null(input.checkpoint)},
                       {"filters",
                        {{"since", input.filters.since ? json::value(to_rfc3339(*input.filters.since))
                                                       : json::value(nullptr)},
                         {"environment", text_or_null(input.filters.environment)},
                         {"playbook", text_or_null(input.filters.playbook)}}},
                       {"assumptions", texts(assumptions())},
                       {"environments", std::move(environments)}};
    make_utf8(report);
    return std::move(report.as_object());
}

}  // namespace rehearse
