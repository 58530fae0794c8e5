// Finds the live process of a resource. A pid alone is never trusted: command, directory and program must
// match, or the pid, start and boot that were recorded when it was started here.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "adapters/process/record.h"
#include "adapters/process/settings.h"
#include "orchestrator/commands/process_table.h"

namespace rehearse::process {

/// In the environment of every process that this adapter starts, with Settings::digest(): the last resort for
/// one that changed its title and whose record was lost.
inline constexpr std::string_view tag_variable = "REHEARSE_PROCESS";

struct Found {
    std::optional<ProcessStat> process{};  // the topmost of its tree
    std::vector<ProcessStat> remnants{};   // left by one that was started here and is gone (orphaned workers)
    std::vector<pid_t> several{};          // distinct processes that match: none of them is taken
};

/// Reads /proc. Reaps the recorded process where it was our own child and has ended.
[[nodiscard]] Found find_process(const Settings& settings, const std::optional<Record>& record,
                                 const std::string& boot);

/// All that carry the tag with which rehearse starts this process, wherever they stand: a daemon inherits it.
[[nodiscard]] std::vector<ProcessStat> tagged_processes(const Settings& settings);

/// Those in the directory whose program has the command's file name, though the whole is another: a hint for
/// a message, "pid 7 runs there as '/opt/bin/python3'".
[[nodiscard]] std::vector<std::string> resembling(const Settings& settings);

/// Those below `tops` in `table`, in order of pid, without `tops`.
[[nodiscard]] std::vector<ProcessStat> descendants(const std::vector<ProcessStat>& table,
                                                   const std::vector<ProcessStat>& tops);

/// Program and arguments of a process, as it shows them; empty where that can't be read.
[[nodiscard]] std::vector<std::string> arguments_of(pid_t pid);
/// Names of the variables that it was started with; empty where that can't be read.
[[nodiscard]] std::vector<std::string> variable_names_of(pid_t pid);
/// The user that it runs as (effective), by name, else by number; empty where there is no such process.
[[nodiscard]] std::string user_of(pid_t pid);
/// The systemd service that it belongs to ("nginx.service"), or "".
[[nodiscard]] std::string service_of(const std::string& pid_or_self);

}  // namespace rehearse::process
