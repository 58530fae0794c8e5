// Shared by `plan`, `run`, `serve`: a playbook made into a plan in an opened world.
#pragma once

#include <memory>
#include <string>

#include "orchestrator/cli/console.h"
#include "orchestrator/cli/workspace.h"
#include "orchestrator/drill/plan.h"

namespace rehearse {

/// A playbook with its environment's world and the plan, ready to be shown or run.
struct PreparedDrill {
    std::unique_ptr<ProgressObserver> observer;
    std::unique_ptr<CommandAlarm> alarm;
    std::unique_ptr<OpenWorld> open;
    PlanView view;
    json::object forecast;  // expected downtime, from this playbook's history
};

/// Opens the environment, and makes the workspace's state where there is none yet; `view` is still empty.
/// Fails: invalid_input, and as the ledger does.
[[nodiscard]] PreparedDrill open_drill(const Host& host, Workspace& workspace, const Playbook& playbook);

/// Opens the environment and plans. Only reads the environment. Fails as make_plan() does.
[[nodiscard]] PreparedDrill prepare_drill(const Host& host, Workspace& workspace, const Playbook& playbook,
                                          const std::string& release);

/// {"expected_downtime_ms": median of the measured recoveries or null, "based_on": how many}.
[[nodiscard]] json::object forecast_from(const std::vector<DrillRecord>& drills);

}  // namespace rehearse
