// Sessions whose settings are fixed, so that the same state always reads as the same text.
#pragma once

#include <string>

#include "adapters/postgresql/connection.h"

namespace rehearse::postgresql {

/// Sets everything that decides how values are written and read. Text travels in the database's own encoding.
void fix_session(Connection& connection);
/// Also for a session that writes a restored database: no trigger of another kind, no wait for each commit.
void fix_restoring_session(Connection& connection);
/// The same settings for pg_dump, as PGOPTIONS.
[[nodiscard]] std::string dump_options();

}  // namespace rehearse::postgresql
