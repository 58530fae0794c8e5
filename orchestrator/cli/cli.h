// The command line: parses, runs one command, turns every failure into a line on stderr and an exit code.
#pragma once

#include <vector>

#include "orchestrator/cli/host.h"

namespace rehearse {

/// Exit codes of design.md, section 5. Never throws.
[[nodiscard]] int run_command_line(const Host& host, int count, const char* const* arguments);

}  // namespace rehearse
