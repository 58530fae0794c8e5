// A snapshot in the making: directories gather their entries, blobs go straight to the pack, commit ties it
// together.
#pragma once

#include <memory>

#include "orchestrator/ports/snapshot_store.h"
#include "orchestrator/snapshots/object_database.h"

namespace rehearse {

/// The version of a snapshot's layout; manifests carry it as "format".
inline constexpr int snapshot_format = 1;

/// Starts a snapshot in `database`'s repository.
[[nodiscard]] std::unique_ptr<SnapshotWriter> make_snapshot_writer(
    std::shared_ptr<const ObjectDatabase> database);

}  // namespace rehearse
