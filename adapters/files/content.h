// The content of one regular file, to and from a snapshot: a blob, or a directory of chunks with holes
// between.
#pragma once

#include <string>

#include "adapters/files/entry.h"
#include "adapters/files/system.h"
#include "orchestrator/ports/tree.h"

namespace rehearse::files {

/// Zeros of this size and alignment, in bytes, are left as holes when a sparse file is written.
inline constexpr std::uint64_t hole_block = 4096;
/// Holes of this size and alignment, in bytes, are not even read.
inline constexpr std::uint64_t large_hole = 1U << 20U;

/// Writes the content of an open file as `name` and fills in the entry's content part. `before` is its status
/// when it was opened. Tries again where it changes while it is read and nothing is written yet. Gives the
/// status that the content belongs to. Fails: transient naming the file.
Status capture_content(int file, const Status& before, TreeWriter& writer, const std::string& name,
                       Entry& entry, const std::string& path);

/// Whether an open file has exactly the content that the snapshot has for `entry`. `blob` is the id of the
/// blob or of the directory of chunks; empty where there is none (all of it is a hole).
[[nodiscard]] bool has_content(int file, const Status& status, const TreeReader& reader, const Entry& entry,
                               const std::string& tree_name, const std::string& blob,
                               const std::string& path);

/// Writes the snapshot's content into a new, empty file. Gives its size in bytes.
std::uint64_t restore_content(int file, const TreeReader& reader, const Entry& entry,
                              const std::string& tree_name, const std::string& path);

}  // namespace rehearse::files
