// Rows from a snapshot into tables that are empty.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "adapters/postgresql/connection.h"
#include "adapters/postgresql/jobs.h"
#include "adapters/postgresql/problems.h"
#include "orchestrator/ports/tree.h"

namespace rehearse::postgresql {

/// One table's rows in a snapshot.
struct StoredTable {
    std::string path;               // "public/orders" below data/
    std::string target;             // "public.orders (id, name)"
    std::string name;               // "public.orders"
    std::vector<TreeEntry> chunks;  // in order
    std::shared_ptr<const TreeReader> folder;
};
/// By name.
[[nodiscard]] std::map<std::string, StoredTable> stored_tables(const TreeReader& tree);

/// Sends chunks `first`, `first + 1`... of `table` into the COPY that is open on `connection`, as long as
/// `more` gives numbers. Returns the bytes.
std::uint64_t send_chunks(Connection& connection, const StoredTable& table,
                          const std::function<std::size_t()>& next);

struct LoadCount {
    std::atomic<std::uint64_t> tables = 0;
    std::atomic<std::uint64_t> bytes = 0;
};

/// Adds the jobs that fill the tables, the largest first; `loaded` is called with each table's name once its
/// rows are committed. A table whose rows `problems` take stays empty, or without the part that failed.
/// `may_freeze` are ordinary tables made by this restore: they are truncated first. All
/// arguments outlive the jobs.
void add_loads(Jobs& jobs, const std::vector<const StoredTable*>& tables,
               const std::set<std::string>& may_freeze, std::size_t connections, LoadCount& count,
               const std::function<void(const std::string&)>& loaded, Problems* problems = nullptr);

}  // namespace rehearse::postgresql
