// A tree that is only hashed: what a snapshot of the live state would hold, to be compared with one.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "orchestrator/ports/tree.h"

namespace rehearse::postgresql {

struct IdNode {
    std::map<std::string, std::string> blobs;  // name -> id
    std::map<std::string, IdNode> folders;

    /// The folder at "a/b", or null.
    [[nodiscard]] const IdNode* at(const std::string& path) const;
};

/// Writes into `node`, which outlives it. Folders may be written from different threads.
[[nodiscard]] std::unique_ptr<TreeWriter> id_writer(IdNode& node);

/// Names of blobs (with their folder) below `tree` and `node` that differ, or are in one only.
[[nodiscard]] std::set<std::string> differing(const TreeReader* tree, const IdNode* node);

}  // namespace rehearse::postgresql
