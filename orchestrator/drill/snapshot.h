// Stage: snapshot. Captures an environment into a commit, and proves that it can be read back.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "orchestrator/drill/execution.h"
#include "orchestrator/ports/adapter.h"

namespace rehearse {

struct SnapshotRequest {
    EnvironmentName environment{};
    std::vector<PlanResource> resources{};  // of the environment, all of them
    std::set<ResourceName> capture{};       // these are captured; the others are taken over from `reuse`
    const TakenSnapshot* reuse = nullptr;
    std::string message{};            // of the commit
    std::vector<std::string> refs{};  // full names, set to the new commit
    int parallel = 2;                 // captures at once
};

/// Captures on worker threads and commits durably. Before each capture the live identity must be the
/// resource's own. Fails as the adapters and the store do, refused where an identity is another; nothing is
/// visible then.
[[nodiscard]] Task<TakenSnapshot> take_snapshot(World& world, SnapshotRequest request);

/// The drill's snapshot in `role` ("before", "after", "residue"), under refs/drills/<id>/<role>, written into
/// the journal.
[[nodiscard]] Task<TakenSnapshot> take_drill_snapshot(Execution& execution, std::string role,
                                                      std::set<ResourceName> capture);

/// The "before" snapshot as the journal tells it, for a drill that is resumed.
[[nodiscard]] std::optional<TakenSnapshot> snapshot_from_journal(const std::vector<DrillEvent>& events);

}  // namespace rehearse
