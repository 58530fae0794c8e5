// Opening a world and making a plan in it.
#include "orchestrator/cli/planning.h"

#include <algorithm>

namespace rehearse {

json::object forecast_from(const std::vector<DrillRecord>& drills) {
    std::vector<std::int64_t> times;
    for (const DrillRecord& drill : drills) {
        const json::value* time = drill.result.if_contains("recovery_time");
        if (time == nullptr || !time->is_object()) continue;
        const json::value* actual = time->get_object().if_contains("actual_ms");
        if (actual != nullptr && actual->is_number()) times.push_back(actual->to_number<std::int64_t>());
    }
    if (times.empty()) return {{"expected_downtime_ms", nullptr}, {"based_on", 0}};
    const auto middle = times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2);
    std::nth_element(times.begin(), middle, times.end());
    return {{"expected_downtime_ms", *middle}, {"based_on", times.size()}};
}

PreparedDrill open_drill(const Host& host, Workspace& workspace, const Playbook& playbook) {
    PreparedDrill prepared;
    const Environment& environment = workspace.environment(playbook.environment.text());
    // Before the first enrolment there is no ledger yet; the guard refuses all the same, and a plan can be
    // read.
    workspace.make_state();
    prepared.observer = std::make_unique<ProgressObserver>(host);
    prepared.alarm = std::make_unique<CommandAlarm>(
        host, workspace.files().settings ? workspace.files().settings->alarm : std::nullopt);
    prepared.open = std::make_unique<OpenWorld>(host, workspace, environment, &playbook, *prepared.observer,
                                                *prepared.alarm);
    prepared.forecast = forecast_from(workspace.ledger().drills(
        {.environment = playbook.environment, .playbook = playbook.name, .since = {}, .limit = 20}));
    return prepared;
}

PreparedDrill prepare_drill(const Host& host, Workspace& workspace, const Playbook& playbook,
                            const std::string& release) {
    PreparedDrill prepared = open_drill(host, workspace, playbook);
    const Environment& environment = workspace.environment(playbook.environment.text());
    const std::vector<const AdapterDescriptor*> descriptors(host.adapters.begin(), host.adapters.end());
    host.run([&]() -> Task<void> {
        prepared.view =
            co_await make_plan(prepared.open->world(), environment, playbook, release, descriptors);
    });
    return prepared;
}

}  // namespace rehearse
