// The bare repository's own files: made whole or not at all.
#pragma once

#include <filesystem>

namespace rehearse {

/// Makes an empty bare repository there, durably, unless something is there already. Usable by several
/// processes at once. Fails: permanent (disk full), refused (rights).
void make_repository(const std::filesystem::path& repository);

}  // namespace rehearse
