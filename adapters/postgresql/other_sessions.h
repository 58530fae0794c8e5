// Other people's sessions in a database: named, waited for, or ended, as the environment file says.
#pragma once

#include <string>
#include <vector>

#include "adapters/postgresql/connection.h"

namespace rehearse::postgresql {

/// Each as "shop (psql) from 10.0.0.7, pid 4711"; not this program's own.
[[nodiscard]] std::vector<std::string> sessions_in(Connection& connection, const std::string& database);

/// With `disconnect` ends them; without, fails: refused naming them where there are any.
void clear_sessions(Connection& connection, const std::string& database, bool disconnect);

}  // namespace rehearse::postgresql
