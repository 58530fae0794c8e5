// Through views and other materialised views, as their rules depend on each other.
#include "adapters/postgresql/refresh.h"

namespace rehearse::postgresql {

std::vector<std::string> not_refreshable(Connection& connection) {
    const Result rows = connection.run(
        "with recursive uses as (select distinct r.ev_class as view, d.refobjid as relation from "
        "pg_catalog.pg_rewrite r join "
        "pg_catalog.pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid and d.refclassid = "
        "'pg_class'::regclass and "
        "d.refobjid <> r.ev_class), reached as (select u.view as top, u.relation from uses u join "
        "pg_catalog.pg_class v on v.oid = "
        "u.view and v.relkind = 'm' and v.relispopulated union select t.top, u.relation from reached t join "
        "uses u on u.view = "
        "t.relation) select distinct format('materialised view %s would not be refreshed: foreign table %s, "
        "which it reads, does not "
        "answer', t.top::regclass, f.oid::regclass), f.oid::regclass from reached t join pg_catalog.pg_class "
        "f on f.oid = t.relation "
        "and f.relkind = 'f' order by 1");
    std::vector<std::string> out;
    if (rows.rows() > 0)
        connection.run("set statement_timeout = '10s'");  // a server that is away may never say so
    for (std::size_t row = 0; row < rows.rows(); ++row) {
        const auto problem = connection.try_run("select from " + rows.text(row, 1) + " limit 1");
        if (problem) out.push_back(rows.text(row, 0) + " (" + problem->fields().message + ")");
    }
    if (rows.rows() > 0) connection.run("reset statement_timeout");
    return out;
}

}  // namespace rehearse::postgresql
