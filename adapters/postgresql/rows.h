// Reading all rows of a database in canonical order, over several connections that share one snapshot.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/postgresql/catalog.h"
#include "adapters/postgresql/connection.h"

namespace rehearse::postgresql {

/// Takes one table's chunks, in order, from one thread at a time.
class TableSink {
  public:
    virtual ~TableSink() = default;
    virtual void chunk(const std::string& name, std::string_view content) = 0;
    virtual void finish(std::uint64_t rows, std::uint64_t bytes) = 0;
};
/// Called from several threads.
using SinkFor = std::function<std::unique_ptr<TableSink>(const Table&)>;

struct ReadRows {
    ConnectionString where;
    std::string snapshot;   // exported by a transaction that stays open meanwhile
    std::string operation;  // for failures
};

/// Memory stays bounded whatever the tables' size. Fails with the table's name.
void read_rows(const ReadRows& request, const std::vector<Table>& tables, const SinkFor& sink_for);

/// SELECT in canonical order: by primary key, else by the row's text.
[[nodiscard]] std::string ordered_select(const Table& table, const std::string& where);

}  // namespace rehearse::postgresql
