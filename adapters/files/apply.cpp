// The order matters: chown clears setuid and capabilities, an ACL changes the mode's group bits, and the
// immutable flag forbids all the rest.
#include "adapters/files/apply.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "adapters/support/names.h"

namespace rehearse::files {

namespace {

void set_owner(const Target& target, const Entry& wanted) {
    if (::fchownat(target.file, "", wanted.uid, wanted.gid, AT_EMPTY_PATH) == 0) return;
    const int error = errno;
    const Status status = status_of(target.file, target.path);
    if (status.uid == wanted.uid && status.gid == wanted.gid) return;
    throw failure_of(
        error, "give to its owner", target.path,
        "run as root, or as user " + std::to_string(wanted.uid) + " in group " + std::to_string(wanted.gid));
}

void set_mode(const Target& target, mode_t mode) {
    const int result = target.is_path_only ? ::chmod(name_of_descriptor(target.file).c_str(), mode)
                                           : ::fchmod(target.file, mode);
    if (result != 0) throw failure_at(errno, "set the mode of", target.file, "", target.path);
}

void set_mtime(const Target& target, const timespec& mtime) {
    const timespec times[2] = {{.tv_sec = 0, .tv_nsec = UTIME_OMIT}, mtime};
    int result = target.is_path_only ? ::utimensat(target.file, "", times, AT_EMPTY_PATH)
                                     : ::futimens(target.file, times);
    if (result != 0 && target.is_path_only && errno == EINVAL) {  // before Linux 5.8
        result = ::utimensat(AT_FDCWD, name_of_descriptor(target.file).c_str(), times, 0);
    }
    if (result != 0) throw failure_at(errno, "set the time of", target.file, "", target.path);
}

void set_attributes(const Target& target, const Attributes& wanted, const Attributes& live) {
    for (const auto& [name, value] : live) {
        const auto same_name = [&name = name](const auto& attribute) { return attribute.first == name; };
        if (name == "security.evm" || std::any_of(wanted.begin(), wanted.end(), same_name)) continue;
        remove_attribute(target.file, target.is_path_only, name, target.path);
    }
    for (const auto& attribute : wanted) {
        if (std::find(live.begin(), live.end(), attribute) != live.end()) continue;
        set_attribute(target.file, target.is_path_only, attribute.first, attribute.second, target.path);
    }
}

bool has_flags(const Entry& wanted, const Entry& live) {
    return wanted.immutable == live.immutable && wanted.append_only == live.append_only &&
           wanted.no_dump == live.no_dump;
}

void set_flags(const Target& target, const Entry& wanted) {
    unsigned flags = 0;
    if (::ioctl(target.file, FS_IOC_GETFLAGS, &flags) != 0)
        throw failure_of(errno, "set the flags of", target.path);
    flags &= ~static_cast<unsigned>(FS_IMMUTABLE_FL | FS_APPEND_FL | FS_NODUMP_FL);
    if (wanted.immutable) flags |= FS_IMMUTABLE_FL;
    if (wanted.append_only) flags |= FS_APPEND_FL;
    if (wanted.no_dump) flags |= FS_NODUMP_FL;
    if (::ioctl(target.file, FS_IOC_SETFLAGS, &flags) != 0)
        throw failure_of(errno, "set the flags of", target.path);
}

}  // namespace

bool has_metadata(const Entry& wanted, const Entry& live) {
    return wanted.mode == live.mode && wanted.uid == live.uid && wanted.gid == live.gid &&
           (!wanted.mtime || (live.mtime && *wanted.mtime == *live.mtime)) &&
           wanted.attributes == live.attributes && has_flags(wanted, live);
}

void apply_to_new(const Target& target, const Entry& wanted, bool may_inherit) {
    set_owner(target, wanted);
    if (may_inherit || !wanted.attributes.empty()) {
        set_attributes(target, wanted.attributes,
                       attributes_of(target.file, target.is_path_only, target.path));
    }
    if (wanted.kind != Kind::symlink) set_mode(target, wanted.mode);
    if (wanted.mtime) set_mtime(target, *wanted.mtime);
    if (wanted.immutable || wanted.append_only || wanted.no_dump) set_flags(target, wanted);
}

bool apply_differences(const Target& target, const Entry& wanted, const Entry& live) {
    if (has_metadata(wanted, live)) return false;
    if (live.immutable || live.append_only) {
        throw refused("restore", target.path, "it differs, and it carries the immutable or append-only flag",
                      "run 'chattr -i -a' on it, then restore again");
    }
    const bool changes_owner = wanted.uid != live.uid || wanted.gid != live.gid;
    if (changes_owner) set_owner(target, wanted);
    const bool changes_attributes = changes_owner || wanted.attributes != live.attributes;
    if (changes_attributes) {
        set_attributes(target, wanted.attributes,
                       attributes_of(target.file, target.is_path_only, target.path));
    }
    if (wanted.kind != Kind::symlink && (wanted.mode != live.mode || changes_attributes)) {
        set_mode(target, wanted.mode);
    }
    if (wanted.mtime && !(live.mtime && *wanted.mtime == *live.mtime)) set_mtime(target, *wanted.mtime);
    if (!has_flags(wanted, live)) set_flags(target, wanted);
    return true;
}

}  // namespace rehearse::files
