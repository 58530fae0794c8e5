// What stands in the way of changing rows as a restore does: triggers, rules, foreign keys, default rights.
#pragma once

#include <string>
#include <vector>

#include "adapters/postgresql/catalog.h"
#include "adapters/postgresql/connection.h"

namespace rehearse::postgresql {

/// Switches triggers and foreign keys off for this session where the role may, else drops those of the
/// tables; what is dropped comes back with the schema. Triggers and rules that fire always are dropped in any
/// case.
void clear_the_way(Connection& connection, const std::vector<const Table*>& tables);

/// Leaves relations (quoted names; others are ignored) with their owner's rights only. False where no other
/// had any.
bool reset_rights(Connection& connection, const std::vector<std::string>& relations);

}  // namespace rehearse::postgresql
