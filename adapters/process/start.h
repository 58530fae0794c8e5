// Starts the process so that it outlives this program, and waits until it is ready.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "adapters/process/settings.h"
#include "orchestrator/commands/process_table.h"

namespace rehearse::process {

struct StartPlace {
    const Clock& clock;
    std::filesystem::path state_directory;  // the record and the output are kept there
};

/// Bytes of output that are kept of earlier starts.
inline constexpr std::uintmax_t most_output = 8U << 20U;
/// Where the process's output goes; the one before it is "output.log.1".
[[nodiscard]] std::filesystem::path output_file(const std::filesystem::path& state_directory);

/// Starts it in a session of its own, and returns when it is ready. Fails: permanent where it ended before
/// that, with its exit code and last lines; transient where it was not ready within `ready.within` (it runs
/// on); invalid_input where it can't be started.
void start_process(const Settings& settings, const StartPlace& place);

/// Waits until the running process is ready. Empty: it is; else what keeps it after `ready.within`, or that
/// it ended.
[[nodiscard]] std::string wait_until_ready(const Settings& settings, const Clock& clock,
                                           const ProcessStat& process);

/// Why it could not be started here; empty: it can, as far as that can be seen.
[[nodiscard]] std::string why_not_startable(const Settings& settings);
/// The user that it would be started as.
[[nodiscard]] std::string user_to_start_as(const Settings& settings);

}  // namespace rehearse::process
