// Tables whose rows are values of other tables' columns: such a value follows the order of the columns, which
// a restore may change where a table inherits.
#pragma once

#include <map>
#include <string>

#include "adapters/postgresql/connection.h"

namespace rehearse::postgresql {

/// Columns in order, by table: of those that inherit and whose row type is used by a column or a type.
using RowTypes = std::map<std::string, std::string>;
[[nodiscard]] RowTypes used_row_types(Connection& connection);

/// Fails: refused where a restored table has another order than the one that the values were written in.
void require_same_order(const RowTypes& live, const RowTypes& restored, const std::string& operation,
                        const std::string& database);

}  // namespace rehearse::postgresql
