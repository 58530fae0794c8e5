// The snapshot store port: commits whose trees hold each resource's canonical state, plus a manifest.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "orchestrator/base/clock.h"
#include "orchestrator/base/failure.h"
#include "orchestrator/base/ids.h"
#include "orchestrator/base/json.h"
#include "orchestrator/ports/tree.h"

namespace rehearse {

/// A snapshot being written. Layout of its root tree: `manifest.json` (canonical JSON, with "format": 1) and
/// `resources/<name>/...`. Nothing is visible before commit(); dropping it without commit leaves no ref.
class SnapshotWriter {
  public:
    virtual ~SnapshotWriter() = default;
    /// The writer of resources/<name>/. Several may be open at once, on different threads.
    [[nodiscard]] virtual std::unique_ptr<TreeWriter> resource(const ResourceName& name) = 0;
    /// Takes resources/<name>/ over as it is in an earlier snapshot of this store.
    virtual void reuse(const ResourceName& name, const TreeId& tree) = 0;
    /// Durable when it returns: pack, index, folder, commit, then the refs (fsync in that order).
    /// `refs` are full names (refs/heads/<environment>, refs/drills/<id>/before) set to the new commit.
    virtual SnapshotId commit(const json::object& manifest, const std::string& message, WallTime at,
                              const std::vector<std::string>& refs) = 0;
};

struct SnapshotSummary {
    SnapshotId id{};
    TreeId resources_tree{};  // of resources/: what fidelity compares
    WallTime at{};
    std::string message{};
    json::object manifest{};
};

enum class ChangeKind { missing, extra, changed, metadata };  // seen from the first to the second
[[nodiscard]] std::string_view to_string(ChangeKind value);

/// One file of the tree that differs. `path` is inside the resource: "files/a/b.conf".
struct TreeDifference {
    ResourceName resource{};
    ChangeKind kind = ChangeKind::changed;
    std::string path{};
    std::string before_id, after_id;  // blob ids; empty where there is none
};

struct Verification {
    std::uint64_t objects = 0;
    std::uint64_t bytes = 0;
    std::string digest{};  // sha256 over every object's id and content digest in order: the proof
};

/// What reading the whole store back said.
struct StoreReport {
    std::uint64_t snapshots = 0;
    std::uint64_t objects = 0, bytes = 0;  // read and found whole, each once
    std::vector<FailureFields> damaged{};  // one for each damaged snapshot: it, the object, what to do
};

/// Blocking; runs on worker threads; safe to use from several threads. Fails: permanent naming the object.
class SnapshotStore {
  public:
    virtual ~SnapshotStore() = default;
    [[nodiscard]] virtual std::unique_ptr<SnapshotWriter> begin() = 0;
    /// Resolves a full or abbreviated id, a ref, or "latest" in the environment. Fails: invalid_input where
    /// there is none.
    [[nodiscard]] virtual SnapshotSummary find(const EnvironmentName& environment,
                                               const std::string& name) const = 0;
    /// The environment's snapshots, newest first.
    [[nodiscard]] virtual std::vector<SnapshotSummary> list(const EnvironmentName& environment,
                                                            std::size_t limit) const = 0;
    [[nodiscard]] virtual std::unique_ptr<TreeReader> open(const SnapshotId& id,
                                                           const ResourceName& resource) const = 0;
    /// Files that differ between the `resources/` trees of two snapshots, sorted; at most `limit` (0: all).
    [[nodiscard]] virtual std::vector<TreeDifference> diff(const SnapshotId& before, const SnapshotId& after,
                                                           std::size_t limit) const = 0;
    /// Reads every object of the snapshot back from the disk and hashes it.
    [[nodiscard]] virtual Verification verify(const SnapshotId& id) const = 0;
    /// Reads every snapshot that a ref leads to back, newest first. Fails: permanent where refs can't be
    /// read.
    [[nodiscard]] virtual StoreReport check() const = 0;
    virtual void set_ref(const std::string& name, const SnapshotId& id) = 0;
};

}  // namespace rehearse
