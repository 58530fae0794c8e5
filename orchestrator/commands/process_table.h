// What the kernel says about processes: /proc/<pid>/stat, read without racing for more than it can tell.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <vector>

namespace rehearse {

struct ProcessStat {
    pid_t pid = 0;
    pid_t parent = 0;
    pid_t group = 0;
    pid_t session = 0;
    char state = '?';           // R, S, D, T, Z, ...
    std::uint64_t started = 0;  // clock ticks since boot: with the pid, it names one process of this boot

    /// A zombie has ended; only its parent has not looked yet.
    [[nodiscard]] bool ended() const { return state == 'Z' || state == 'X'; }
};

/// None where there is no such process.
[[nodiscard]] std::optional<ProcessStat> process_stat(pid_t pid);
/// All processes that can be seen, by pid. Not one instant's picture: some may have ended meanwhile.
[[nodiscard]] std::vector<ProcessStat> all_processes();
/// Whether a process of the group still runs (zombies don't count).
[[nodiscard]] bool group_has_live_members(pid_t group);

}  // namespace rehearse
