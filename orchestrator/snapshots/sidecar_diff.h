// What changed in a directory's sidecar, item by item, without holding both sidecars in memory.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "orchestrator/snapshots/object_database.h"

namespace rehearse {

struct SidecarChange {
    enum class Sides { before_only, after_only, both };
    std::string name;            // as the sidecar says it; "." is the directory itself
    Sides sides = Sides::both;   // where the item has a line
    bool another_thing = false;  // on both sides, but of another type or pointing elsewhere
};

/// A sidecar's blobs in order: one, or several where it was too large for one. None: no sidecar.
using SidecarBlobs = std::vector<ObjectId>;

/// Calls for every item whose lines differ. False where a sidecar cannot be understood; what was called for
/// until then stays true.
[[nodiscard]] bool compare_sidecars(const ObjectDatabase& database, const SidecarBlobs& before,
                                    const SidecarBlobs& after,
                                    const std::function<void(const SidecarChange&)>& call);

}  // namespace rehearse
