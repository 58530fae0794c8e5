// Each directory is a node that knows its parent; a child that was dropped unfinished makes its parent fail,
// so that no snapshot silently lacks a part.
#include "orchestrator/snapshots/tree_builder.h"

#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "orchestrator/base/failure.h"
#include "orchestrator/ports/tree_name.h"
#include "orchestrator/snapshots/tree_format.h"

namespace rehearse {
namespace {

constexpr std::string_view empty_tree = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";

Failure wrong(const std::string& path, std::string message) {
    return Failure({.kind = FailureKind::invalid_input,
                    .operation = "write snapshot",
                    .object = path,
                    .native_code = {},
                    .message = std::move(message),
                    .remedy = {}});
}

class Node {
  public:
    explicit Node(TreeRoot root) : root_(std::make_shared<TreeRoot>(std::move(root))) {}
    Node(std::shared_ptr<Node> parent, std::string name)
        : root_(parent->root_), parent_(std::move(parent)), name_(std::move(name)) {}

    [[nodiscard]] PackWriter& pack() const { return root_->pack; }
    [[nodiscard]] std::string path() const {
        return parent_ ? parent_->path() + "/" + printable(name_) : root_->path;
    }
    [[nodiscard]] std::string path_of(std::string_view name) const { return path() + "/" + printable(name); }

    void check_name(std::string_view name) const {
        const std::string_view why = why_not_a_tree_name(name);
        if (!why.empty()) throw wrong(path_of(name), "git does not take this name: " + std::string(why));
    }

    void put(TreeItem item) {
        const std::lock_guard lock(mutex_);
        if (finished_) throw wrong(path_of(item.name), "the directory is finished already");
        items_.push_back(std::move(item));
    }

    void child_began(std::string_view name) {
        const std::lock_guard lock(mutex_);
        if (finished_) throw wrong(path_of(name), "the directory is finished already");
        ++unfinished_children_;
        last_begun_ = name;
    }
    void child_finished(TreeItem item, bool empty) {
        const std::lock_guard lock(mutex_);
        --unfinished_children_;
        if (!empty) items_.push_back(std::move(item));
    }

    ObjectId finish() {
        std::vector<TreeItem> items;
        {
            const std::lock_guard lock(mutex_);
            if (finished_) throw wrong(path(), "the directory is finished already");
            if (unfinished_children_ != 0) {
                throw wrong(path(), std::to_string(unfinished_children_) +
                                        " of its directories are not finished, the newest being " +
                                        printable(last_begun_));
            }
            finished_ = true;
            items.swap(items_);
        }
        if (const std::optional<std::string> twice = sort_tree(items)) {
            throw wrong(path_of(*twice), "the name is there twice");
        }
        const bool empty = items.empty();
        const std::string content = encode_tree(items);
        items = {};
        // An empty directory below another is no object at all; at the top it says "captured, and empty".
        const ObjectId id =
            empty && parent_ ? *object_id_from(empty_tree) : pack().add(ObjectType::tree, content);
        if (parent_) {
            parent_->child_finished({.name = name_, .id = id, .mode = TreeMode::directory}, empty);
        } else {
            root_->finished(id);
        }
        return id;
    }

  private:
    std::shared_ptr<TreeRoot> root_;
    std::shared_ptr<Node> parent_;
    std::string name_;
    std::mutex mutex_;
    std::vector<TreeItem> items_;
    std::size_t unfinished_children_ = 0;
    std::string last_begun_;
    bool finished_ = false;
};

class NodeWriter : public TreeWriter {
  public:
    explicit NodeWriter(std::shared_ptr<Node> node) : node_(std::move(node)) {}

    BlobId blob(std::string_view name, std::string_view content, bool executable) override {
        node_->check_name(name);
        if (content.size() > largest_blob) {
            throw wrong(node_->path_of(name), "a blob of " + std::to_string(content.size()) +
                                                  " bytes is more than the " + std::to_string(largest_blob) +
                                                  " that one may have");
        }
        const ObjectId id = node_->pack().add(ObjectType::blob, content);
        node_->put({.name = std::string(name),
                    .id = id,
                    .mode = executable ? TreeMode::executable : TreeMode::file});
        return BlobId(to_hex(id));
    }

    std::unique_ptr<TreeWriter> directory(std::string_view name) override {
        node_->check_name(name);
        auto child = std::make_shared<Node>(node_, std::string(name));
        auto writer = std::make_unique<NodeWriter>(std::move(child));
        node_->child_began(name);
        return writer;
    }

    TreeId finish() override { return TreeId(to_hex(node_->finish())); }

  private:
    std::shared_ptr<Node> node_;
};

}  // namespace

std::unique_ptr<TreeWriter> make_tree_writer(TreeRoot root) {
    return std::make_unique<NodeWriter>(std::make_shared<Node>(std::move(root)));
}

}  // namespace rehearse
