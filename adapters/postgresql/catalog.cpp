// One query for all tables: a round trip each would cost more than the rows of most.
#include "adapters/postgresql/catalog.h"

#include <map>
#include <set>

#include "adapters/postgresql/sql_text.h"

namespace rehearse::postgresql {

namespace {

/// Namespaces whose objects are the server's own.
constexpr std::string_view not_of_the_system = "n.nspname !~ '^pg_' and n.nspname <> 'information_schema'";

std::vector<std::string> list_of(const std::string& text) {
    std::vector<std::string> out;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find('\x01', at), text.size());
        out.push_back(text.substr(at, end - at));
        at = end + 1;
    }
    return out;
}

/// Members of partition trees in which an enum is hashed (its hash follows the OIDs, which a restore
/// changes), each with its root.
std::map<std::string, std::string> unsafe_trees(Connection& connection) {
    std::map<std::string, std::string> roots;
    const Result rows = connection.run(
        "select t.relid::oid, r.root::oid from (select distinct pg_partition_root(p.partrelid) as root from "
        "pg_partitioned_table p where p.partstrat = 'h' and exists (select from pg_opclass c join pg_am a on "
        "c.opcmethod = a.oid where c.oid = any (p.partclass) and c.opcname = 'enum_ops' and a.amname = "
        "'hash' and "
        "c.opcnamespace = 'pg_catalog'::regnamespace)) r, pg_partition_tree(r.root) t");
    for (std::size_t row = 0; row < rows.rows(); ++row) roots[rows.text(row, 0)] = rows.text(row, 1);
    return roots;
}

std::string joined(const std::vector<std::string>& parts) {
    std::string out;
    for (const std::string& part : parts) out += (out.empty() ? "" : ", ") + part;
    return out;
}

}  // namespace

std::string Table::column_list() const { return joined(columns); }
std::string Table::copy_target() const {
    return quoted + (columns.empty() ? "" : " (" + column_list() + ")");
}
std::string Table::from() const { return (through_root ? "" : "ONLY ") + quoted; }

std::vector<Table> read_tables(Connection& connection) {
    const auto trees = unsafe_trees(connection);
    // Columns of a table that inherits come back in another order: by name is an order that stays. Lists are
    // joined with a byte that no identifier can hold.
    const Result rows = connection.run(
        "select c.oid, n.nspname, c.relname, format('%I.%I', n.nspname, c.relname), c.relkind = 'p', "
        "pg_relation_size(c.oid), coalesce(pg_relation_size(nullif(c.reltoastrelid, 0)), 0), "
        "c.reltuples::int8, "
        "exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and "
        "d.deptype = 'e'), "
        "coalesce((select string_agg(quote_ident(a.attname), E'\\x01' order by case when not "
        "c.relispartition and "
        "exists (select from pg_inherits i where i.inhrelid = c.oid) then a.attname end, a.attnum) from "
        "pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated "
        "= ''), "
        "''), coalesce(k.columns, ''), coalesce(k.expressions, ''), coalesce(k.integer, false) "
        "from pg_class c join pg_namespace n on n.oid = c.relnamespace left join lateral (select "
        "string_agg(quote_ident(a.attname), E'\\x01' order by u.place) as columns, "
        "string_agg(quote_ident(a.attname) || case when a.attcollation <> 0 then ' collate \"C\"' else '' "
        "end, "
        "E'\\x01' order by u.place) as expressions, "
        "count(*) = 1 and bool_and(a.atttypid in ('int2'::regtype, 'int4'::regtype, 'int8'::regtype)) as "
        "integer "
        "from pg_index x, unnest(x.indkey) with ordinality u(number, place), pg_attribute a where x.indrelid "
        "= "
        "c.oid and x.indisprimary and u.place <= x.indnkeyatts and a.attrelid = c.oid and a.attnum = "
        "u.number) k "
        "on true where c.relkind in ('r', 'p') and c.relpersistence <> 't' and " +
        std::string(not_of_the_system) + " order by n.nspname collate \"C\", c.relname collate \"C\"");
    std::vector<Table> tables;
    for (std::size_t row = 0; row < rows.rows(); ++row) {
        Table table{.oid = rows.text(row, 0),
                    .space = rows.text(row, 1),
                    .name = rows.text(row, 2),
                    .quoted = rows.text(row, 3),
                    .columns = list_of(rows.text(row, 9)),
                    .key = list_of(rows.text(row, 11)),
                    .key_columns = list_of(rows.text(row, 10)),
                    .partitioned = rows.flag(row, 4),
                    .of_extension = rows.flag(row, 8),
                    .bytes = rows.number(row, 5),
                    .wide_bytes = rows.number(row, 6)};
        table.estimated_rows = std::stoll(rows.text(row, 7));
        if (const auto tree = trees.find(table.oid); tree != trees.end()) {
            if (tree->second != table.oid) continue;
            table.through_root = true;
        } else if (table.partitioned) {
            continue;
        }
        for (std::size_t at = 0; rows.flag(row, 12) && at < table.columns.size(); ++at) {
            if (table.columns[at] == table.key_columns[0]) table.integer_key = at;
        }
        tables.push_back(std::move(table));
    }
    return tables;
}

std::vector<Sequence> read_sequences(Connection& connection) {
    const Result names = connection.run(
        "select n.nspname, c.relname, format('%I.%I', n.nspname, c.relname) from pg_class c join "
        "pg_namespace n on "
        "n.oid = c.relnamespace where c.relkind = 'S' and c.relpersistence <> 't' and " +
        std::string(not_of_the_system) + " order by n.nspname collate \"C\", c.relname collate \"C\"");
    std::vector<Sequence> sequences;
    for (std::size_t row = 0; row < names.rows(); ++row) {
        sequences.push_back({names.text(row, 0), names.text(row, 1), names.text(row, 2), {}, false});
    }
    constexpr std::size_t batch = 200;
    for (std::size_t first = 0; first < sequences.size(); first += batch) {
        const std::size_t last = std::min(sequences.size(), first + batch);
        std::string sql;
        for (std::size_t at = first; at < last; ++at) {
            sql += std::string(sql.empty() ? "" : " union all ") + "select " + std::to_string(at) +
                   " as number, last_value, is_called from " + sequences[at].quoted;
        }
        const Result rows = connection.run(sql);
        for (std::size_t row = 0; row < rows.rows(); ++row) {
            Sequence& sequence = sequences[rows.number(row, 0)];
            sequence.last_value = rows.text(row, 1);
            sequence.called = rows.flag(row, 2);
        }
    }
    return sequences;
}

std::string setval_statement(const Sequence& sequence) {
    return "SELECT pg_catalog.setval(" + literal(sequence.quoted) + ", " + sequence.last_value + ", " +
           (sequence.called ? "true" : "false") + ");";
}

}  // namespace rehearse::postgresql
