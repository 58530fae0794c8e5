// SQLite's operating system, simulated: the real ledger on the simulated disk.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>

#include "tests/simulation/disk.h"

namespace rehearse::simulation {

/// What the simulation may do at an operation of the disk.
enum class DiskFault { none, full, sync_fails };

/// Told before each operation that changes the disk. May let time pass, freeze the process, or order a fault.
struct DiskEvents {
    std::function<DiskFault(const char* operation, const std::string& file)> before_change;
    std::function<bool()> frozen;            // the process that calls has been killed: nothing has an effect
    std::function<void*()> process;          // who calls
    std::function<void(std::int64_t)> wait;  // microseconds
    std::function<std::int64_t()> wall_milliseconds;
    std::function<bool()> read_fails;
};

/// Locks of one file, as POSIX has them: by connection.
struct FileLocks {
    std::map<void*, int> held{};          // connection -> SQLITE_LOCK_*
    std::map<void*, void*> process_of{};  // connection -> process
};

/// A SQLite VFS of its own name, registered while this lives.
class Vfs {
  public:
    Vfs(std::string name, Disk& disk, DiskEvents events);
    Vfs(const Vfs&) = delete;
    Vfs& operator=(const Vfs&) = delete;
    ~Vfs();

    [[nodiscard]] const std::string& name() const noexcept { return name_; }
    /// Processes that hold a lock on the file.
    [[nodiscard]] std::set<void*> lock_holders(const std::string& file) const;
    /// A process has ended: its locks are gone.
    void release(void* process);
    /// After a power cut nothing is locked.
    void release_all() { locks_.clear(); }

  private:
    friend struct VfsCalls;
    std::string name_;
    Disk& disk_;
    DiskEvents events_;
    std::map<std::string, FileLocks> locks_;
    sqlite3_vfs vfs_{};
};

}  // namespace rehearse::simulation
