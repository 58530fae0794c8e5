// The kernel's file calls, always relative to an open folder and never through a symlink.
#pragma once

#include <sys/types.h>
#include <time.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/base/failure.h"
#include "orchestrator/base/handle.h"

namespace rehearse::files {

struct InodeId {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    auto operator<=>(const InodeId&) const = default;
};

/// What statx tells of one file.
struct Status {
    InodeId id{};
    mode_t type = 0;  // S_IFMT part
    mode_t mode = 0;  // 07777 part
    uid_t uid = 0;
    gid_t gid = 0;
    std::uint64_t links = 0;
    std::uint64_t size = 0;    // bytes
    std::uint64_t blocks = 0;  // of 512 bytes
    dev_t device = 0;          // of a device node
    timespec mtime{};
    timespec ctime{};
    bool immutable = false;
    bool append_only = false;
    bool no_dump = false;
    bool mount_root = false;
};
[[nodiscard]] bool operator==(const timespec& a, const timespec& b);
/// Whether a file was written to, replaced or touched between two looks at it.
[[nodiscard]] bool is_unchanged(const Status& before, const Status& after);

/// Of an open file, O_PATH too. `path` is for failures only, here and below.
[[nodiscard]] Status status_of(int file, const std::string& path);
/// Whether the folder's file system is mounted read-only: what a write by anybody would meet.
[[nodiscard]] bool is_read_only(int folder, const std::string& path);
/// Of a name in an open folder, not following symlinks; none where there is no such name.
[[nodiscard]] std::optional<Status> status_at(int folder, const std::string& name, const std::string& path);

/// openat with O_CLOEXEC and O_NOFOLLOW; an empty descriptor and errno where it fails.
[[nodiscard]] FileDescriptor open_at(int folder, const std::string& name, int flags, mode_t mode = 0);
/// The same for reading, without changing the access time where that is allowed.
[[nodiscard]] FileDescriptor open_to_read(int folder, const std::string& name, int flags);
/// A folder. Fails: transient where the name is no folder any more.
[[nodiscard]] FileDescriptor open_folder(int folder, const std::string& name, const std::string& path);

struct Name {
    std::string name;
    unsigned char type = 0;  // DT_*, DT_UNKNOWN possible
};
/// The names in an open folder, without "." and "..", in no order.
[[nodiscard]] std::vector<Name> names_in(int folder, const std::string& path);

/// Extended attributes by name, sorted. Works on O_PATH descriptors too.
using Attributes = std::vector<std::pair<std::string, std::string>>;
[[nodiscard]] Attributes attributes_of(int file, bool is_path_only, const std::string& path);
void set_attribute(int file, bool is_path_only, const std::string& name, const std::string& value,
                   const std::string& path);
void remove_attribute(int file, bool is_path_only, const std::string& name, const std::string& path);

/// "/proc/self/fd/7": a name for an open file, where a call takes only names.
[[nodiscard]] std::string name_of_descriptor(int file);

/// A Failure from errno; where the file or its folder is immutable, says so with the command that helps.
[[nodiscard]] Failure failure_of(int error, const std::string& operation, const std::string& path,
                                 std::string remedy = {});
/// The same, after a look at the file and its folder for what explains EPERM.
[[nodiscard]] Failure failure_at(int error, const std::string& operation, int folder, const std::string& name,
                                 const std::string& path);
/// Transient: somebody changed `path` meanwhile.
[[nodiscard]] Failure changed_meanwhile(const std::string& operation, const std::string& path,
                                        const std::string& what);
[[nodiscard]] Failure refused(const std::string& operation, const std::string& path,
                              const std::string& message, const std::string& remedy);

}  // namespace rehearse::files
