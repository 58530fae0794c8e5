// Materialised views are refreshed by a restore: what they read has to be there then, also where it is
// another server's.
#pragma once

#include <string>
#include <vector>

#include "adapters/postgresql/connection.h"

namespace rehearse::postgresql {

/// Why a materialised view that has rows could not be refreshed: a foreign table that it reads does not
/// answer. Reads a row of each.
[[nodiscard]] std::vector<std::string> not_refreshable(Connection& connection);

}  // namespace rehearse::postgresql
