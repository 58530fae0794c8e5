// TreeReader over the object database: a directory's entries are held, its blobs are read when asked for.
#pragma once

#include <memory>
#include <string>

#include "orchestrator/ports/tree.h"
#include "orchestrator/snapshots/object_database.h"

namespace rehearse {

/// `path` is for messages: "snapshot 1a2b3c4: resources/config". Fails: permanent (missing, damaged).
[[nodiscard]] std::unique_ptr<TreeReader> make_tree_reader(std::shared_ptr<const ObjectDatabase> database,
                                                           const ObjectId& tree, std::string path);

}  // namespace rehearse
