// Starting a child by posix_spawn: the one place that sets up what it inherits.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace rehearse {

struct SpawnRequest {
    std::filesystem::path file{};                      // the program's file, see find_program()
    std::vector<std::string> arguments{};              // [0] too
    std::filesystem::path directory{};                 // empty: the caller's
    std::map<std::string, std::string> environment{};  // added to the caller's own
    bool only_this_environment = false;                // ... or all there is
    int input = -1;                                    // descriptor of stdin, above 2; -1: /dev/null
    int output = -1;                                   // of stdout, above 2
    int errors = -1;                                   // of stderr, above 2
    bool new_session = false;                          // leads a session of its own, else a process group
    bool keeps_terminal = false;                       // stays in the caller's group: may ask on the terminal
};

/// Starts it with default signal handling and no descriptor but 0, 1 and 2; returns its pid. It must be
/// waited for. Fails: invalid_input where the file can't be executed, transient where no process can be made.
[[nodiscard]] pid_t spawn_process(const SpawnRequest& request);

/// The value of a variable in this process's environment, or "".
[[nodiscard]] std::string inherited_variable(const std::string& name);

}  // namespace rehearse
