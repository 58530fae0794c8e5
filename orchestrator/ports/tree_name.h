// Which names a snapshot's tree may hold: those that no git on any system takes for its own. Adapters escape
// the rest.
#pragma once

#include <string_view>

namespace rehearse {

/// Why `name` cannot be an entry of a snapshot's tree, in words; empty where it can. Refused are what `git
/// fsck --strict` refuses (empty, ".", "..", '/', NUL, ".git" in any case or in the disguises of HFS+ and
/// NTFS), and .gitattributes and .gitmodules in the same disguises: git would obey the former on checkout and
/// judges the content of both.
[[nodiscard]] std::string_view why_not_a_tree_name(std::string_view name);

/// True for "<16 hex digits>-<8 hex digits>", the offset and length of a chunk. A directory with no other
/// names is the content of one file larger than `largest_blob`, and a snapshot's diff reports it as that one
/// file.
[[nodiscard]] bool is_chunk_name(std::string_view name);

}  // namespace rehearse
