// Gives an open file the owner, mode, times, attributes and flags that an entry says, changing only what
// differs.
#pragma once

#include <string>

#include "adapters/files/entry.h"
#include "adapters/files/system.h"

namespace rehearse::files {

struct Target {
    int file = -1;
    bool is_path_only = false;  // opened with O_PATH: symlinks, FIFOs, sockets, device nodes
    std::string path{};         // for failures
};

/// Whether everything but content, target and links is as the entry says.
[[nodiscard]] bool has_metadata(const Entry& wanted, const Entry& live);

/// For a file that was just made by this process: sets everything. `may_inherit`: its folder has a default
/// ACL, so that it may carry one that the entry doesn't know.
void apply_to_new(const Target& target, const Entry& wanted, bool may_inherit);

/// For one that was there. True where anything differed.
bool apply_differences(const Target& target, const Entry& wanted, const Entry& live);

}  // namespace rehearse::files
