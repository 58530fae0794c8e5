// A missing file is made under its own name; one that differs is replaced by rename. A kill in between leaves
// something that the next restore sees as different. All of it reaches the disk with one sync at the end.
#include "adapters/files/restore_file.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "adapters/files/apply.h"
#include "adapters/files/content.h"
#include "adapters/files/filter.h"
#include "orchestrator/base/digest.h"

namespace rehearse::files {

namespace {

std::string link_target(int file, const std::string& path) {
    std::string target(4097, '\0');
    const ssize_t got = ::readlinkat(file, "", target.data(), target.size());
    if (got < 0) throw failure_of(errno, "read", path);
    target.resize(static_cast<std::size_t>(got));
    return target;
}

/// Whether nobody but this name leads to the file, so that it may be changed in place.
bool is_own(const Status& status) { return status.links == 1; }

enum class Look { equal, put_right, replace };

Look look_at_regular(const Spot& spot, const Entry& wanted, const std::string& name) {
    const FileDescriptor file = open_to_read(spot.folder, name, 0);
    if (!file) return Look::replace;  // unreadable, or not what it was a moment ago
    const Status status = status_of(file.get(), spot.path);
    if (status.type != S_IFREG) return Look::replace;
    if (status.links > 1 && !spot.claim(status.id)) return Look::replace;
    if (spot.tree == nullptr ||
        !has_content(file.get(), status, *spot.tree, wanted, spot.tree_name, spot.blob, spot.path)) {
        return Look::replace;
    }
    const Entry live = entry_of(name, status, attributes_of(file.get(), false, spot.path), spot.path);
    if (has_metadata(wanted, live)) return Look::equal;
    if (!is_own(status) && !live.immutable && !live.append_only) return Look::replace;
    apply_differences({.file = file.get(), .path = spot.path}, wanted, live);
    return Look::put_right;
}

Look look_at_other(const Spot& spot, const Entry& wanted, const std::string& name) {
    const FileDescriptor file = open_at(spot.folder, name, O_PATH);
    if (!file) return Look::replace;
    const Status status = status_of(file.get(), spot.path);
    if (kind_of(status, spot.path) != wanted.kind) return Look::replace;
    if (status.links > 1 && !spot.claim(status.id)) return Look::replace;
    const Entry live = entry_of(name, status, attributes_of(file.get(), true, spot.path), spot.path);
    if (wanted.kind == Kind::symlink && link_target(file.get(), spot.path) != wanted.target)
        return Look::replace;
    if (live.device != wanted.device) return Look::replace;
    if (has_metadata(wanted, live)) return Look::equal;
    if (!is_own(status)) return Look::replace;
    apply_differences({.file = file.get(), .is_path_only = true, .path = spot.path}, wanted, live);
    return Look::put_right;
}

/// False where the name is taken.
bool make_regular(const Spot& spot, const Entry& wanted, const std::string& name, Outcome& outcome) {
    const FileDescriptor file = open_at(spot.folder, name, O_RDWR | O_CREAT | O_EXCL | O_NOCTTY, 0600);
    if (!file) {
        if (errno == EEXIST) return false;
        throw failure_at(errno, "restore", spot.folder, name, spot.path);
    }
    if (spot.tree == nullptr)
        throw changed_meanwhile("restore", spot.path, "the snapshot holds no content for it");
    outcome.bytes = restore_content(file.get(), *spot.tree, wanted, spot.tree_name, spot.path);
    apply_to_new({.file = file.get(), .path = spot.path}, wanted, spot.may_inherit);
    return true;
}

bool make_other(const Spot& spot, const Entry& wanted, const std::string& name) {
    int result = 0;
    switch (wanted.kind) {
        case Kind::symlink:
            result = ::symlinkat(wanted.target.c_str(), spot.folder, name.c_str());
            break;
        case Kind::fifo:
            result = ::mknodat(spot.folder, name.c_str(), S_IFIFO | 0600, 0);
            break;
        case Kind::socket:
            result = ::mknodat(spot.folder, name.c_str(), S_IFSOCK | 0600, 0);
            break;
        case Kind::character_device:
            result = ::mknodat(spot.folder, name.c_str(), S_IFCHR | 0600, wanted.device);
            break;
        default:
            result = ::mknodat(spot.folder, name.c_str(), S_IFBLK | 0600, wanted.device);
            break;
    }
    if (result != 0) {
        if (errno == EEXIST) return false;
        throw failure_at(errno, "restore", spot.folder, name, spot.path);
    }
    // By descriptor from here on, and only if it is what was just made: somebody may write in this folder.
    const FileDescriptor file = open_at(spot.folder, name, O_PATH);
    const Status status = file ? status_of(file.get(), spot.path) : Status{};
    if (!file || kind_of(status, spot.path) != wanted.kind || !is_own(status) || status.uid != ::geteuid() ||
        (wanted.kind == Kind::symlink && link_target(file.get(), spot.path) != wanted.target)) {
        throw changed_meanwhile("restore", spot.path, "somebody replaced it as it was made");
    }
    apply_to_new({.file = file.get(), .is_path_only = true, .path = spot.path}, wanted, spot.may_inherit);
    return true;
}

bool make(const Spot& spot, const Entry& wanted, const std::string& name, Outcome& outcome) {
    return wanted.kind == Kind::file ? make_regular(spot, wanted, name, outcome)
                                     : make_other(spot, wanted, name);
}

}  // namespace

std::string temporary_name() { return std::string(temporary_prefix) + random_hex(16); }

Outcome restore_file(const Spot& spot, const Entry& wanted) {
    Outcome outcome;
    if (!spot.is_absent) {
        const Look look = wanted.kind == Kind::file ? look_at_regular(spot, wanted, wanted.name)
                                                    : look_at_other(spot, wanted, wanted.name);
        if (look == Look::equal) return outcome;
        outcome.changed = true;
        if (look == Look::put_right) return outcome;
        outcome.replaced = true;
    }
    outcome.changed = true;
    if (spot.is_absent && make(spot, wanted, wanted.name, outcome)) return outcome;
    const std::string temporary = temporary_name();
    try {
        if (!make(spot, wanted, temporary, outcome)) {
            throw changed_meanwhile("restore", spot.path, "a random name was taken");
        }
        if (::renameat(spot.folder, temporary.c_str(), spot.folder, wanted.name.c_str()) != 0) {
            throw failure_at(errno, "restore", spot.folder, wanted.name, spot.path);
        }
    } catch (...) {
        static_cast<void>(::unlinkat(spot.folder, temporary.c_str(), 0));
        throw;
    }
    return outcome;
}

}  // namespace rehearse::files
