// Written by hand rather than by git_repository_init: every file is known and synced, and one rename shows
// the whole.
#include "orchestrator/snapshots/layout.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <cerrno>

#include "orchestrator/base/digest.h"
#include "orchestrator/base/failure.h"
#include "orchestrator/base/file.h"
#include "orchestrator/base/handle.h"

namespace rehearse {
namespace {

namespace fs = std::filesystem;

// preciousObjects keeps git programs from deleting objects (gc, prune, repack -d); git honours it since 2.7,
// in version 0 too. Version 1 would make libgit2 1.5 match every line of this file with a regular expression
// each time it opens the store, and it leaks 20 KiB for each that does not match.
constexpr std::string_view configuration =
    R"(# Snapshots of Rehearse. Read them with any git; let only Rehearse write.
[core]
	repositoryformatversion = 0
	filemode = true
	bare = true
	logAllRefUpdates = false
	fsync = all
	fsyncMethod = fsync
[extensions]
	preciousObjects = true
[gc]
	auto = 0
[maintenance]
	auto = false
[receive]
	autogc = false
	fsckObjects = true
	denyNonFastForwards = true
	denyDeletes = true
)";

}  // namespace

void make_repository(const fs::path& repository) {
    std::error_code ignored;
    if (fs::exists(repository, ignored)) return;
    const fs::path parent = repository.parent_path().empty() ? fs::path(".") : repository.parent_path();
    make_directory_durably(parent);
    const fs::path temporary = repository.string() + ".new-" + random_hex(4);
    try {
        for (const char* folder : {"", "objects", "objects/info", "objects/pack", "refs", "refs/heads",
                                   "refs/tags", "refs/drills", "info"}) {
            make_directory_durably(*folder == '\0' ? temporary : temporary / folder);
        }
        write_file_durably(temporary / "description", "Snapshots of Rehearse\n");
        write_file_durably(temporary / "config", configuration);
        write_file_durably(temporary / "HEAD", "ref: refs/heads/main\n");
        if (::renameat2(AT_FDCWD, temporary.c_str(), AT_FDCWD, repository.c_str(), RENAME_NOREPLACE) != 0 &&
            (errno != EINVAL || ::rename(temporary.c_str(), repository.c_str()) != 0) && errno != EEXIST &&
            errno != ENOTEMPTY) {
            throw failure_from_errno(errno, "make snapshot store", repository);
        }
    } catch (...) {
        fs::remove_all(temporary, ignored);
        throw;
    }
    fs::remove_all(temporary, ignored);  // there still where another process was first
    const FileDescriptor folder(::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!folder || ::fsync(folder.get()) != 0) throw failure_from_errno(errno, "sync folder", parent);
}

}  // namespace rehearse
