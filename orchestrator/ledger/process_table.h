// Who lives on this host: what a lease needs to know of its owner, and how a stopped owner is ended.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "orchestrator/ports/ledger.h"

namespace rehearse {

enum class OwnerLife {
    gone,     // that very process has ended, or the host was booted since
    running,  // it lives
    stopped,  // it lives and is stopped (state T): it would go on where it was
    remote,   // another host, or another process namespace of this one: can't be seen from here
    unknown,  // there is such a process, but whether it is the same one can't be read
};

enum class Ending { ended, forbidden, still_there };

/// A process that holds a lock on a file.
struct LockHolder {
    LeaseOwner owner;
    OwnerLife life = OwnerLife::running;
};

class ProcessTable {
  public:
    virtual ~ProcessTable() = default;
    /// This very process, as the owner of a lease. Fails: permanent where /proc can't be read.
    [[nodiscard]] virtual LeaseOwner self() const = 0;
    [[nodiscard]] virtual OwnerLife life(const LeaseOwner& owner) const = 0;
    /// Ends that very process (never another one with its pid, never this one, never pid 1) and waits until
    /// it is gone, `patience` at most.
    [[nodiscard]] virtual Ending end(const LeaseOwner& owner, Duration patience) const = 0;
    /// Other processes that hold a POSIX lock on the file; empty where that can't be seen.
    [[nodiscard]] virtual std::vector<LockHolder> lock_holders(const std::filesystem::path& file) const = 0;
};

/// The real one: /proc and pidfd.
[[nodiscard]] std::unique_ptr<ProcessTable> linux_process_table();

/// This process as the owner of a lease: machine id and process namespace, boot id, pid and start time.
/// Fails: permanent.
[[nodiscard]] LeaseOwner this_process();

/// "process 4711 on this host", "process 4711 on host 3d1219...".
[[nodiscard]] std::string describe(const LeaseOwner& owner, const LeaseOwner& self);

}  // namespace rehearse
