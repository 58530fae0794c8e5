// Asked where the schema is tried out: the order that counts is the one that PostgreSQL really gives.
#include "adapters/postgresql/row_types.h"

namespace rehearse::postgresql {

RowTypes used_row_types(Connection& connection) {
    const Result rows = connection.run(
        "select format('%I.%I', n.nspname, c.relname), string_agg(quote_ident(a.attname), ', ' order by "
        "a.attnum) from "
        "pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace join "
        "pg_catalog.pg_attribute a on "
        "a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped where c.relkind in ('r', 'f') and not "
        "c.relispartition "
        "and exists (select from pg_catalog.pg_inherits i where i.inhrelid = c.oid) and exists (select from "
        "pg_catalog.pg_type t join pg_catalog.pg_depend d on d.refclassid = 'pg_type'::regclass and "
        "d.refobjid in (t.oid, "
        "t.typarray) left join pg_catalog.pg_class r on d.classid = 'pg_class'::regclass and r.oid = d.objid "
        "where t.oid = "
        "c.reltype and d.deptype = 'n' and (r.relkind in ('r', 'p', 'c') or d.classid = "
        "'pg_type'::regclass)) group by 1");
    RowTypes types;
    for (std::size_t row = 0; row < rows.rows(); ++row) types[rows.text(row, 0)] = rows.text(row, 1);
    return types;
}

void require_same_order(const RowTypes& live, const RowTypes& restored, const std::string& operation,
                        const std::string& database) {
    for (const auto& [table, columns] : live) {
        const auto found = restored.find(table);
        if (found == restored.end() || found->second == columns) continue;
        throw refused(
            operation, database,
            "columns hold rows of table " + table + ", which inherits; a restore gives it the order (" +
                found->second + ") instead of (" + columns + "), so these values could not be read back",
            "make such columns of a composite type of their own, or make the table anew in that order");
    }
}

}  // namespace rehearse::postgresql
