// The commands that mend a full disk, missing rights, a read-only mount.
#include "orchestrator/snapshots/remedy.h"

#include <cerrno>

namespace rehearse {

std::string remedy_for(int error, const std::filesystem::path& where) {
    switch (error) {
        case ENOSPC:
        case EDQUOT:
            return "free space there (df -h " + where.string() + "), then try again";
        case EACCES:
        case EPERM:
            return "run as its owner, or take it over: chown -R $USER " + where.string();
        case EROFS:
            return "mount it writable: mount -o remount,rw $(findmnt -no TARGET -T " + where.string() + ")";
        case EMFILE:
        case ENFILE:
            return "allow more open files: ulimit -n";
        case ENOENT:
            return "a part of the store is gone; see what else is: git -C " + where.string() + " fsck --full";
        case EIO:
            return "the disk fails: look at dmesg, then copy " + where.string() + " to another one";
        default:
            return {};
    }
}

}  // namespace rehearse
