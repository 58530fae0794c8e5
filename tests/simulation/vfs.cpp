// The calls of sqlite3_vfs and sqlite3_io_methods, after os_unix.c: what it syncs is synced here, nothing
// else.
#include "tests/simulation/vfs.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

namespace rehearse::simulation {

namespace {

struct File {
    sqlite3_file base{};
    Vfs* vfs = nullptr;
    std::shared_ptr<Inode> inode{};
    std::string name{};
    bool sync_folder_too = false;  // a journal's name must be durable with its first sync
    bool delete_at_end = false;
};

File& file_of(sqlite3_file* file) { return *reinterpret_cast<File*>(file); }

}  // namespace

/// Static functions for SQLite's tables; a struct, so that it can be a friend.
struct VfsCalls {
    static bool frozen(const Vfs& vfs) { return vfs.events_.frozen(); }

    static int close(sqlite3_file* handle) {
        File& file = file_of(handle);
        (void)unlock(handle, SQLITE_LOCK_NONE);
        if (file.delete_at_end && !frozen(*file.vfs)) file.vfs->disk_.remove(file.name);
        file.~File();
        return SQLITE_OK;
    }
    static int read(sqlite3_file* handle, void* buffer, int size, sqlite3_int64 offset) {
        const File& file = file_of(handle);
        if (!frozen(*file.vfs) && file.vfs->events_.read_fails()) return SQLITE_IOERR_READ;
        const std::string& content = file.inode->current;
        auto* bytes = static_cast<char*>(buffer);
        const auto from = static_cast<std::size_t>(offset), wanted = static_cast<std::size_t>(size);
        const std::size_t there = from < content.size() ? std::min(wanted, content.size() - from) : 0;
        if (there > 0) std::memcpy(bytes, content.data() + from, there);
        if (there == wanted) return SQLITE_OK;
        std::memset(bytes + there, 0, wanted - there);
        return SQLITE_IOERR_SHORT_READ;
    }
    static int write(sqlite3_file* handle, const void* bytes, int size, sqlite3_int64 offset) {
        File& file = file_of(handle);
        const DiskFault fault = file.vfs->events_.before_change("write", file.name);
        if (frozen(*file.vfs)) return SQLITE_IOERR_WRITE;
        if (fault == DiskFault::full) return SQLITE_FULL;
        const std::string_view view(static_cast<const char*>(bytes), static_cast<std::size_t>(size));
        return file.vfs->disk_.write(*file.inode, static_cast<std::size_t>(offset), view) ? SQLITE_OK
                                                                                          : SQLITE_FULL;
    }
    static int truncate(sqlite3_file* handle, sqlite3_int64 size) {
        File& file = file_of(handle);
        file.vfs->events_.before_change("truncate", file.name);
        if (frozen(*file.vfs)) return SQLITE_IOERR_TRUNCATE;
        file.vfs->disk_.truncate(*file.inode, static_cast<std::size_t>(size));
        return SQLITE_OK;
    }
    static int sync(sqlite3_file* handle, int) {
        File& file = file_of(handle);
        const DiskFault fault = file.vfs->events_.before_change("sync", file.name);
        if (frozen(*file.vfs)) return SQLITE_IOERR_FSYNC;
        file.vfs->disk_.sync(*file.inode, fault == DiskFault::sync_fails);
        if (fault == DiskFault::sync_fails) return SQLITE_IOERR_FSYNC;
        if (!std::exchange(file.sync_folder_too, false)) return SQLITE_OK;
        file.vfs->events_.before_change("sync folder", file.name);
        if (frozen(*file.vfs)) return SQLITE_IOERR_DIR_FSYNC;
        file.vfs->disk_.sync_folder();
        return SQLITE_OK;
    }
    static int size(sqlite3_file* handle, sqlite3_int64* size) {
        *size = static_cast<sqlite3_int64>(file_of(handle).inode->current.size());
        return SQLITE_OK;
    }

    static int lock(sqlite3_file* handle, int wanted) {
        File& file = file_of(handle);
        if (frozen(*file.vfs)) return SQLITE_IOERR_LOCK;
        FileLocks& locks = file.vfs->locks_[file.name];
        int& own = locks.held[handle];
        locks.process_of[handle] = file.vfs->events_.process();
        if (own >= wanted) return SQLITE_OK;
        int others = SQLITE_LOCK_NONE;
        bool shared = false;
        for (const auto& [connection, level] : locks.held) {
            if (connection == handle) continue;
            others = std::max(others, level);
            shared = shared || level >= SQLITE_LOCK_SHARED;
        }
        if (wanted == SQLITE_LOCK_SHARED) {
            if (others >= SQLITE_LOCK_PENDING) return SQLITE_BUSY;
            own = SQLITE_LOCK_SHARED;
            return SQLITE_OK;
        }
        if (wanted == SQLITE_LOCK_RESERVED) {
            if (others >= SQLITE_LOCK_RESERVED) return SQLITE_BUSY;
            own = SQLITE_LOCK_RESERVED;
            return SQLITE_OK;
        }
        if (others >= SQLITE_LOCK_PENDING) return SQLITE_BUSY;
        own = std::max(own, SQLITE_LOCK_PENDING);
        if (shared) return SQLITE_BUSY;
        own = SQLITE_LOCK_EXCLUSIVE;
        return SQLITE_OK;
    }
    static int unlock(sqlite3_file* handle, int level) {
        File& file = file_of(handle);
        if (frozen(*file.vfs)) return SQLITE_OK;  // a killed process's locks are released by release()
        FileLocks& locks = file.vfs->locks_[file.name];
        if (level == SQLITE_LOCK_NONE) {
            locks.held.erase(handle);
            locks.process_of.erase(handle);
        } else if (const auto own = locks.held.find(handle); own != locks.held.end()) {
            own->second = std::min(own->second, level);
        }
        return SQLITE_OK;
    }
    static int is_reserved(sqlite3_file* handle, int* reserved) {
        const File& file = file_of(handle);
        *reserved = 0;
        for (const auto& [connection, level] : file.vfs->locks_[file.name].held) {
            if (level >= SQLITE_LOCK_RESERVED) *reserved = 1;
        }
        return SQLITE_OK;
    }
    static int control(sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; }
    static int sector_size(sqlite3_file*) { return 4096; }
    static int characteristics(sqlite3_file*) { return SQLITE_IOCAP_POWERSAFE_OVERWRITE; }

    static Vfs& vfs_of(sqlite3_vfs* vfs) { return *static_cast<Vfs*>(vfs->pAppData); }

    static int open(sqlite3_vfs* handle, const char* name, sqlite3_file* place, int flags, int* out) {
        static const sqlite3_io_methods methods{
            .iVersion = 1,
            .xClose = close,
            .xRead = read,
            .xWrite = write,
            .xTruncate = truncate,
            .xSync = sync,
            .xFileSize = size,
            .xLock = lock,
            .xUnlock = unlock,
            .xCheckReservedLock = is_reserved,
            .xFileControl = control,
            .xSectorSize = sector_size,
            .xDeviceCharacteristics = characteristics,
        };
        place->pMethods = nullptr;
        Vfs& vfs = vfs_of(handle);
        const std::string text = name == nullptr ? "temporary" : name;
        const bool make = (flags & SQLITE_OPEN_CREATE) != 0;
        const bool makes = make && !vfs.disk_.exists(text);
        if (makes) {
            vfs.events_.before_change("create", text);
            if (frozen(vfs)) return SQLITE_CANTOPEN;
        }
        std::shared_ptr<Inode> inode = vfs.disk_.open(text, make);
        if (!inode) return SQLITE_CANTOPEN;
        const bool is_journal = (flags & (SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL)) != 0;
        auto* file = new (place) File{.vfs = &vfs,
                                      .inode = std::move(inode),
                                      .name = text,
                                      .sync_folder_too = make && is_journal,
                                      .delete_at_end = (flags & SQLITE_OPEN_DELETEONCLOSE) != 0};
        file->base.pMethods = &methods;
        if (out != nullptr) *out = flags;
        return SQLITE_OK;
    }
    static int remove(sqlite3_vfs* handle, const char* name, int sync_folder) {
        Vfs& vfs = vfs_of(handle);
        if (!vfs.disk_.exists(name)) return SQLITE_IOERR_DELETE_NOENT;
        vfs.events_.before_change("delete", name);
        if (frozen(vfs)) return SQLITE_IOERR_DELETE;
        vfs.disk_.remove(name);
        if (sync_folder == 0) return SQLITE_OK;
        const DiskFault fault = vfs.events_.before_change("sync folder", name);
        if (frozen(vfs) || fault == DiskFault::sync_fails) return SQLITE_IOERR_DIR_FSYNC;
        vfs.disk_.sync_folder();
        return SQLITE_OK;
    }
    static int access(sqlite3_vfs* handle, const char* name, int, int* found) {
        const Vfs& vfs = vfs_of(handle);
        *found = vfs.disk_.exists(name) ? 1 : 0;
        return SQLITE_OK;
    }
    static int full_path(sqlite3_vfs*, const char* name, int size, char* full) {
        sqlite3_snprintf(size, full, "%s", name);
        return SQLITE_OK;
    }
    static int randomness(sqlite3_vfs*, int size, char* bytes) {
        std::memset(bytes, 0, static_cast<std::size_t>(size));
        return size;
    }
    static int wait(sqlite3_vfs* handle, int microseconds) {
        vfs_of(handle).events_.wait(microseconds);
        return microseconds;
    }
    static int time(sqlite3_vfs* handle, sqlite3_int64* milliseconds) {
        constexpr sqlite3_int64 julian_day_of_1970 = 210866760000000;
        *milliseconds = julian_day_of_1970 + vfs_of(handle).events_.wall_milliseconds();
        return SQLITE_OK;
    }
    static int last_error(sqlite3_vfs*, int, char*) { return 0; }
};

Vfs::Vfs(std::string name, Disk& disk, DiskEvents events)
    : name_(std::move(name)), disk_(disk), events_(std::move(events)) {
    vfs_.iVersion = 2;
    vfs_.szOsFile = sizeof(File);
    vfs_.mxPathname = 256;
    vfs_.zName = name_.c_str();
    vfs_.pAppData = this;
    vfs_.xOpen = VfsCalls::open;
    vfs_.xDelete = VfsCalls::remove;
    vfs_.xAccess = VfsCalls::access;
    vfs_.xFullPathname = VfsCalls::full_path;
    vfs_.xRandomness = VfsCalls::randomness;
    vfs_.xSleep = VfsCalls::wait;
    vfs_.xGetLastError = VfsCalls::last_error;
    vfs_.xCurrentTimeInt64 = VfsCalls::time;
    sqlite3_vfs_register(&vfs_, 0);
}

Vfs::~Vfs() { sqlite3_vfs_unregister(&vfs_); }

std::set<void*> Vfs::lock_holders(const std::string& file) const {
    std::set<void*> holders;
    const auto found = locks_.find(file);
    if (found == locks_.end()) return holders;
    for (const auto& [connection, level] : found->second.held) {
        if (level > SQLITE_LOCK_NONE) holders.insert(found->second.process_of.at(connection));
    }
    return holders;
}

void Vfs::release(void* process) {
    for (auto& [name, locks] : locks_) {
        for (auto own = locks.held.begin(); own != locks.held.end();) {
            const auto who = locks.process_of.find(own->first);
            if (who != locks.process_of.end() && who->second == process) {
                locks.process_of.erase(who);
                own = locks.held.erase(own);
            } else {
                ++own;
            }
        }
    }
}

}  // namespace rehearse::simulation
