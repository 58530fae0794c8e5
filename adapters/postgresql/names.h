// Databases that a restore makes on its way, named so that the next one finds what a killed one left.
#pragma once

#include <string>

#include "adapters/postgresql/connection.h"

namespace rehearse::postgresql {

/// Where a database is built before it takes its name.
[[nodiscard]] std::string build_name(const std::string& database);
/// Where a database that is replaced waits until the new one is in its place.
[[nodiscard]] std::string old_name(const std::string& database);
/// Drops one of these where it is there, with the sessions in it where the server can end them (from 13 on).
[[nodiscard]] std::string drop_statement(Connection& maintenance, const std::string& name);

}  // namespace rehearse::postgresql
