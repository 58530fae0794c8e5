// Stage: plan. Resolves a playbook against the live environment and gathers the facts that the guard judges.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "orchestrator/drill/world.h"
#include "orchestrator/guard/guard.h"
#include "orchestrator/model/plan.h"

namespace rehearse {

/// A plan with what was seen while making it. Only `plan` goes into the hash.
struct PlanView {
    Plan plan;
    PlanHash hash;
    std::vector<InterlockResult> interlocks;          // of the first phase
    std::map<ResourceName, std::vector<Item>> items;  // selected ones, with sizes
    std::map<ResourceName, std::vector<std::string>> sessions;
    std::vector<std::string> warnings;
    std::uint64_t disk_needed = 0;  // bytes on local disks for the restore
    std::uint64_t disk_free = 0;    // the least of the places that it needs
};

/// Reads only. Fails: transient or permanent where a resource can't be reached, naming it; invalid_input for
/// cycles.
[[nodiscard]] Task<PlanView> make_plan(World& world, const Environment& environment, const Playbook& playbook,
                                       const std::string& release,
                                       const std::vector<const AdapterDescriptor*>& descriptors);

/// What the guard needs to know of the plan's resources now.
[[nodiscard]] Task<std::vector<ResourceFacts>> gather_facts(World& world, const Plan& plan,
                                                            const std::optional<Enrolment>& enrolment);

/// All facts of the first phase. `own` is the drill that asks, where it has begun.
[[nodiscard]] Task<GuardFacts> gather_guard_facts(World& world, const Plan& plan, const DrillId& own = {});

/// Schema rehearse.plan_view/v1, for people and `--output json`. `forecast` comes from the history.
[[nodiscard]] json::object to_json(const PlanView& view, const json::object& forecast);

}  // namespace rehearse
