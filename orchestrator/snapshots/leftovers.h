// What a killed writer leaves in objects/pack/, and how the next one tidies it. A writer that lives holds a
// lock on its pack, under its temporary name and its final one.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace rehearse {

enum class LeftoverKind { pack, index };

/// The temporary name of a writer's file; `mark` is the same for both. git takes "tmp_..." for garbage of its
/// own kind.
[[nodiscard]] std::string leftover_name(LeftoverKind kind, std::string_view mark);

/// Removes the files of writers that died. One that died after its pack had its final name and before its
/// index had gets that last step done. Files it can't touch (a read-only store) stay. Never fails.
void clear_leftovers(const std::filesystem::path& pack_directory) noexcept;

}  // namespace rehearse
