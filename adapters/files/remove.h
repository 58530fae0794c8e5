// Takes names out of a file tree: exactly those asked for, relative to open folders, never across a mount.
#pragma once

#include <functional>
#include <string>

#include "adapters/files/filter.h"
#include "adapters/files/walk.h"

namespace rehearse::files {

struct Removal {
    const Filter& filter;
    /// Whether a name is to go, as shown; folders end with '/'. Null: everything that the filter does not
    /// leave out.
    std::function<bool(const std::string& shown)> is_named{};
    /// Whether anything below a folder may be named; null: yes.
    std::function<bool(const std::string& shown_folder)> may_hold{};
    /// Called before each effect; may throw to stop.
    std::function<void()> before_each{};
    std::string operation = "destroy";
    bool makes_writable = false;  // gives this user write permission on its own folders where that is missing
    unsigned threads = 1;
};

/// Removes what is named below an open folder, which itself stays. Gives the number of names removed. A
/// folder that still holds something stays. Safe to call again. Fails: refused at a mount; as unlink does.
std::uint64_t remove_below(FileDescriptor folder, const std::string& path, Filter::State state,
                           const Removal& removal);

}  // namespace rehearse::files
