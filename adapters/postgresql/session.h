// Sessions whose settings are fixed, so that the same state always reads as the same text.
#pragma once

#include <functional>
#include <string>

#include "adapters/postgresql/connection.h"

namespace rehearse::postgresql {

/// Sets everything that decides how values are written and read. Text travels in the database's own encoding.
void fix_session(Connection& connection);
/// Also for a session that writes a restored database: no trigger of another kind, no wait for each commit.
void fix_restoring_session(Connection& connection);
/// What people's sessions have as search_path in a database: functions that name things without their schema
/// count on it.
void set_usual_path(Connection& connection, const std::string& search_path);
/// Makes it the path until the end of the transaction.
extern const std::string usual_path_here;
/// Runs `work`, and once more with the usual path where a name was not found.
void with_usual_path(Connection& connection, const std::function<void()>& work);
/// The same settings for pg_dump, as PGOPTIONS.
[[nodiscard]] std::string dump_options();

}  // namespace rehearse::postgresql
