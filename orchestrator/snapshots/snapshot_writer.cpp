// Commit order: the pack (with a commit on top of the branch as it was seen), then the refs under the store's
// lock. Where the branch moved in between, one more commit, loose, on top of where it is now.
#include "orchestrator/snapshots/snapshot_writer.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <set>
#include <utility>

#include "orchestrator/base/failure.h"
#include "orchestrator/snapshots/commit_format.h"
#include "orchestrator/snapshots/loose_object.h"
#include "orchestrator/snapshots/pack_writer.h"
#include "orchestrator/snapshots/refs.h"
#include "orchestrator/snapshots/tree_builder.h"
#include "orchestrator/snapshots/tree_format.h"

namespace rehearse {
namespace {

constexpr std::string_view branch_prefix = "refs/heads/";
constexpr int tries = 100;  // against git programs that move the branch without our lock

Failure wrong(const std::string& object, std::string message) {
    return Failure({.kind = FailureKind::invalid_input,
                    .operation = "write snapshot",
                    .object = object,
                    .native_code = {},
                    .message = std::move(message),
                    .remedy = {}});
}

/// What the tree writers share with the snapshot; it lives as long as any of them.
struct Draft {
    explicit Draft(std::shared_ptr<const ObjectDatabase> opened)
        : database(std::move(opened)),
          pack(
              database->pack_directory(), [this](const ObjectId& id) { return database->has(id); },
              database->codecs()) {}

    void begin(const std::string& name) {
        const std::lock_guard lock(mutex);
        if (committed) throw wrong(name, "the snapshot is committed already");
        if (!begun.insert(name).second) throw wrong(name, "the resource is in this snapshot already");
    }
    void finish(const std::string& name, const ObjectId& tree) {
        const std::lock_guard lock(mutex);
        finished.emplace(name, tree);
    }

    std::shared_ptr<const ObjectDatabase> database;
    PackWriter pack;
    std::mutex mutex;
    std::set<std::string> begun;
    std::map<std::string, ObjectId> finished;
    bool committed = false;
};

class GitSnapshotWriter : public SnapshotWriter {
  public:
    explicit GitSnapshotWriter(std::shared_ptr<const ObjectDatabase> database)
        : draft_(std::make_shared<Draft>(std::move(database))) {}

    std::unique_ptr<TreeWriter> resource(const ResourceName& name) override {
        draft_->begin(name.text());
        return make_tree_writer({.pack = draft_->pack,
                                 .keep_alive = draft_,
                                 .path = "resources/" + printable(name.text()),
                                 .finished = [draft = draft_.get(), key = name.text()](const ObjectId& tree) {
                                     draft->finish(key, tree);
                                 }});
    }

    void reuse(const ResourceName& name, const TreeId& tree) override {
        const std::optional<ObjectId> id = object_id_from(tree.text());
        if (!id) throw wrong(tree.text(), "this is no tree id");
        static_cast<void>(draft_->database->read(*id, ObjectType::tree));
        draft_->begin(name.text());
        draft_->finish(name.text(), *id);
    }

    SnapshotId commit(const json::object& manifest, const std::string& message, WallTime at,
                      const std::vector<std::string>& refs) override {
        const std::map<std::string, ObjectId> resources = close(refs);
        const json::object full = with_format(manifest);
        SnapshotCommit commit{
            .tree = write_root(resources, full), .parent = {}, .at = at, .message = message};
        const auto branch = std::find_if(refs.begin(), refs.end(), [](const std::string& name) {
            return name.starts_with(branch_prefix);
        });
        const auto encode = [&] { return encode_commit(commit, full, resources); };
        if (branch != refs.end()) commit.parent = read_ref(repository(), *branch);
        ObjectId id = draft_->pack.add(ObjectType::commit, encode());
        draft_->pack.install();
        draft_->database->refresh();

        RefUpdate update(repository(), refs);
        if (branch != refs.end()) {
            for (int left = tries; !update.set(*branch, id, commit.parent);) {
                if (--left == 0) throw moving(*branch);
                commit.parent = update.read(*branch);
                id = write_loose_object(repository(), ObjectType::commit, encode());
            }
            update.adopt_head(*branch);
        }
        set_others(update, refs, branch, id, commit.parent);
        return SnapshotId(to_hex(id));
    }

  private:
    using Refs = std::vector<std::string>;

    [[nodiscard]] const std::filesystem::path& repository() const { return draft_->database->repository(); }

    /// Nothing can be added from here on.
    std::map<std::string, ObjectId> close(const Refs& refs) {
        for (const std::string& name : refs) {
            if (!is_valid_ref(name)) throw wrong(name, "git does not take this as the name of a ref");
        }
        const std::lock_guard lock(draft_->mutex);
        if (draft_->committed) throw wrong("commit", "the snapshot is committed already");
        for (const std::string& name : draft_->begun) {
            if (!draft_->finished.contains(name)) throw wrong(name, "the resource is not finished");
        }
        draft_->committed = true;
        return draft_->finished;
    }

    static json::object with_format(const json::object& manifest) {
        json::object full = manifest;
        const json::value& format = full.emplace("format", snapshot_format).first->value();
        if (format != json::value(snapshot_format)) {
            throw wrong("manifest.json", "its \"format\" must be " + std::to_string(snapshot_format));
        }
        return full;
    }

    ObjectId write_root(const std::map<std::string, ObjectId>& resources, const json::object& manifest) {
        std::vector<TreeItem> items;
        items.reserve(resources.size());
        for (const auto& [name, tree] : resources) {
            items.push_back({.name = name, .id = tree, .mode = TreeMode::directory});
        }
        static_cast<void>(sort_tree(items));  // a map gave the names, so none is there twice
        const ObjectId resources_tree = draft_->pack.add(ObjectType::tree, encode_tree(items));
        const ObjectId manifest_blob = draft_->pack.add(ObjectType::blob, canonical_json(manifest) + "\n");
        return draft_->pack.add(
            ObjectType::tree,
            encode_tree({{.name = "manifest.json", .id = manifest_blob, .mode = TreeMode::file},
                         {.name = "resources", .id = resources_tree, .mode = TreeMode::directory}}));
    }

    /// All or none: what was set is put back where a later one fails.
    void set_others(RefUpdate& update, const Refs& refs, Refs::const_iterator branch, const ObjectId& id,
                    const std::optional<ObjectId>& parent) {
        std::vector<std::pair<std::string, std::optional<ObjectId>>> done;
        if (branch != refs.end()) done.emplace_back(*branch, parent);
        try {
            for (auto name = refs.begin(); name != refs.end(); ++name) {
                if (name == branch) continue;
                const std::optional<ObjectId> old = update.read(*name);
                if (old == id) continue;
                if (!update.set(*name, id, old)) throw moving(*name);
                done.emplace_back(*name, old);
            }
        } catch (...) {
            for (const auto& [name, old] : done) update.put_back(name, id, old);
            throw;
        }
    }

    static Failure moving(const std::string& ref) {
        return Failure({.kind = FailureKind::transient,
                        .operation = "commit snapshot",
                        .object = ref,
                        .native_code = {},
                        .message = "another git program keeps changing it",
                        .remedy = "stop that program, then take the snapshot again"});
    }

    std::shared_ptr<Draft> draft_;
};

}  // namespace

std::unique_ptr<SnapshotWriter> make_snapshot_writer(std::shared_ptr<const ObjectDatabase> database) {
    return std::make_unique<GitSnapshotWriter>(std::move(database));
}

}  // namespace rehearse
