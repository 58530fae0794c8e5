// Thin wrappers: retries on EINTR, turns errno into Failure, and knows which calls need /proc.
#include "adapters/files/system.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

#include "adapters/support/names.h"

namespace rehearse::files {

namespace {

constexpr unsigned wanted_status = STATX_BASIC_STATS;

Status to_status(const struct statx& raw) {
    const auto has = [&](std::uint64_t bit) {
        return (raw.stx_attributes & raw.stx_attributes_mask & bit) != 0;
    };
    return {.id = {.device = makedev(raw.stx_dev_major, raw.stx_dev_minor), .inode = raw.stx_ino},
            .type = static_cast<mode_t>(raw.stx_mode & S_IFMT),
            .mode = static_cast<mode_t>(raw.stx_mode & 07777),
            .uid = raw.stx_uid,
            .gid = raw.stx_gid,
            .links = raw.stx_nlink,
            .size = raw.stx_size,
            .blocks = raw.stx_blocks,
            .device = makedev(raw.stx_rdev_major, raw.stx_rdev_minor),
            .mtime = {.tv_sec = raw.stx_mtime.tv_sec, .tv_nsec = raw.stx_mtime.tv_nsec},
            .ctime = {.tv_sec = raw.stx_ctime.tv_sec, .tv_nsec = raw.stx_ctime.tv_nsec},
            .immutable = has(STATX_ATTR_IMMUTABLE),
            .append_only = has(STATX_ATTR_APPEND),
            .no_dump = has(STATX_ATTR_NODUMP),
            .mount_root = has(STATX_ATTR_MOUNT_ROOT)};
}

}  // namespace

bool operator==(const timespec& a, const timespec& b) {
    return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

bool is_unchanged(const Status& before, const Status& after) {
    return before.id == after.id && before.type == after.type && before.size == after.size &&
           before.mtime == after.mtime && before.ctime == after.ctime;
}

Status status_of(int file, const std::string& path) {
    struct statx raw {};
    if (::statx(file, "", AT_EMPTY_PATH | AT_STATX_SYNC_AS_STAT, wanted_status, &raw) != 0) {
        throw failure_of(errno, "look at", path);
    }
    return to_status(raw);
}

bool is_read_only(int folder, const std::string& path) {
    struct statvfs about {};
    if (::fstatvfs(folder, &about) != 0) throw failure_of(errno, "look at", path);
    return (about.f_flag & ST_RDONLY) != 0;
}

std::optional<Status> status_at(int folder, const std::string& name, const std::string& path) {
    struct statx raw {};
    if (::statx(folder, name.c_str(), AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, wanted_status, &raw) != 0) {
        if (errno == ENOENT) return std::nullopt;
        throw failure_of(errno, "look at", path);
    }
    return to_status(raw);
}

FileDescriptor open_at(int folder, const std::string& name, int flags, mode_t mode) {
    int file = -1;
    do {
        file = ::openat(folder, name.c_str(), flags | O_CLOEXEC | O_NOFOLLOW, mode);
    } while (file < 0 && errno == EINTR);
    return FileDescriptor(file);
}

FileDescriptor open_to_read(int folder, const std::string& name, int flags) {
    FileDescriptor file = open_at(folder, name, flags | O_RDONLY | O_NOCTTY | O_NONBLOCK | O_NOATIME);
    if (!file && errno == EPERM) file = open_at(folder, name, flags | O_RDONLY | O_NOCTTY | O_NONBLOCK);
    return file;
}

FileDescriptor open_folder(int folder, const std::string& name, const std::string& path) {
    FileDescriptor file = open_to_read(folder, name, O_DIRECTORY);
    if (!file && (errno == ENOTDIR || errno == ELOOP || errno == ENOENT)) {
        throw changed_meanwhile("open", path, "it was a folder and is none any more");
    }
    if (!file) throw failure_of(errno, "open", path);
    return file;
}

std::vector<Name> names_in(int folder, const std::string& path) {
    std::vector<Name> names;
    constexpr std::size_t size = 64U << 10U;
    const auto buffer = std::make_unique<std::uint64_t[]>(size / sizeof(std::uint64_t));
    if (::lseek(folder, 0, SEEK_SET) < 0) throw failure_of(errno, "list", path);
    while (true) {
        const ssize_t got = ::getdents64(folder, buffer.get(), size);
        if (got < 0) throw failure_of(errno, "list", path);
        if (got == 0) return names;
        const char* const begin = reinterpret_cast<const char*>(buffer.get());
        for (ssize_t at = 0; at < got;) {
            const auto* entry = reinterpret_cast<const dirent64*>(begin + at);
            const std::string_view name = entry->d_name;
            if (name != "." && name != "..") names.push_back({std::string(name), entry->d_type});
            at += entry->d_reclen;
        }
    }
}

std::string name_of_descriptor(int file) { return "/proc/self/fd/" + std::to_string(file); }

Attributes attributes_of(int file, bool is_path_only, const std::string& path) {
    const std::string link = is_path_only ? name_of_descriptor(file) : std::string();
    const auto list = [&](char* to, std::size_t room) {
        return is_path_only ? ::listxattr(link.c_str(), to, room) : ::flistxattr(file, to, room);
    };
    const auto get = [&](const char* name, char* to, std::size_t room) {
        return is_path_only ? ::getxattr(link.c_str(), name, to, room) : ::fgetxattr(file, name, to, room);
    };
    char small[1024];
    std::string names;
    ssize_t got = list(small, sizeof small);
    if (got >= 0) {
        names.assign(small, static_cast<std::size_t>(got));
    } else if (errno == ERANGE) {
        names.resize(64U << 10U);  // XATTR_LIST_MAX
        got = list(names.data(), names.size());
        if (got >= 0) names.resize(static_cast<std::size_t>(got));
    }
    if (got < 0) {
        if (errno == ENOTSUP) return {};
        throw failure_of(errno, "read the extended attributes of", path);
    }
    Attributes all;
    for (std::size_t at = 0; at < names.size();) {
        const std::string name = names.c_str() + at;
        at += name.size() + 1;
        std::string value(256, '\0');
        ssize_t length = get(name.c_str(), value.data(), value.size());
        if (length < 0 && errno == ERANGE) {
            value.resize(64U << 10U);  // XATTR_SIZE_MAX
            length = get(name.c_str(), value.data(), value.size());
        }
        if (length < 0) {
            if (errno == ENODATA) continue;  // gone meanwhile: ctime tells
            throw failure_of(errno, "read the extended attribute " + escape_bytes(name) + " of", path);
        }
        value.resize(static_cast<std::size_t>(length));
        all.emplace_back(name, std::move(value));
    }
    std::sort(all.begin(), all.end());
    return all;
}

void set_attribute(int file, bool is_path_only, const std::string& name, const std::string& value,
                   const std::string& path) {
    const int result = is_path_only ? ::setxattr(name_of_descriptor(file).c_str(), name.c_str(), value.data(),
                                                 value.size(), 0)
                                    : ::fsetxattr(file, name.c_str(), value.data(), value.size(), 0);
    if (result != 0)
        throw failure_of(errno, "set the extended attribute " + escape_bytes(name) + " of", path);
}

void remove_attribute(int file, bool is_path_only, const std::string& name, const std::string& path) {
    const int result = is_path_only ? ::removexattr(name_of_descriptor(file).c_str(), name.c_str())
                                    : ::fremovexattr(file, name.c_str());
    if (result != 0 && errno != ENODATA) {
        throw failure_of(errno, "remove the extended attribute " + escape_bytes(name) + " of", path);
    }
}

Failure failure_of(int error, const std::string& operation, const std::string& path, std::string remedy) {
    if (remedy.empty()) {
        if (error == EACCES || error == EPERM) remedy = "check owner and mode, or run as root";
        if (error == ENOSPC || error == EDQUOT) remedy = "free some disk space, then try again";
        if (error == EROFS) remedy = "mount the file system writable";
        if (error == EMFILE) remedy = "raise the limit of open files (ulimit -n)";
    }
    return failure_from_errno(error, operation, path, std::move(remedy));
}

Failure failure_at(int error, const std::string& operation, int folder, const std::string& name,
                   const std::string& path) {
    if (error == EPERM || error == EACCES) {
        struct statx raw {};
        const auto is_locked = [&](const char* which, int flags) {
            return ::statx(folder, which, flags, wanted_status, &raw) == 0 &&
                   (to_status(raw).immutable || to_status(raw).append_only);
        };
        if (is_locked(name.c_str(), AT_SYMLINK_NOFOLLOW)) {
            return refused(operation, path, "it carries the immutable or append-only flag",
                           "run 'chattr -i -a' on it");
        }
        if (is_locked("", AT_EMPTY_PATH)) {
            return refused(operation, path, "its folder carries the immutable or append-only flag",
                           "run 'chattr -i -a' on the folder");
        }
    }
    if (error == EBUSY) {
        return refused(operation, path, "something is mounted on it or holds it busy",
                       "unmount it, or leave it out by 'exclude'");
    }
    return failure_of(error, operation, path);
}

Failure changed_meanwhile(const std::string& operation, const std::string& path, const std::string& what) {
    return Failure({.kind = FailureKind::transient,
                    .operation = operation,
                    .object = path,
                    .message = what,
                    .remedy = "stop what writes there, or leave it out by 'exclude'; then try again"});
}

Failure refused(const std::string& operation, const std::string& path, const std::string& message,
                const std::string& remedy) {
    return Failure({.kind = FailureKind::refused,
                    .operation = operation,
                    .object = path,
                    .message = message,
                    .remedy = remedy});
}

}  // namespace rehearse::files
