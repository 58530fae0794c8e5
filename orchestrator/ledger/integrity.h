// The ledger's own check: what SQLite can see, and what the journals' rules say.
#pragma once

#include <string>
#include <vector>

#include "orchestrator/ledger/database.h"

namespace rehearse {

/// SQLite's integrity check, foreign keys, schema; then per drill: seals, gap-free sequences, legal
/// transitions, epochs that never go down. One line per finding; empty when all is well. Never throws for
/// damage.
[[nodiscard]] std::vector<std::string> check_integrity(Database& database);

}  // namespace rehearse
