// What a trigger's function does can't be known without running it; that it runs can.
#include "adapters/postgresql/triggers.h"

namespace rehearse::postgresql {

namespace {

std::string oids_of(const std::vector<TableItem>& items) {
    std::string list;
    for (const TableItem& item : items) list += (list.empty() ? "" : ", ") + item.oid;
    return "array[" + list + "]::oid[]";
}

void add(std::vector<std::string>& out, const Result& rows) {
    for (std::size_t row = 0; row < rows.rows(); ++row) out.push_back(rows.text(row, 0));
}

}  // namespace

Objections objections(Connection& connection, const std::vector<TableItem>& items, Operation operation) {
    Objections out;
    if (items.empty()) return out;
    if (operation == Operation::drop) {
        add(out.possible, connection.run("select format('event trigger %I runs when tables are dropped, and "
                                         "may forbid it', evtname) from "
                                         "pg_catalog.pg_event_trigger where evtenabled in ('O', 'A') and "
                                         "evtevent in ('ddl_command_start', "
                                         "'ddl_command_end', 'sql_drop') and (evttags is null or 'DROP "
                                         "TABLE' = any (evttags)) order by 1"));
        return out;
    }
    const bool truncates = operation == Operation::truncate;
    add(out.possible,
        connection.run(
            "select format('trigger %I of %s runs when %s, and may forbid it" +
            std::string(truncates ? "" : " or keep rows") + "', tgname, tgrelid::regclass, '" +
            std::string(truncates ? "it is truncated" : "rows are deleted") +
            "') from pg_catalog.pg_trigger where not tgisinternal and tgenabled in ('O', 'A') and tgtype & " +
            std::string(truncates ? "32" : "8") + " <> 0 and tgrelid = any (" + oids_of(items) +
            ") order by 1"));
    if (truncates) return out;
    const std::string rules =
        "select format('rule %I of %s replaces deletions%s', rulename, ev_class::regclass, case when ev_qual "
        "= '<>' then ': no row would go; "
        "drop the rule here, or truncate' else ' where its condition holds, and may keep rows' end) from "
        "pg_catalog.pg_rewrite where ev_type = "
        "'4' and is_instead and ev_enabled in ('O', 'A') and ev_class = any (" +
        oids_of(items) + ") and ";
    add(out.certain, connection.run(rules + "ev_qual = '<>' order by 1"));
    add(out.possible, connection.run(rules + "ev_qual <> '<>' order by 1"));
    return out;
}

}  // namespace rehearse::postgresql
