// Dropped, not disabled: a drop is seen by the comparison of the schemas, even after a crash, and mended by
// it.
#include "adapters/postgresql/out_of_the_way.h"

#include "adapters/postgresql/sql_text.h"

namespace rehearse::postgresql {

namespace {

/// Runs the statements that a query writes; false where it writes none.
bool run_each(Connection& connection, const std::string& query) {
    const Result statements = connection.run(query);
    for (std::size_t row = 0; row < statements.rows(); ++row) connection.run(statements.text(row, 0));
    return statements.rows() > 0;
}

}  // namespace

void clear_the_way(Connection& connection, const std::vector<const Table*>& tables) {
    if (tables.empty()) return;
    const bool off = !connection.try_run("set session_replication_role = replica");
    std::string oids;
    for (const Table* table : tables) oids += (oids.empty() ? "" : ", ") + table->oid;
    // Triggers and foreign keys of a partitioned table are dropped where they were made: at the root.
    const std::string of_tables = "in (select unnest(array[" + oids +
                                  "]::oid[]) union select a.relid from unnest(array[" + oids +
                                  "]::oid[]) t, pg_partition_ancestors(t) a)";
    const auto only = [&](const std::string& column) {
        return off ? " and " + column + " in ('A', 'R')" : std::string();
    };
    run_each(connection,
             "select format('drop trigger %I on %s', tgname, tgrelid::regclass) from pg_trigger where not "
             "tgisinternal and tgparentid = 0 and tgrelid " +
                 of_tables + only("tgenabled"));
    run_each(connection,
             "select format('drop rule %I on %s', rulename, ev_class::regclass) from pg_rewrite where "
             "rulename <> '_RETURN' and ev_class " +
                 of_tables + only("ev_enabled"));
    if (off) return;
    run_each(connection,
             "select format('alter table %s drop constraint %I', conrelid::regclass, conname) from "
             "pg_constraint where contype = 'f' and conparentid = 0 and (conrelid " +
                 of_tables + " or confrelid " + of_tables + ")");
}

bool reset_rights(Connection& connection, const std::vector<std::string>& relations) {
    if (relations.empty()) return false;
    std::string list;
    for (const std::string& relation : relations) list += (list.empty() ? "" : ", ") + literal(relation);
    // Revoking from a table takes the rights on its columns, too.
    return run_each(
        connection,
        "with r as (select c.oid, c.relowner, c.relkind, c.relacl as acl from pg_class c join pg_namespace n "
        "on n.oid = "
        "c.relnamespace where format('%I.%I', n.nspname, c.relname) in (" +
            list +
            ")), g as (select r.oid, r.relowner, r.relkind, a.grantee from r, aclexplode(r.acl) a union "
            "select r.oid, "
            "r.relowner, r.relkind, a.grantee from r join pg_attribute t on t.attrelid = r.oid and not "
            "t.attisdropped, "
            "aclexplode(t.attacl) a), k as (select *, case relkind when 'S' then 'sequence' else 'table' end "
            "as kind from g) "
            "select distinct format('grant all on %s %s to %I', kind, oid::regclass, "
            "pg_get_userbyid(relowner)) from k "
            "union all select format('revoke all on %s %s from %s cascade', kind, oid::regclass, case when "
            "grantee = 0 then "
            "'public' else quote_ident(pg_get_userbyid(grantee)) end) from k where grantee <> relowner");
}

}  // namespace rehearse::postgresql
