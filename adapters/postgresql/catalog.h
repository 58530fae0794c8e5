// What the catalogs say about a database's tables and sequences: names, columns, keys, sizes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "adapters/postgresql/connection.h"

namespace rehearse::postgresql {

struct Table {
    std::string oid{};
    std::string space{}, name{};
    std::string quoted{};                    // schema.table as SQL wants it
    std::vector<std::string> columns{};      // quoted, in the snapshot's order; generated ones are left out
    std::vector<std::string> key{};          // sort expressions of the primary key; empty: none
    std::vector<std::string> key_columns{};  // quoted names
    /// Where the whole key is one integer column: its place in `columns`.
    std::optional<std::size_t> integer_key{};
    bool partitioned = false;   // rows are in its partitions
    bool through_root = false;  // read and written as a whole, since rows may change partition
    bool of_extension = false;
    std::uint64_t bytes = 0;       // of the main fork
    std::uint64_t wide_bytes = 0;  // of its TOAST table
    std::int64_t estimated_rows = -1;

    /// "public.orders (id, name)" for COPY.
    [[nodiscard]] std::string copy_target() const;
    /// What reads it: `ONLY public.orders`, or the root with its partitions.
    [[nodiscard]] std::string from() const;
    [[nodiscard]] std::string column_list() const;
};

/// Tables that hold rows of their own and are not temporary, sorted by schema and name. A partitioned table
/// is listed where its rows can only be handled as a whole; its partitions are not.
[[nodiscard]] std::vector<Table> read_tables(Connection& connection);

struct Sequence {
    std::string space{}, name{}, quoted{};
    std::string last_value{};
    bool called = false;
    auto operator<=>(const Sequence&) const = default;
};

/// Sequences with their positions, sorted by schema and name.
[[nodiscard]] std::vector<Sequence> read_sequences(Connection& connection);
[[nodiscard]] std::string setval_statement(const Sequence& sequence);

}  // namespace rehearse::postgresql
