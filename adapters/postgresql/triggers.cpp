// What a trigger's function does can't be known without running it; that it runs can.
#include "adapters/postgresql/triggers.h"

#include <utility>

namespace rehearse::postgresql {

Objections objections(Connection& connection, const std::vector<TableItem>& items, Operation operation) {
    Objections out;
    if (items.empty()) return out;
    if (operation == Operation::drop) {
        out.possible =
            first_column(connection.run("select format('event trigger %I runs when tables are dropped, and "
                                        "may forbid it', evtname) from "
                                        "pg_catalog.pg_event_trigger where evtenabled in ('O', 'A') and "
                                        "evtevent in ('ddl_command_start', "
                                        "'ddl_command_end', 'sql_drop') and (evttags is null or 'DROP "
                                        "TABLE' = any (evttags)) order by 1"));
        return out;
    }
    const bool truncates = operation == Operation::truncate;
    out.possible = first_column(connection.run(
        "select format('trigger %I of %s runs when %s, and may forbid it" +
        std::string(truncates ? "" : " or keep rows") + "', tgname, tgrelid::regclass, '" +
        std::string(truncates ? "it is truncated" : "rows are deleted") +
        "') from pg_catalog.pg_trigger where not tgisinternal and tgenabled in ('O', 'A') and tgtype & " +
        std::string(truncates ? "32" : "8") + " <> 0 and tgrelid = any (" + oid_array(oids_of(items)) +
        ") order by 1"));
    if (truncates) return out;
    const std::string rules =
        "select format('rule %I of %s replaces deletions%s', rulename, ev_class::regclass, case when ev_qual "
        "= '<>' then ': no row would go; "
        "drop the rule here, or truncate' else ' where its condition holds, and may keep rows' end) from "
        "pg_catalog.pg_rewrite where ev_type = "
        "'4' and is_instead and ev_enabled in ('O', 'A') and ev_class = any (" +
        oid_array(oids_of(items)) + ") and ";
    out.certain = first_column(connection.run(rules + "ev_qual = '<>' order by 1"));
    for (std::string& rule : first_column(connection.run(rules + "ev_qual <> '<>' order by 1")))
        out.possible.push_back(std::move(rule));
    return out;
}

}  // namespace rehearse::postgresql
