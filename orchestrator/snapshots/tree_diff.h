// What differs between two trees of resources, file by file; a sidecar's changes item by item.
#pragma once

#include <optional>
#include <vector>

#include "orchestrator/ports/snapshot_store.h"
#include "orchestrator/snapshots/object_database.h"

namespace rehearse {

/// Sorted by resource and path; at most `limit` (0: all). Paths are printable: what is not UTF-8 stands as
/// \xNN. Subtrees with one id are never read. Fails: permanent (missing, damaged).
[[nodiscard]] std::vector<TreeDifference> diff_trees(const ObjectDatabase& database, const ObjectId& before,
                                                     const ObjectId& after, std::size_t limit);

}  // namespace rehearse
