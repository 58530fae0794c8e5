// Who a database is: its cluster's system identifier and its name. A cluster that merely answers on the same
// port is another one.
#pragma once

#include <string>

#include "adapters/postgresql/connection.h"
#include "adapters/postgresql/settings.h"
#include "orchestrator/ports/adapter.h"

namespace rehearse::postgresql {

/// Fails: refused where this role may not ask, with the GRANT that helps.
[[nodiscard]] std::string system_identifier(Connection& connection);
[[nodiscard]] Identity identity_of(Connection& connection, const std::string& database);

/// Through the maintenance connection, so that it works whether or not the database is there.
[[nodiscard]] IdentityReport identify(const Settings& settings, const Identity* recorded);

/// The check right before an effect, in the session that has it. Fails: refused.
void require_identity(Connection& connection, const std::string& database, const Identity& expected);

/// Whether there is a database of that name.
[[nodiscard]] bool exists(Connection& connection, const std::string& database);

}  // namespace rehearse::postgresql
