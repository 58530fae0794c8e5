// A tree on a disk that breaks.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "orchestrator/base/failure.h"
#include "orchestrator/ports/tree.h"

namespace rehearse::test {

/// Passes on to another tree until it has given `left` blobs; then the disk is broken.
class BreakingTree final : public TreeReader {
  public:
    BreakingTree(std::unique_ptr<TreeReader> tree, std::atomic<int>& left)
        : tree_(std::move(tree)), left_(left) {}
    TreeId id() const override { return tree_->id(); }
    std::vector<TreeEntry> entries() const override { return tree_->entries(); }
    bool has(std::string_view name) const override { return tree_->has(name); }
    std::string blob(std::string_view name) const override {
        if (left_-- <= 0) {
            throw Failure(
                {.kind = FailureKind::permanent, .operation = "read", .object = "tree", .message = "broken"});
        }
        return tree_->blob(name);
    }
    std::unique_ptr<TreeReader> directory(std::string_view name) const override {
        return std::make_unique<BreakingTree>(tree_->directory(name), left_);
    }

  private:
    std::unique_ptr<TreeReader> tree_;
    std::atomic<int>& left_;
};

}  // namespace rehearse::test
