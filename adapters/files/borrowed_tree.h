// A tree that belongs to somebody else, where one of one's own is asked for.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/ports/tree.h"

namespace rehearse::files {

/// `tree` must outlive it. A restore's root has one, since its tree belongs to the caller.
class BorrowedTree final : public TreeReader {
  public:
    explicit BorrowedTree(const TreeReader& tree) : tree_(tree) {}
    TreeId id() const override { return tree_.id(); }
    std::vector<TreeEntry> entries() const override { return tree_.entries(); }
    bool has(std::string_view name) const override { return tree_.has(name); }
    std::string blob(std::string_view name) const override { return tree_.blob(name); }
    std::unique_ptr<TreeReader> directory(std::string_view name) const override {
        return tree_.directory(name);
    }

  private:
    const TreeReader& tree_;
};

}  // namespace rehearse::files
