// Making the rows of a table that is there equal the snapshot's, touching only those that differ.
#pragma once

#include <string>
#include <vector>

#include "adapters/postgresql/catalog.h"
#include "adapters/postgresql/load.h"
#include "adapters/postgresql/rows.h"

namespace rehearse::postgresql {

struct RowRepair {
    const Table* table = nullptr;         // as it is live
    const StoredTable* stored = nullptr;  // null: the snapshot has no rows
    bool empty = false;                   // live, it has none
};

struct RepairedRows {
    std::uint64_t bytes = 0;  // read from the snapshot
};

/// In one transaction on `writer`, for all the tables. `source` reads the same state. Triggers, rules and
/// foreign keys in the way must be gone or off. Fails as the server does; nothing is changed then.
RepairedRows repair_rows(Connection& writer, const ReadRows& source, const std::vector<RowRepair>& repairs);

}  // namespace rehearse::postgresql
