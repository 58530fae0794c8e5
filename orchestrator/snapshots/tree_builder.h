// TreeWriter over a pack: an open directory holds its entries' names and ids, nothing else.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "orchestrator/ports/tree.h"
#include "orchestrator/snapshots/pack_writer.h"

namespace rehearse {

/// A top directory. `finished` is told its id once, when it is whole. `pack` must outlive the writer, which
/// `keep_alive` can see to.
struct TreeRoot {
    PackWriter& pack;
    std::shared_ptr<void> keep_alive;
    std::string path;  // for messages
    std::function<void(const ObjectId&)> finished;
};
[[nodiscard]] std::unique_ptr<TreeWriter> make_tree_writer(TreeRoot root);

}  // namespace rehearse
