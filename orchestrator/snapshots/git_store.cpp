// The port's methods in terms of this folder's parts; names of snapshots are resolved here.
#include "orchestrator/snapshots/git_store.h"

#include <algorithm>
#include <charconv>
#include <set>
#include <utility>

#include "orchestrator/base/failure.h"
#include "orchestrator/snapshots/commit_format.h"
#include "orchestrator/snapshots/layout.h"
#include "orchestrator/snapshots/leftovers.h"
#include "orchestrator/snapshots/object_database.h"
#include "orchestrator/snapshots/refs.h"
#include "orchestrator/snapshots/snapshot_writer.h"
#include "orchestrator/snapshots/tree_diff.h"
#include "orchestrator/snapshots/tree_format.h"
#include "orchestrator/snapshots/tree_reader.h"
#include "orchestrator/snapshots/verification.h"

namespace rehearse {
namespace {

namespace fs = std::filesystem;
constexpr std::size_t fewest_digits = 4;  // of an abbreviated id

Failure unknown(const std::string& name, std::string message, const EnvironmentName& environment) {
    const std::string shown = environment.empty() ? "ENVIRONMENT" : environment.text();
    return Failure({.kind = FailureKind::invalid_input,
                    .operation = "find snapshot",
                    .object = name,
                    .native_code = {},
                    .message = std::move(message),
                    .remedy = "list them: rehearse snapshots " + shown});
}

bool is_hex(std::string_view text) {
    return text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

class GitStore : public SnapshotStore {
  public:
    explicit GitStore(const fs::path& repository) : database_(std::make_shared<ObjectDatabase>(repository)) {
        clear_leftovers(database_->pack_directory());
    }

    std::unique_ptr<SnapshotWriter> begin() override {
        clear_leftovers(database_->pack_directory());
        database_->refresh();
        return make_snapshot_writer(database_);
    }

    SnapshotSummary find(const EnvironmentName& environment, const std::string& name) const override {
        const auto [base, back] = split_generations(name, environment);
        ObjectId id = resolve(environment, base);
        for (std::size_t left = back; left > 0; --left) {
            const std::optional<ObjectId> parent = commit(id).parent;
            if (!parent) throw unknown(name, "there are not that many snapshots before it", environment);
            id = *parent;
        }
        SnapshotSummary summary = summarise(id);
        const json::value* owner = summary.manifest.if_contains("environment");
        if (!environment.empty() && owner != nullptr && owner->is_string() &&
            owner->get_string() != environment.text()) {
            throw unknown(name, "it is a snapshot of " + std::string(owner->get_string()), environment);
        }
        return summary;
    }

    std::vector<SnapshotSummary> list(const EnvironmentName& environment, std::size_t limit) const override {
        std::vector<SnapshotSummary> found;
        std::optional<ObjectId> next = read_ref(repository(), branch_of(environment));
        while (next && (limit == 0 || found.size() < limit)) {
            found.push_back(summarise(*next));
            next = commit(*next).parent;
        }
        return found;
    }

    std::unique_ptr<TreeReader> open(const SnapshotId& id, const ResourceName& resource) const override {
        const ObjectId resources = resources_of(parse(id));
        const std::vector<TreeItem> items = tree(resources);
        const TreeItem* item = find_item(items, resource.text());
        const std::string path = "snapshot " + id.text().substr(0, 12) + ": resources/" + resource.text();
        if (item == nullptr || item->mode != TreeMode::directory) {
            throw Failure({.kind = FailureKind::invalid_input,
                           .operation = "open snapshot",
                           .object = path,
                           .native_code = {},
                           .message = "the snapshot has no such resource",
                           .remedy = "its resources: git -C " + repository().string() + " ls-tree " +
                                     id.text() + ":resources"});
        }
        return make_tree_reader(database_, item->id, path);
    }

    std::vector<TreeDifference> diff(const SnapshotId& before, const SnapshotId& after,
                                     std::size_t limit) const override {
        return diff_trees(*database_, resources_of(parse(before)), resources_of(parse(after)), limit);
    }

    Verification verify(const SnapshotId& id) const override {
        return verify_snapshot(*database_, parse(id));
    }

    StoreReport check() const override {
        std::vector<std::pair<WallTime, ObjectId>> found;
        std::set<ObjectId> seen;
        std::vector<FailureFields> broken;
        for (const std::string& ref : names_of_refs(repository())) {
            try {
                for (std::optional<ObjectId> next = read_ref(repository(), ref);
                     next && seen.insert(*next).second;) {
                    const SnapshotCommit read = commit(*next);
                    found.emplace_back(read.at, *next);
                    next = read.parent;
                }
            } catch (const Failure& failure) {
                broken.push_back(failure.fields());
                broken.back().object = ref + ": " + broken.back().object;
            }
        }
        std::sort(found.rbegin(), found.rend());
        std::vector<ObjectId> commits;
        commits.reserve(found.size());
        for (const auto& [at, id] : found) commits.push_back(id);
        StoreReport report = check_snapshots(*database_, commits);
        report.snapshots += broken.size();
        report.damaged.insert(report.damaged.begin(), broken.begin(), broken.end());
        return report;
    }

    void set_ref(const std::string& name, const SnapshotId& id) override {
        const ObjectId target = parse(id);
        static_cast<void>(commit(target));
        if (!is_valid_ref(name)) throw unknown(name, "git does not take this as the name of a ref", {});
        RefUpdate update(repository(), {name});
        if (!update.set(name, target, update.read(name))) {
            throw Failure({.kind = FailureKind::transient,
                           .operation = "set ref",
                           .object = name,
                           .native_code = {},
                           .message = "another git program changed it at the same moment",
                           .remedy = "try again"});
        }
    }

  private:
    [[nodiscard]] const fs::path& repository() const { return database_->repository(); }

    static std::string branch_of(const EnvironmentName& environment) {
        return "refs/heads/" + environment.text();
    }

    static ObjectId parse(const SnapshotId& id) {
        const std::optional<ObjectId> parsed = object_id_from(id.text());
        if (!parsed) throw unknown(id.text(), "this is no snapshot id (40 hex digits)", {});
        return *parsed;
    }

    [[nodiscard]] SnapshotCommit commit(const ObjectId& id) const {
        std::optional<SnapshotCommit> parsed = parse_commit(database_->read(id, ObjectType::commit).content);
        if (!parsed) throw database_->lost(id, ObjectType::commit, "its bytes are no commit");
        return std::move(*parsed);
    }

    [[nodiscard]] std::vector<TreeItem> tree(const ObjectId& id) const {
        std::optional<std::vector<TreeItem>> items =
            parse_tree(database_->read(id, ObjectType::tree).content);
        if (!items) throw database_->lost(id, ObjectType::tree, "its bytes are no tree");
        return std::move(*items);
    }

    [[nodiscard]] ObjectId entry_of(const ObjectId& commit_id, const ObjectId& root,
                                    std::string_view name) const {
        const std::vector<TreeItem> items = tree(root);
        const TreeItem* item = find_item(items, name);
        if (item == nullptr) {
            throw unknown(to_hex(commit_id), "it is no snapshot: it has no " + std::string(name), {});
        }
        return item->id;
    }
    [[nodiscard]] ObjectId resources_of(const ObjectId& id) const {
        return entry_of(id, commit(id).tree, "resources");
    }

    [[nodiscard]] SnapshotSummary summarise(const ObjectId& id) const {
        const SnapshotCommit parsed = commit(id);
        const std::string text =
            database_->read(entry_of(id, parsed.tree, "manifest.json"), ObjectType::blob).content;
        const json::value manifest = parse_json(text, "manifest.json of snapshot " + to_hex(id));
        const json::value* format =
            manifest.is_object() ? manifest.get_object().if_contains("format") : nullptr;
        if (format == nullptr || *format != json::value(snapshot_format)) {
            throw Failure({.kind = FailureKind::permanent,
                           .operation = "read snapshot",
                           .object = to_hex(id),
                           .native_code = {},
                           .message = "its manifest is not of format " + std::to_string(snapshot_format),
                           .remedy = "use the version of Rehearse that wrote it, or a newer one"});
        }
        return {.id = SnapshotId(to_hex(id)),
                .resources_tree = TreeId(to_hex(entry_of(id, parsed.tree, "resources"))),
                .at = parsed.at,
                .message = parsed.message,
                .manifest = manifest.get_object()};
    }

    /// "latest~2" is "latest" and 2.
    static std::pair<std::string, std::size_t> split_generations(const std::string& name,
                                                                 const EnvironmentName& environment) {
        const std::size_t tilde = name.rfind('~');
        if (tilde == std::string::npos) return {name, 0};
        std::size_t back = 1;
        const char* end = name.data() + name.size();
        if (tilde + 1 < name.size()) {
            const auto [stop, error] = std::from_chars(name.data() + tilde + 1, end, back);
            if (error != std::errc() || stop != end) {
                throw unknown(name, "after '~' stands a number: latest~1", environment);
            }
        }
        return {name.substr(0, tilde), back};
    }

    [[nodiscard]] ObjectId resolve(const EnvironmentName& environment, const std::string& name) const {
        if (name == "latest") {
            if (const std::optional<ObjectId> tip = read_ref(repository(), branch_of(environment)))
                return *tip;
            throw unknown(name, "the environment has no snapshot yet", environment);
        }
        for (const std::string& ref : {name, "refs/" + name, "refs/drills/" + name,
                                       "refs/drills/" + name + "/before", "refs/heads/" + name}) {
            if (!is_valid_ref(ref)) continue;
            if (const std::optional<ObjectId> id = read_ref(repository(), ref)) return *id;
        }
        if (name.size() >= fewest_digits && name.size() <= 40 && is_hex(name))
            return by_prefix(environment, name);
        throw unknown(name, "there is no snapshot, ref or drill of that name", environment);
    }

    [[nodiscard]] ObjectId by_prefix(const EnvironmentName& environment, const std::string& digits) const {
        database_->refresh();
        std::string padded = digits;
        padded.resize(40, '0');
        std::optional<ObjectId> found;
        for (const ObjectId& id : database_->with_prefix(*object_id_from(padded), digits.size())) {
            if (!database_->is_commit(id)) continue;
            if (found) throw unknown(digits, "several snapshots begin with these digits", environment);
            found = id;
        }
        if (found) return *found;
        throw unknown(digits, "no snapshot's id begins with these digits", environment);
    }

    std::shared_ptr<ObjectDatabase> database_;
};

}  // namespace

std::unique_ptr<SnapshotStore> open_git_store(const fs::path& repository, bool create) {
    if (create) make_repository(repository);
    check_repository(repository);
    return std::make_unique<GitStore>(repository);
}

}  // namespace rehearse
