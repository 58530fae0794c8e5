// The ledger's tables: made once, told apart from other databases, and refused where they are newer than we
// are.
#pragma once

#include "orchestrator/ledger/database.h"

namespace rehearse {

/// "RHRS": what the file's header says it is.
inline constexpr std::int64_t ledger_application_id = 0x52485253;
inline constexpr std::int64_t ledger_version = 3;

/// Makes the tables in one transaction. The database must be empty.
void make_schema(Database& database);
/// Gives a ledger of an older version the tables that it lacks, in one transaction. Fails: permanent (not a
/// ledger, half made, damaged), refused (made by a newer rehearse).
void require_schema(Database& database);
/// What differs from the tables, indexes and triggers that this version makes; empty when nothing does.
[[nodiscard]] std::vector<std::string> schema_differences(Database& database);

}  // namespace rehearse
