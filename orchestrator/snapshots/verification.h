// Reads a whole snapshot back from the disk and hashes every object: the proof that stands before a destroy.
#pragma once

#include "orchestrator/ports/snapshot_store.h"
#include "orchestrator/snapshots/object_database.h"

namespace rehearse {

/// Every object of the commit and its tree (its parents are other snapshots). The digest is the SHA-256 of
/// lines "<id> <sha256 of the content>\n" sorted by id, so that git and sha256sum can make it again. Two
/// threads. Fails: permanent, naming the object, its paths and the snapshot.
[[nodiscard]] Verification verify_snapshot(const ObjectDatabase& database, const ObjectId& commit);

/// The same for many snapshots; what a whole one holds is not read again for those after it. Damage is in the
/// report, one entry for each damaged snapshot.
[[nodiscard]] StoreReport check_snapshots(const ObjectDatabase& database,
                                          const std::vector<ObjectId>& commits);

}  // namespace rehearse
