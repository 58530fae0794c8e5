// Running child processes: hooks, probes, credentials, pg_dump. posix_spawn, never fork, never a shell.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <map>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/base/clock.h"

namespace rehearse {

struct CommandRequest {
    std::vector<std::string> arguments{};              // [0] is looked up in PATH
    std::filesystem::path directory{};                 // empty: the caller's
    std::map<std::string, std::string> environment{};  // added to (or replacing in) the caller's own
    std::string input{};                               // written to stdin; then closed
    Duration timeout{};  // 0: none. After it: SIGTERM to the process group, 5 s later SIGKILL
    std::size_t output_limit =
        1U << 20U;  // bytes kept of each of stdout and stderr; the rest is read and dropped
    std::function<void(std::string_view)> on_output = {};  // stdout as it comes, instead of keeping it
    std::stop_token stop = {};                             // ends it like the timeout
    // Stays in the caller's process group, since the terminal answers no other: for what asks for a
    // passphrase.
    bool keeps_terminal = false;
};

struct CommandResult {
    int exit_code = -1;  // -1 where a signal ended it
    int signal = 0;
    bool timed_out = false;
    bool stopped = false;
    std::string output{};  // stdout
    std::string errors{};  // stderr
    bool output_truncated = false;
    Duration took{};
    Duration cpu{};      // that it and its ended children used
    Duration timeout{};  // the request's, for describe()
    [[nodiscard]] bool succeeded() const { return exit_code == 0 && !timed_out && !stopped; }
    /// "exit code 3", "ended by SIGKILL", "no answer within 10 s".
    [[nodiscard]] std::string describe() const;
};

/// Runs it to its end (blocking); from many threads at once. Children get a process group of their own and
/// default signal handling; no descriptor but 0, 1, 2 is inherited. The end is that of the program itself:
/// what it leaves in the background goes on, and its output is waited for 100 ms at most. What `on_output`
/// throws ends the program and comes out here. Fails: invalid_input where the program is not found or not
/// executable, with its name and where it was looked for; transient where no process can be made.
[[nodiscard]] CommandResult run_command(const CommandRequest& request);

/// The file that `program` means: looked up in `environment`'s PATH, else in the caller's; with a slash in
/// it, a path relative to `directory`. Fails as run_command does.
[[nodiscard]] std::filesystem::path find_program(const std::string& program,
                                                 const std::filesystem::path& directory = {},
                                                 const std::map<std::string, std::string>& environment = {});

}  // namespace rehearse
