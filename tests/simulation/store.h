// A stand-in for the git store: real git ids of blobs and trees, commits and refs that a crash may lose until
// they were synced. What it leaves out is in README.md.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "orchestrator/ports/snapshot_store.h"
#include "tests/simulation/provider.h"
#include "tests/support/memory_tree.h"

namespace rehearse::simulation {

/// The repository on the disk, which outlives the processes.
struct Repository {
    struct Commit {
        SnapshotSummary summary{};
        std::map<ResourceName, TreeId> trees{};
        bool durable = false;
    };
    test::MemoryTrees trees{};
    std::map<SnapshotId, Commit> commits{};
    std::map<std::string, SnapshotId> refs{}, durable_refs{};

    void crash(Loss loss, Random& random);
    /// A resource's files in a snapshot, without what its tree says of the resource itself.
    [[nodiscard]] std::map<std::string, std::string> files(const SnapshotId& id,
                                                           const ResourceName& resource) const;
};

[[nodiscard]] std::unique_ptr<SnapshotStore> make_store(Repository& repository, Provider& provider);

}  // namespace rehearse::simulation
