// Puts one name of a folder right: a file, a symlink, a FIFO, a socket, a device node.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "adapters/files/entry.h"
#include "orchestrator/ports/tree.h"

namespace rehearse::files {

/// Where one name is to be put right.
struct Spot {
    int folder = -1;
    const TreeReader* tree = nullptr;  // of the folder; null where it holds no content
    std::string tree_name{};           // of the name in `tree`
    std::string blob{};                // id of the content in `tree`; empty: none
    std::string path{};                // for failures
    bool is_absent = false;            // known not to be there
    bool may_inherit = false;          // the folder has a default ACL
    /// Whether a live file with several links may be taken for this entry; asked once per name.
    std::function<bool(const InodeId&)> claim{};
};

struct Outcome {
    bool changed = false;
    bool replaced = false;    // something else stood there, and is gone
    std::uint64_t bytes = 0;  // of content written
};

/// A folder in the way is the caller's to remove first. Changes a file in place only where nothing but this
/// name leads to it; else makes a new one and renames it over. Fails: as the system does; transient where
/// somebody changes it meanwhile.
Outcome restore_file(const Spot& spot, const Entry& wanted);

/// A name that no one else has: for what is renamed into place.
[[nodiscard]] std::string temporary_name();

}  // namespace rehearse::files
