// What foreign keys and publications have to say about emptying tables.
#pragma once

#include <string>
#include <vector>

#include "adapters/postgresql/items.h"

namespace rehearse::postgresql {

/// What else TRUNCATE or DELETE on `items` touches by way of foreign keys. Tables without a row lose none:
/// they do not count as reached, but a truncation has to take them along (Reach::empty).
[[nodiscard]] Reach reach_by_foreign_keys(Connection& connection, const std::vector<TableItem>& items,
                                          Operation operation);

/// Puts those that refer before those that they refer to; a circle stays in order of names.
void put_dependents_first(Connection& connection, std::vector<TableItem>& items);

/// Why the server would not delete a row of `items`, in words: a publication wants a replica identity.
[[nodiscard]] std::vector<std::string> undeletable(Connection& connection,
                                                   const std::vector<TableItem>& items);

}  // namespace rehearse::postgresql
