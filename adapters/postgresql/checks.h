// CHECK constraints that look beyond their own row: at other tables, the time, a setting. They held when a
// row came, and may not while rows come back.
#pragma once

#include <string>
#include <vector>

#include "adapters/postgresql/connection.h"
#include "adapters/postgresql/problems.h"

namespace rehearse::postgresql {

/// Drops those of tables and domains, so that rows can be loaded in any order. Returns the statements that
/// make them again.
[[nodiscard]] std::vector<std::string> postpone_checks(Connection& connection);
/// Makes them again once the rows are there. One that does not hold any more is made NOT VALID, and
/// `problems` take it.
void make_checks(Connection& connection, const std::vector<std::string>& statements, Problems& problems);

/// Why rows that are there could not be put back: they break a check today. Reads only.
[[nodiscard]] std::vector<std::string> broken_checks(Connection& connection);

}  // namespace rehearse::postgresql
