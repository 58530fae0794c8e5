// The snapshot store in a bare git repository. Packs are written by pack_writer.h and read by
// object_database.h; libgit2 keeps the refs. Why so: decision 0002.
#pragma once

#include <filesystem>
#include <memory>

#include "orchestrator/ports/snapshot_store.h"

namespace rehearse {

/// Opens workspace/.rehearse/snapshots.git; with `create` makes it (mode 0700) where there is none, and it is
/// whole or not there at all. Leftovers of writers that were killed are removed. Fails: invalid_input (there
/// is none), permanent (not a snapshot store, broken), refused (rights, another owner).
[[nodiscard]] std::unique_ptr<SnapshotStore> open_git_store(const std::filesystem::path& repository,
                                                            bool create);

}  // namespace rehearse
