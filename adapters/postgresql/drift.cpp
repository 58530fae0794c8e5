// A row's xmin is newer than the capture where it was written since, and a row too few was deleted since:
// neither needs the rows' contents, so a look is one pass without sorting. Decision 0011.
#include "adapters/postgresql/drift.h"

#include <algorithm>
#include <future>
#include <map>

#include "adapters/postgresql/dump.h"
#include "adapters/postgresql/id_tree.h"
#include "adapters/postgresql/large_objects.h"
#include "adapters/postgresql/session.h"
#include "adapters/postgresql/sql_text.h"
#include "orchestrator/base/digest.h"

namespace rehearse::postgresql {

namespace {

constexpr std::string_view operation = "look for changes in";
constexpr std::size_t most_names = 5;

/// By table: how many rows, how many of them recent, and a sum that tells recent rows from each other.
using RowStates = std::map<std::string, std::string>;

/// What follows the n-th colon of "xmin:xmax:xip,xip".
std::string part(const std::string& transactions, int number) {
    std::size_t at = 0;
    for (; number > 0; --number) at = transactions.find(':', at) + 1;
    return transactions.substr(at, transactions.find(':', at) - at);
}

/// The number that is kept in a row of the oldest transaction that `transactions` may not see.
std::string first_recent(const std::string& transactions) {
    return std::to_string(std::stoull(part(transactions, 0)) & 0xffffffffU);
}

/// Whether no row that `transactions` sees can count as recent: nothing was under way, and numbers were not
/// used twice.
bool none_recent(const std::string& transactions) {
    return part(transactions, 2).empty() && std::stoull(part(transactions, 0)) < (1ULL << 31U);
}

RowStates row_states(Connection& connection, const std::vector<Table>& tables,
                     const std::string& transactions) {
    // age() compares as the server does: in a circle. A number and a place name one version of a row.
    const std::string recent = "age(xmin) <= age('" + first_recent(transactions) + "'::xid)";
    RowStates states;
    constexpr std::size_t batch = 100;
    for (std::size_t first = 0; first < tables.size(); first += batch) {
        std::string sql;
        for (std::size_t at = first; at < std::min(tables.size(), first + batch); ++at) {
            sql += std::string(sql.empty() ? "" : " union all ") + "select " + std::to_string(at) +
                   ", concat_ws(' ', count(*), count(*) filter (where " + recent +
                   "), coalesce(sum(hashtext(concat_ws(' ', tableoid, ctid, xmin))) filter (where " + recent +
                   "), 0)) from " + tables[at].from();
        }
        const Result rows = connection.run(sql);
        for (std::size_t row = 0; row < rows.rows(); ++row)
            states[tables[rows.number(row, 0)].quoted] = rows.text(row, 1);
    }
    return states;
}

RowStates captured_row_states(const Captured& captured) {
    const std::string& transactions = captured.view.transactions;
    if (!none_recent(transactions))
        return row_states(*captured.view.connection, captured.tables, transactions);
    RowStates states;
    for (const auto& [table, rows] : captured.content.rows) states[table] = std::to_string(rows) + " 0 0";
    return states;
}

json::object to_json(const RowStates& states) {
    json::object out;
    for (const auto& [table, state] : states) out[table] = state;
    return out;
}

json::object positions(const std::vector<Sequence>& sequences) {
    json::object out;
    for (const Sequence& sequence : sequences)
        out[sequence.quoted] = sequence.last_value + (sequence.called ? " called" : "");
    return out;
}

std::string digest_of(const Schema& schema) {
    Digest digest(Digest::Algorithm::sha256);
    for (const SchemaObject& object : schema) {
        digest.update(object.header);
        digest.update(object.text);
    }
    return digest.hex();
}

std::string digest_of(const DatabaseSettings& database) {
    return sha256_hex(canonical_json(to_json(database)));
}

/// Names whose values differ, or that only one of the two has.
std::vector<std::string> differing_names(const json::object& then, const json::object& now) {
    std::vector<std::string> names;
    for (const auto& [name, value] : then) {
        const json::value* same = now.if_contains(name);
        if (same == nullptr || *same != value) names.emplace_back(name);
    }
    for (const auto& [name, value] : now) {
        if (!then.contains(name)) names.emplace_back(name);
    }
    return names;
}

void add(std::string& text, const std::string& more) { text += (text.empty() ? "" : "; ") + more; }

void add_names(std::string& text, const std::string& lead, const std::vector<std::string>& names) {
    if (names.empty()) return;
    std::string list;
    for (std::size_t at = 0; at < std::min(names.size(), most_names); ++at)
        list += (at == 0 ? "" : ", ") + names[at];
    if (names.size() > most_names) list += " and " + std::to_string(names.size() - most_names) + " more";
    add(text, lead + list);
}

/// Sessions and prepared transactions that hold a lock of those that change a table's rows or the table: what
/// they write is not committed yet, so no look at the rows shows it. VACUUM and ANALYZE hold none of these.
std::vector<std::string> writers(Connection& connection) {
    return first_column(connection.run(
        "select distinct case when l.pid is null then 'a prepared transaction' else coalesce(a.usename, "
        "'somebody') || ', pid ' || l.pid end || ' in ' || l.relation::regclass from pg_catalog.pg_locks l "
        "join pg_catalog.pg_class c on c.oid = l.relation left join pg_catalog.pg_stat_activity a on a.pid = "
        "l.pid where l.locktype = 'relation' and l.database = (select oid from pg_catalog.pg_database where "
        "datname = current_database()) and l.mode in ('RowExclusiveLock', 'ShareLock', "
        "'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock') and c.relkind in ('r', 'p', 'S') "
        "and c.relpersistence <> 't' and (c.oid >= 16384 or c.relname = 'pg_largeobject') and l.pid is "
        "distinct from pg_backend_pid() and (l.pid is null or a.usesysid is not null) order by 1"));
}

std::string large_objects_of(Connection& connection) {
    IdNode unused;
    return write_large_objects(connection, *id_writer(unused)).digest;
}

/// What the look finds in the parts that only a transaction can change.
std::string changed_by_transactions(const Settings& settings, const View& view, const json::object& then) {
    const auto same = [&](std::string_view what, const std::string& now) {
        return text_or(then, what, "") == now;
    };
    auto schema = std::async(std::launch::async, [&] {
        const auto connection = join_view(view, settings.connection, std::string(operation));
        return digest_of(dump_schema(*connection, settings.connection, view.snapshot));
    });
    std::string found;
    Connection& connection = *view.connection;
    const RowStates now =
        row_states(connection, read_tables(connection), text_at(then, "transactions", "fingerprint"));
    add_names(found, "rows of ", differing_names(object_at(then, "tables", "fingerprint"), to_json(now)));
    if (!same("large_objects", large_objects_of(connection))) add(found, "large objects");
    if (!same("schema", schema.get())) add(found, "the schema");
    return found;
}

}  // namespace

json::object fingerprint_of(const Captured& captured) {
    return {{"transactions", captured.view.transactions},
            {"tables", to_json(captured_row_states(captured))},
            {"sequences", positions(captured.view.sequences)},
            {"large_objects", captured.content.large_objects.digest},
            {"schema", digest_of(captured.live)},
            {"database", digest_of(captured.database)}};
}

std::string drift(const Settings& settings, const Clock& clock, const json::object& uncompared,
                  QuietLook& quiet) {
    const json::value* kept = uncompared.if_contains("fingerprint");
    if (kept == nullptr || !kept->is_object()) return "";
    const json::object& then = kept->get_object();
    std::string found;
    {
        // Before the view: who commits after this look at the locks and before the view is in the view.
        Connection connection(settings.connection, {.operation = std::string(operation)});
        fix_session(connection);
        add_names(found, "being written now by ", writers(connection));
        const auto database = read_database(connection, settings.database);
        if (!database || digest_of(*database) != text_or(then, "database", ""))
            add(found, "the database's own settings");
    }
    const View view = open_view(settings.connection, clock, std::string(operation));
    // Positions follow no transaction.
    add_names(found, "sequence ",
              differing_names(object_at(then, "sequences", "fingerprint"), positions(view.sequences)));
    const std::string captured = canonical_json(then);
    const bool nothing_ended = view.transactions == text_or(then, "transactions", "") ||
                               (quiet.captured == captured && quiet.transactions == view.transactions);
    if (!nothing_ended) {
        if (const std::string more = changed_by_transactions(settings, view, then); !more.empty())
            add(found, more);
    }
    if (found.empty()) {
        quiet = {captured, view.transactions};
        return "";
    }
    return "somebody changed something since the snapshot ('rehearse diff' shows it): " + found;
}

}  // namespace rehearse::postgresql
