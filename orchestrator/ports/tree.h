// Trees of blobs: how adapters write a resource's canonical state into a snapshot, and read it back.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/base/ids.h"

namespace rehearse {

/// The largest blob an adapter may write, in bytes. Larger contents become a tree of blobs.
inline constexpr std::size_t largest_blob = 4U << 20U;

/// The file in a directory that holds what git's tree cannot: canonical JSON lines, one object per line, each
/// with a "name" key, sorted by it. A snapshot's diff reports changes in it entry by entry, as metadata.
inline constexpr std::string_view sidecar_name = ".rehearse-meta.jsonl";

/// Writes one directory of a snapshot. Entries may come in any order; git's order is made when it is
/// finished. One writer is used by one thread at a time; different directories may be written from different
/// threads at once.
class TreeWriter {
  public:
    virtual ~TreeWriter() = default;
    /// `name` must be one that tree_name.h accepts, and new in this directory (a second one fails at
    /// finish()); `content` at most `largest_blob` bytes. Fails: invalid_input, permanent (disk full).
    virtual BlobId blob(std::string_view name, std::string_view content, bool executable = false) = 0;
    /// A directory below this one. It must be finished before this one is.
    [[nodiscard]] virtual std::unique_ptr<TreeWriter> directory(std::string_view name) = 0;
    /// Ends the directory. An empty directory below another is dropped, as git has none.
    virtual TreeId finish() = 0;
};

struct TreeEntry {
    std::string name;
    bool is_directory = false;
    bool executable = false;
    std::string id;  // git id, hex
};

/// Reads one directory of a snapshot. Every blob is re-hashed as it is read (libgit2's strict verification).
/// Can be used from several threads at once.
class TreeReader {
  public:
    virtual ~TreeReader() = default;
    [[nodiscard]] virtual TreeId id() const = 0;
    /// In git's order.
    [[nodiscard]] virtual std::vector<TreeEntry> entries() const = 0;
    [[nodiscard]] virtual bool has(std::string_view name) const = 0;
    /// Fails: permanent where it is missing or its bytes don't match its id.
    [[nodiscard]] virtual std::string blob(std::string_view name) const = 0;
    [[nodiscard]] virtual std::unique_ptr<TreeReader> directory(std::string_view name) const = 0;
};

}  // namespace rehearse
