// A large table is filled by all connections at once, chunk by chunk in turn, so that its rows lie nearly in
// order; a smaller one by one connection, frozen as it comes.
#include "adapters/postgresql/load.h"

#include <algorithm>

#include "adapters/postgresql/chunks.h"
#include "adapters/postgresql/session.h"
#include "adapters/postgresql/sql_text.h"

namespace rehearse::postgresql {

namespace {

constexpr std::size_t large_table = 24;  // chunks, of a MiB on average

/// A row that is larger than a blob stands in several: only the first of them has the COPY statement.
bool continues_a_row(const std::string& chunk) {
    const std::size_t dash = chunk.find('-');
    return dash != std::string::npos && !chunk.substr(dash).starts_with("-00000.");
}

/// Groups of chunks that must follow each other.
std::vector<std::pair<std::size_t, std::size_t>> groups_of(const StoredTable& table) {
    std::vector<std::pair<std::size_t, std::size_t>> groups;
    for (std::size_t at = 0; at < table.chunks.size(); ++at) {
        if (!groups.empty() && continues_a_row(table.chunks[at].name)) {
            groups.back().second = at + 1;
        } else {
            groups.emplace_back(at, at + 1);
        }
    }
    return groups;
}

/// Begins a COPY, fills it, and ends it whatever happens, so that the connection can be used again.
template <class Fill>
std::uint64_t copy_into(Connection& connection, const std::string& sql, const Fill& fill) {
    connection.copy_in_begin(sql);
    try {
        fill();
    } catch (const Failure& failure) {
        // Where the server gave up first, its reason is the better one.
        if (failure.kind() == FailureKind::unknown_outcome) connection.copy_in_end();
        connection.copy_in_abort();
        throw;
    } catch (...) {
        connection.copy_in_abort();
        throw;
    }
    return connection.copy_in_end();
}

void load_alone(Connection& connection, const StoredTable& table, bool freeze, LoadCount& count) {
    std::size_t chunk = 0;
    connection.run("begin; " + usual_path_here);
    if (freeze) connection.run("truncate only " + table.name);
    copy_into(connection, "COPY " + table.target + " FROM STDIN" + (freeze ? " WITH (FREEZE)" : ""),
              [&] { count.bytes += send_chunks(connection, table, [&] { return chunk++; }); });
    connection.run("commit");
}

/// What the connections that fill one table share.
struct Shared {
    std::vector<std::pair<std::size_t, std::size_t>> groups;
    std::atomic<std::size_t> next = 0;
    std::atomic<std::size_t> left = 0;
};

void load_part(Connection& connection, const StoredTable& table, Shared& shared, LoadCount& count) {
    connection.run("begin; " + usual_path_here);
    copy_into(connection, "COPY " + table.target + " FROM STDIN", [&] {
        for (std::size_t group = shared.next++; group < shared.groups.size(); group = shared.next++) {
            const auto [begin, end] = shared.groups[group];
            count.bytes += send_chunks(connection, table, [&, at = begin, last = end]() mutable {
                return at < last ? at++ : table.chunks.size();
            });
        }
    });
    connection.run("commit");
}

void or_go_on(Connection& connection, Problems* problems, const std::function<void()>& work) {
    try {
        work();
    } catch (const Failure& failure) {
        if (problems == nullptr || !problems->take(failure)) throw;
        connection.run("rollback");
    }
}

}  // namespace

std::map<std::string, StoredTable> stored_tables(const TreeReader& tree) {
    std::map<std::string, StoredTable> tables;
    if (!tree.has("data")) return tables;
    const auto data = tree.directory("data");
    for (const TreeEntry& space : data->entries()) {
        const auto folder = data->directory(space.name);
        for (const TreeEntry& entry : folder->entries()) {
            StoredTable table{
                .path = space.name + "/" + entry.name, .target = {}, .name = {}, .chunks = {}, .folder = {}};
            table.folder = folder->directory(entry.name);
            table.chunks = table.folder->entries();
            const std::string first = table.folder->blob(table.chunks.front().name);
            table.target = rows_of_chunk(first, false).target;
            // Columns follow in brackets; quotes in a name can hold brackets, too.
            table.name = leading_name(table.target);
            tables.emplace(table.name, std::move(table));
        }
    }
    return tables;
}

std::uint64_t send_chunks(Connection& connection, const StoredTable& table,
                          const std::function<std::size_t()>& next) {
    std::uint64_t bytes = 0;
    for (std::size_t at = next(); at < table.chunks.size(); at = next()) {
        const std::string& name = table.chunks[at].name;
        const std::string content = table.folder->blob(name);
        const ChunkRows rows = rows_of_chunk(content, continues_a_row(name));
        connection.copy_in(rows.rows);
        bytes += rows.rows.size();
    }
    return bytes;
}

void add_loads(Jobs& jobs, const std::vector<const StoredTable*>& tables,
               const std::set<std::string>& may_freeze, std::size_t connections, LoadCount& count,
               const std::function<void(const std::string&)>& loaded, Problems* problems) {
    auto sorted = tables;
    std::stable_sort(sorted.begin(), sorted.end(), [](const StoredTable* a, const StoredTable* b) {
        return a->chunks.size() > b->chunks.size();
    });
    for (const StoredTable* table : sorted) {
        ++count.tables;
        if (table->chunks.size() < large_table) {
            jobs.add([table, &count, &loaded, problems,
                      freeze = may_freeze.contains(table->name)](Connection& connection) {
                or_go_on(connection, problems, [&] { load_alone(connection, *table, freeze, count); });
                loaded(table->name);
            });
            continue;
        }
        auto shared = std::make_shared<Shared>();
        shared->groups = groups_of(*table);
        shared->left = connections;
        for (std::size_t part = 0; part < connections; ++part) {
            jobs.add([table, shared, &count, &loaded, problems](Connection& connection) {
                or_go_on(connection, problems, [&] { load_part(connection, *table, *shared, count); });
                if (--shared->left == 0) loaded(table->name);
            });
        }
    }
}

}  // namespace rehearse::postgresql
