// Immutable once made, so that several threads may read through one.
#include "orchestrator/snapshots/tree_reader.h"

#include <utility>

#include "orchestrator/base/failure.h"
#include "orchestrator/snapshots/tree_format.h"

namespace rehearse {
namespace {

class GitTreeReader : public TreeReader {
  public:
    GitTreeReader(std::shared_ptr<const ObjectDatabase> database, const ObjectId& tree, std::string path)
        : database_(std::move(database)), tree_(tree), path_(std::move(path)) {
        std::optional<std::vector<TreeItem>> items =
            parse_tree(in_place(path_, [&] { return database_->read(tree_, ObjectType::tree).content; }));
        if (!items) throw wrong(FailureKind::permanent, path_, "it is not a tree");
        items_ = std::move(*items);
    }

    TreeId id() const override { return TreeId(to_hex(tree_)); }

    std::vector<TreeEntry> entries() const override {
        std::vector<TreeEntry> entries;
        entries.reserve(items_.size());
        for (const TreeItem& item : items_) {
            entries.push_back({.name = item.name,
                               .is_directory = item.mode == TreeMode::directory,
                               .executable = item.mode == TreeMode::executable,
                               .id = to_hex(item.id)});
        }
        return entries;
    }

    bool has(std::string_view name) const override { return find_item(items_, name) != nullptr; }

    std::string blob(std::string_view name) const override {
        const TreeItem& item = need(name);
        if (item.mode == TreeMode::directory) {
            throw wrong(FailureKind::permanent, path_of(name), "it is a directory, not a file");
        }
        return in_place(path_of(name), [&] { return database_->read(item.id, ObjectType::blob).content; });
    }

    std::unique_ptr<TreeReader> directory(std::string_view name) const override {
        const TreeItem& item = need(name);
        if (item.mode != TreeMode::directory) {
            throw wrong(FailureKind::permanent, path_of(name), "it is a file, not a directory");
        }
        return std::make_unique<GitTreeReader>(database_, item.id, path_of(name));
    }

  private:
    [[nodiscard]] std::string path_of(std::string_view name) const { return path_ + "/" + printable(name); }

    [[nodiscard]] const TreeItem& need(std::string_view name) const {
        const TreeItem* item = find_item(items_, name);
        if (item == nullptr)
            throw wrong(FailureKind::permanent, path_of(name), "the snapshot has no such entry");
        return *item;
    }

    static Failure wrong(FailureKind kind, const std::string& path, std::string message) {
        return Failure({.kind = kind,
                        .operation = "read snapshot",
                        .object = path,
                        .native_code = {},
                        .message = std::move(message),
                        .remedy = {}});
    }

    /// Adds the path to a failure that only knows the object's id.
    template <class Read>
    static std::string in_place(const std::string& path, Read read) {
        try {
            return read();
        } catch (const Failure& failure) {
            FailureFields fields = failure.fields();
            fields.object = path + " (" + fields.object + ")";
            throw Failure(std::move(fields));
        }
    }

    std::shared_ptr<const ObjectDatabase> database_;
    ObjectId tree_;
    std::string path_;
    std::vector<TreeItem> items_;
};

}  // namespace

std::unique_ptr<TreeReader> make_tree_reader(std::shared_ptr<const ObjectDatabase> database,
                                             const ObjectId& tree, std::string path) {
    return std::make_unique<GitTreeReader>(std::move(database), tree, std::move(path));
}

}  // namespace rehearse
