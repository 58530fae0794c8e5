// Snapshots in memory, durable in the order in which the real store syncs: objects, commit, refs.
#include "tests/simulation/store.h"

#include <algorithm>
#include <utility>

#include "orchestrator/base/digest.h"
#include "orchestrator/base/failure.h"

namespace rehearse::simulation {

namespace {

using namespace std::chrono_literals;

Failure failure(const std::string& operation, const std::string& object, std::string message) {
    return Failure({.kind = FailureKind::permanent,
                    .operation = operation,
                    .object = object,
                    .message = std::move(message),
                    .remedy = "see the simulation"});
}

std::string digest_of(const std::map<ResourceName, TreeId>& trees, const std::string& more) {
    Digest digest(Digest::Algorithm::sha1);
    for (const auto& [name, tree] : trees) digest.update(name.text() + " " + tree.text() + "\n");
    digest.update(more);
    return digest.hex();
}

class Writer final : public SnapshotWriter {
  public:
    Writer(Repository& repository, Provider& provider) : repository_(repository), provider_(provider) {}

    std::unique_ptr<TreeWriter> resource(const ResourceName& name) override {
        return std::make_unique<Noting>(repository_.trees.writer(), *this, name);
    }
    void reuse(const ResourceName& name, const TreeId& tree) override { trees_[name] = tree; }

    SnapshotId commit(const json::object& manifest, const std::string& message, WallTime at,
                      const std::vector<std::string>& refs) override {
        provider_.pass(0ms, 4ms);
        if (provider_.strikes(Fault::store_fails)) throw failure("snapshot", message, "the disk is full");
        SnapshotId id(digest_of(trees_, canonical_json(manifest) + message));
        Repository::Commit made{.summary = {.id = id,
                                            .resources_tree = TreeId(digest_of(trees_, "")),
                                            .at = at,
                                            .message = message,
                                            .manifest = manifest},
                                .trees = trees_};
        change("snapshot: pack", [&] { repository_.commits.emplace(id, std::move(made)); });
        if (provider_.strikes(Fault::store_fails)) throw failure("snapshot", message, "fsync failed");
        change("snapshot: sync", [&] { repository_.commits.at(id).durable = true; });
        for (const std::string& ref : refs) {
            change("snapshot: ref", [&] { repository_.refs[ref] = id; });
            change("snapshot: sync ref", [&] { repository_.durable_refs[ref] = id; });
        }
        return id;
    }

  private:
    /// Tells the writer of the tree's id when it is finished.
    class Noting final : public TreeWriter {
      public:
        Noting(std::unique_ptr<TreeWriter> inner, Writer& writer, ResourceName name)
            : inner_(std::move(inner)), writer_(writer), name_(std::move(name)) {}
        BlobId blob(std::string_view name, std::string_view content, bool executable) override {
            return inner_->blob(name, content, executable);
        }
        std::unique_ptr<TreeWriter> directory(std::string_view name) override {
            return inner_->directory(name);
        }
        TreeId finish() override { return writer_.trees_[name_] = inner_->finish(); }

      private:
        std::unique_ptr<TreeWriter> inner_;
        Writer& writer_;
        ResourceName name_;
    };

    template <class Change>
    void change(const std::string& what, Change make) {
        provider_.pass(0ms, 2ms);
        if (!provider_.may_change(what)) throw failure(what, "", "the process is dead");
        make();
    }

    Repository& repository_;
    Provider& provider_;
    std::map<ResourceName, TreeId> trees_;
};

class Store final : public SnapshotStore {
  public:
    Store(Repository& repository, Provider& provider) : repository_(repository), provider_(provider) {}

    std::unique_ptr<SnapshotWriter> begin() override {
        return std::make_unique<Writer>(repository_, provider_);
    }
    SnapshotSummary find(const EnvironmentName& environment, const std::string& name) const override {
        read(name);
        const auto ref = repository_.refs.find(name == "latest" ? "refs/heads/" + environment.text() : name);
        return commit_at(ref == repository_.refs.end() ? SnapshotId(name) : ref->second).summary;
    }
    std::vector<SnapshotSummary> list(const EnvironmentName&, std::size_t limit) const override {
        std::vector<SnapshotSummary> all;
        for (const auto& [id, commit] : repository_.commits) all.push_back(commit.summary);
        std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.at > b.at; });
        if (limit != 0 && all.size() > limit) all.resize(limit);
        return all;
    }
    std::unique_ptr<TreeReader> open(const SnapshotId& id, const ResourceName& resource) const override {
        try {
            read(id.text());
        } catch (const Failure&) {
            provider_.on_unreadable(resource);
            throw;
        }
        const Repository::Commit& commit = commit_at(id);
        const auto tree = commit.trees.find(resource);
        if (tree == commit.trees.end()) throw failure("read snapshot", resource.text(), "it is not in there");
        return repository_.trees.open(tree->second);
    }
    std::vector<TreeDifference> diff(const SnapshotId& before, const SnapshotId& after,
                                     std::size_t limit) const override {
        read(before.text());
        std::vector<TreeDifference> all;
        const Repository::Commit &first = commit_at(before), &second = commit_at(after);
        for (const auto& [name, tree] : first.trees) {
            const auto other = second.trees.find(name);
            const auto was = repository_.trees.files(tree);
            const auto is = other == second.trees.end() ? std::map<std::string, std::string>{}
                                                        : repository_.trees.files(other->second);
            for (const auto& [path, content] : was) {
                const auto now = is.find(path);
                if (now == is.end()) {
                    all.push_back({name, ChangeKind::missing, path, git_blob_id(content).text(), ""});
                } else if (now->second != content) {
                    all.push_back({name, ChangeKind::changed, path, git_blob_id(content).text(),
                                   git_blob_id(now->second).text()});
                }
            }
            for (const auto& [path, content] : is) {
                if (!was.contains(path))
                    all.push_back({name, ChangeKind::extra, path, "", git_blob_id(content).text()});
            }
        }
        if (limit != 0 && all.size() > limit) all.resize(limit);
        return all;
    }
    Verification verify(const SnapshotId& id) const override {
        provider_.pass(0ms, 5ms);
        read(id.text());
        const Repository::Commit& commit = commit_at(id);
        Verification verification{.objects = 1, .digest = "sha256:" + digest_of(commit.trees, "proof")};
        for (const auto& [name, tree] : commit.trees)
            verification.objects += repository_.trees.files(tree).size();
        return verification;
    }
    StoreReport check() const override {
        StoreReport report;
        for (const auto& [name, id] : repository_.refs) {
            ++report.snapshots;
            if (repository_.commits.contains(id)) {
                report.objects += verify(id).objects;
            } else {
                report.damaged.push_back(
                    failure("read snapshot", name, "there is no such snapshot").fields());
            }
        }
        return report;
    }
    void set_ref(const std::string& name, const SnapshotId& id) override {
        repository_.refs[name] = repository_.durable_refs[name] = id;
    }

  private:
    void read(const std::string& object) const {
        if (provider_.strikes(Fault::read_fails)) throw failure("read snapshot", object, "a bad sector");
    }
    [[nodiscard]] const Repository::Commit& commit_at(const SnapshotId& id) const {
        const auto found = repository_.commits.find(id);
        if (found == repository_.commits.end())
            throw failure("read snapshot", id.text(), "there is no such snapshot");
        return found->second;
    }

    Repository& repository_;
    Provider& provider_;
};

}  // namespace

void Repository::crash(Loss loss, Random& random) {
    if (loss == Loss::none) return;
    const auto lost = [&] { return loss == Loss::all || random.once_in(2); };
    std::erase_if(commits, [&](const auto& entry) { return !entry.second.durable && lost(); });
    for (auto& [id, commit] : commits) commit.durable = true;
    std::map<std::string, SnapshotId> left = durable_refs;
    for (const auto& [name, id] : refs) {
        const auto before = durable_refs.find(name);
        const bool same = before != durable_refs.end() && before->second == id;
        if (!same && !lost() && commits.contains(id)) left[name] = id;
    }
    refs = durable_refs = std::move(left);
}

std::map<std::string, std::string> Repository::files(const SnapshotId& id,
                                                     const ResourceName& resource) const {
    auto all = trees.files(commits.at(id).trees.at(resource));
    all.erase("fields");
    return all;
}

std::unique_ptr<SnapshotStore> make_store(Repository& repository, Provider& provider) {
    return std::make_unique<Store>(repository, provider);
}

}  // namespace rehearse::simulation
