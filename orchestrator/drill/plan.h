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
    std::vector<ResourceName> unreadable;  // none of their items could be named
    std::string approved{};                // nonce of the proposal that speaks for it; empty: none needed
    std::uint64_t disk_needed = 0;         // bytes on local disks for the restore
    std::uint64_t disk_free = 0;           // the least of the places that it needs
};

/// Reads only. A resource that can't be read is a refusal in `interlocks`, and the plan names none of its
/// items. Fails: invalid_input for cycles and for options that an adapter can't read; as the ledger does.
[[nodiscard]] Task<PlanView> make_plan(World& world, const Environment& environment, const Playbook& playbook,
                                       const std::string& release,
                                       const std::vector<const AdapterDescriptor*>& descriptors);

/// Resources that could not be looked at, and why.
using Unreadable = std::map<ResourceName, FailureFields>;

/// The quarantine and the drill that are open in the plan's environment, `own` aside, into `facts`.
void gather_open(const Ledger& ledger, const DrillId& own, GuardFacts& facts);

/// All facts of the first phase. `own` is the drill that asks; empty: none has begun. Resources that are
/// known to be `unreadable` already are not asked again. The arguments outlive the task.
[[nodiscard]] Task<GuardFacts> gather_guard_facts(World& world, const Plan& plan, const DrillId& own,
                                                  const Unreadable& unreadable);

/// Schema rehearse.plan_view/v1, for people and `--output json`. `forecast` comes from the history.
[[nodiscard]] json::object to_json(const PlanView& view, const json::object& forecast);

}  // namespace rehearse
