// Hooks, changes and rollbacks: the playbook's own commands, journalled, unguarded.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "orchestrator/drill/execution.h"

namespace rehearse {

/// Runs the commands of one stage in turn, each with its retries; an intent is durable before each. Ends at
/// the first that fails and returns why; none where all went well. Outcomes go to disk with the next write.
[[nodiscard]] Task<std::optional<std::string>> run_commands(Execution& execution, std::string stage,
                                                            const std::vector<CommandSpec>& commands,
                                                            std::stop_token stop);

}  // namespace rehearse
