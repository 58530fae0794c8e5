// Tables as items of a drill: what a playbook's patterns select, and what hangs on them.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "adapters/postgresql/connection.h"
#include "orchestrator/ports/adapter.h"

namespace rehearse::postgresql {

enum class Operation { drop, truncate, remove };
/// From a destroy step's options. Fails: invalid_input (an unknown operation; `where` missing or too much).
[[nodiscard]] Operation operation_of(const json::object& options);

struct TableItem {
    std::string oid{};
    std::string name{};    // printable; the item's name
    std::string quoted{};  // as SQL wants it
    std::string root{};    // oid of the partitioned table at the top; its own where there is none
    std::string above{};   // oids of the partitioned tables that it is in, each with a comma before and after
    bool partitioned = false;
    std::uint64_t bytes = 0;
    std::int64_t estimated_rows = -1;
};
[[nodiscard]] std::set<std::string> oids_of(const std::vector<TableItem>& items);
/// As SQL wants them: an array of type oid[].
[[nodiscard]] std::string oid_array(const std::set<std::string>& oids);
/// All tables, sorted by name.
[[nodiscard]] std::vector<TableItem> table_items(Connection& connection);

/// Those that the patterns mean: "public.orders", "orders" (in public), "public.*", "**". A partitioned table
/// means its partitions, too. No patterns: all. `unmatched` gets the patterns that mean nothing.
[[nodiscard]] std::vector<TableItem> select_items(const std::vector<TableItem>& all,
                                                  const std::vector<std::string>& patterns,
                                                  std::vector<std::string>& unmatched);

/// What would go besides, in words.
struct Reach {
    std::vector<std::string> restorable;  // views, foreign keys: they come back with the tables
    std::vector<std::string> forbidden;   // other tables' rows or columns: these refuse
    std::vector<std::string> empty;       // tables without rows that TRUNCATE wants named, as SQL wants them
};
[[nodiscard]] Reach reach_of(Connection& connection, const std::vector<TableItem>& items,
                             Operation operation);

}  // namespace rehearse::postgresql
