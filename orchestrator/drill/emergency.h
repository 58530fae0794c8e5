// The emergency button: brings an environment back to a snapshot outside a drill.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "orchestrator/drill/world.h"

namespace rehearse {

struct EmergencyRequest {
    const Environment& environment;
    SnapshotSummary snapshot;
    bool keep_current = true;  // first captures what is there now, where it can, so that nothing is lost
};

struct EmergencyOutcome {
    std::optional<SnapshotId> kept;  // the state before, as far as it could be captured
    std::map<ResourceName, std::string>
        not_kept;  // resources whose state before could not be captured, and why
    std::map<ResourceName, RestoreReport> restored;
    std::map<ResourceName, std::string> not_restored;  // and why
    std::vector<TreeDifference> differences;           // between the snapshot and what is there now
    bool equal = false;                                // proved
};

/// The environment is quarantined before the first effect, so that a crash can't leave it silently half
/// restored; the quarantine ends when equality is proved. Fails: refused for class production, without an
/// enrolment, for a marker or identity that is not the enrolled one, and while a drill runs.
[[nodiscard]] Task<EmergencyOutcome> restore_environment(World& world, EmergencyRequest request);

}  // namespace rehearse
