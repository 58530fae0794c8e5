// Signing the audit log and sending its checkpoints to the second place.
#pragma once

#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/cli/host.h"
#include "orchestrator/cli/workspace.h"

namespace rehearse {

/// What the second place holds.
struct Elsewhere {
    std::vector<std::string> notes{};  // newest first
    std::string problem{};             // why it can't be read; empty: it was read, or there is none
};
/// At most `limit` of the newest checkpoints of this workspace's log. Never throws.
[[nodiscard]] Elsewhere checkpoints_elsewhere(Workspace& workspace,
                                              std::size_t limit = std::numeric_limits<std::size_t>::max());

/// Signs what was logged since the newest checkpoint, and sends every checkpoint that was not sent yet. What
/// goes wrong is printed and raised as an alarm; nothing is lost by it, and the next call tries again. Never
/// throws.
void seal_audit(const Host& host, Workspace& workspace);

/// Logs what no row of the ledger tells. Never throws: the kill switch works without a ledger.
void tell_audit(const Host& host, Workspace& workspace, std::string_view kind, json::object document);

}  // namespace rehearse
