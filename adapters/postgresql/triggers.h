// What people's own triggers and rules have to say where tables are emptied or dropped.
#pragma once

#include <string>
#include <vector>

#include "adapters/postgresql/items.h"

namespace rehearse::postgresql {

struct Objections {
    std::vector<std::string> certain;   // no row would go: refuses
    std::vector<std::string> possible;  // what runs then may forbid it, or keep rows: a warning
};
[[nodiscard]] Objections objections(Connection& connection, const std::vector<TableItem>& items,
                                    Operation operation);

}  // namespace rehearse::postgresql
