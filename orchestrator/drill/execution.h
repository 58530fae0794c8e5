// One drill under way: what all its stages share.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "orchestrator/base/task_group.h"
#include "orchestrator/drill/journal.h"
#include "orchestrator/drill/world.h"
#include "orchestrator/model/plan.h"

namespace rehearse {

/// A snapshot of this drill, taken or found again in the journal.
struct TakenSnapshot {
    SnapshotId id;
    TreeId tree;  // of resources/
    std::map<ResourceName, TreeId> trees;
    std::map<ResourceName, json::object> identities;
    std::map<ResourceName, json::object> uncompared;     // CaptureReport::uncompared
    std::map<ResourceName, std::string> not_restorable;  // why a scratch restore did not prove it
    json::object described;                              // each resource's part of the manifest
    SteadyTime oldest;  // the steady instant before the first capture began: RPA counts from it
    WallTime taken_at;
};

struct Execution {
    World& world;
    const Plan& plan;
    DrillRecord& record;
    Lease& lease;
    Journal& journal;
    std::optional<TakenSnapshot> before;
    std::set<ResourceName> touched;  // may differ from the snapshot: restored and verified

    bool probing = false;  // the prober was started

    [[nodiscard]] Adapter& adapter(const ResourceName& name) const { return *world.adapters.at(name); }
    [[nodiscard]] const PlanResource& resource(const ResourceName& name) const {
        return *find_resource(plan, name);
    }
    void finding(const std::string& text) const { journal.add(EventKind::finding, {{"text", text}}); }
};

/// SHA-256(drill, step, operation, resource identity, plan hash): the same try has the same key.
[[nodiscard]] std::string idempotency_key(const Execution& execution, const std::string& step,
                                          const std::string& operation, const json::object& identity);

[[nodiscard]] inline json::value nanoseconds(SteadyTime instant) {
    return json::value(instant.since_boot.count());
}

}  // namespace rehearse
