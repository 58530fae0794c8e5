// The command line: parses, runs one command, turns every failure into a line on stderr and an exit code.
#pragma once

#include <functional>

#include "orchestrator/cli/host.h"

namespace rehearse {

/// What the arguments ask for, before anything is done: calling it runs the command and gives the exit code.
/// What they decide alone (help, an error of usage) is written at once. Fails: as the command line's own
/// checks do.
[[nodiscard]] std::function<int()> read_command_line(const Host& host, int count,
                                                     const char* const* arguments);

/// Reads the arguments and does what they ask for. Exit codes of design.md, section 5. Never throws.
[[nodiscard]] int run_command_line(const Host& host, int count, const char* const* arguments);

}  // namespace rehearse
