// Obstacles are looked for with the credential that would meet them: the restore's with the restore's.
#include "adapters/postgresql/observe.h"

#include <algorithm>
#include <filesystem>

#include "adapters/postgresql/checks.h"
#include "adapters/postgresql/dump.h"
#include "adapters/postgresql/identity.h"
#include "adapters/postgresql/items.h"
#include "adapters/postgresql/other_sessions.h"
#include "adapters/postgresql/parallel.h"
#include "adapters/postgresql/references.h"
#include "adapters/postgresql/refresh.h"
#include "adapters/postgresql/session.h"
#include "adapters/postgresql/sql_text.h"
#include "adapters/postgresql/triggers.h"

namespace rehearse::postgresql {

namespace {

void add(std::vector<std::string>& out, std::vector<std::string> more) {
    out.insert(out.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

/// What a drop of the database would take along or stumble over.
void find_obstacles_of_drop(Connection& own, const std::string& database,
                            std::vector<std::string>& obstacles) {
    add(obstacles,
        first_column(own.run(
            "select 'logical replication slot ' || slot_name || ' would be lost: drop it first (select "
            "pg_drop_replication_slot(' || quote_literal(slot_name) || '))' from "
            "pg_catalog.pg_replication_slots where database = $1",
            {database})));
    add(obstacles,
        first_column(own.run("select 'prepared transaction ' || gid || ' is open: commit it or roll it back' "
                             "from pg_catalog.pg_prepared_xacts where database = $1",
                             {database})));
    add(obstacles,
        first_column(own.run(
            "select 'database ' || datname || ' is a template: ALTER DATABASE ' || quote_ident(datname) || ' "
            "IS_TEMPLATE false' from pg_catalog.pg_database where datname = $1 and datistemplate",
            {database})));
    add(obstacles,
        first_column(own.run(
            "select 'role ' || current_user || ' does not own database ' || datname || ', so it cannot "
            "drop it' from pg_catalog.pg_database where datname = $1 and not pg_has_role(datdba, "
            "'usage')",
            {database})));
}

void find_obstacles_of_restore(Connection& own, Connection& maintenance, const std::string& database,
                               std::vector<std::string>& obstacles) {
    add(obstacles,
        first_column(own.run(
            "select 'subscription ' || quote_ident(subname) || ' cannot be rehearsed: drop it in this "
            "environment' from pg_catalog.pg_subscription where subdbid = (select oid from "
            "pg_catalog.pg_database where datname = $1)",
            {database})));
    add(obstacles,
        first_column(own.run(
            "select 'extension ' || extname || ' ' || extversion || ' could not be made again: that version "
            "is not installed on the server' from pg_catalog.pg_extension e where not exists (select from "
            "pg_catalog.pg_available_extension_versions a where a.name = e.extname and a.version = "
            "e.extversion)")));
    add(obstacles, first_column(maintenance.run(
                       "select 'role ' || rolname || ' of restore_connection may not create databases: "
                       "ALTER ROLE ' || quote_ident(rolname) || ' CREATEDB' from pg_catalog.pg_roles where "
                       "rolname = current_user and not rolcreatedb and not rolsuper")));
    add(obstacles,
        first_column(maintenance.run(
            "select distinct 'role ' || current_user || ' of restore_connection is no member of ' || "
            "pg_get_userbyid(d.refobjid) || ', which owns objects: GRANT ' || "
            "quote_ident(pg_get_userbyid(d.refobjid)) || ' TO ' || quote_ident(current_user) from "
            "pg_catalog.pg_shdepend d where d.refclassid = 'pg_authid'::regclass and d.deptype = 'o' and "
            "(d.dbid = "
            "(select oid from pg_catalog.pg_database where datname = $1) or (d.dbid = 0 and d.classid = "
            "'pg_database'::regclass and d.objid = (select oid from pg_catalog.pg_database where datname = "
            "$1))) and "
            "not pg_has_role(current_user, d.refobjid, 'member')",
            {database})));
}

/// Limits that a capture or a restore would run into, maybe only once something is broken. Superusers have
/// none.
std::vector<std::string> limits_of_sessions(Connection& connection, const std::string& database) {
    // A restore's own, those that compare rows meanwhile, one that holds the view, and pg_dump.
    const std::string needed = std::to_string(2 * worker_count() + 2);
    return first_column(connection.run(
        "select format('%s lets in only %s sessions at once; a drill takes up to " + needed +
            ": ALTER %s CONNECTION LIMIT " + needed +
            "', o.what, o.allowed, o.what) from (select format('ROLE %I', rolname) as what, rolconnlimit as "
            "allowed "
            "from pg_catalog.pg_roles where rolname = current_user union all select format('DATABASE %I', "
            "datname), "
            "datconnlimit from pg_catalog.pg_database where datname = $1) o where o.allowed between 0 and " +
            needed + " - 1 and not (select rolsuper from pg_catalog.pg_roles where rolname = current_user)",
        {database}));
}

/// The server's own files, where they are on this machine and this role may know it.
std::filesystem::path data_directory(Connection& connection) {
    try {
        const std::filesystem::path path =
            connection.run("select current_setting('data_directory', true)").text(0, 0);
        std::error_code ignored;
        return !path.empty() && std::filesystem::exists(path / "PG_VERSION", ignored)
                   ? path
                   : std::filesystem::path();
    } catch (const Failure&) {
        return {};
    }
}

Item as_item(const TableItem& table, const std::string& detail) {
    return {.name = table.name, .bytes = table.bytes, .detail = detail};
}

std::string about_rows(const TableItem& table) {
    if (table.partitioned) return "partitioned";
    return table.estimated_rows < 0 ? "" : "about " + std::to_string(table.estimated_rows) + " rows";
}

/// Those of `tables` that the operation would change, so that none is left once it was done; each goes to
/// `items`.
std::vector<TableItem> affected(Connection& own, const std::vector<TableItem>& tables, Operation operation,
                                const std::string& where, std::vector<Item>& items) {
    std::vector<TableItem> changed;
    for (const TableItem& table : tables) {
        std::string detail = about_rows(table);
        if (operation != Operation::drop) {
            if (table.partitioned) continue;  // its rows are its partitions'
            const std::string from = " from only " + table.quoted;
            if (operation == Operation::truncate) {
                if (own.run("select" + from + " limit 1").rows() == 0) continue;
            } else {
                const std::string rows = own.run("select count(*)" + from + " where " + where, {}).text(0, 0);
                if (rows == "0") continue;
                detail = rows + " rows match";
            }
        }
        items.push_back(as_item(table, detail));
        changed.push_back(table);
    }
    return changed;
}

}  // namespace

Observation observe(const Settings& settings, const Selection& selection) {
    const Operation operation = operation_of(selection.options);
    Observation out;
    Connection maintenance(settings.restore, {.operation = "observe"});
    if (!exists(maintenance, settings.database)) return out;
    const IdentityReport identity = identify(settings, nullptr);
    if (identity.match == IdentityMatch::other) out.obstacles.push_back(identity.explanation);

    Connection own(settings.connection, {.operation = "observe"});
    own.run("set default_transaction_read_only = on; set row_security = off");
    const auto all = table_items(own);
    out.items_in_resource = all.size();
    out.bytes_in_resource = own.run("select pg_database_size(current_database())").number(0, 0);
    const auto chosen = select_items(all, selection.patterns, out.unmatched);
    const bool whole = selection.patterns.empty();
    const auto changed = affected(own, chosen, operation, text_or(selection.options, "where", ""), out.items);
    if (whole && operation == Operation::drop) {
        out.sessions = sessions_in(own, settings.database);
        find_obstacles_of_drop(own, settings.database, out.obstacles);
    } else {
        const Reach reach = reach_of(own, changed, operation);
        for (const std::string& text : reach.forbidden) {
            out.obstacles.push_back("it would reach beyond the named tables: " + text +
                                    "; name that table, too");
        }
        for (const std::string& text : reach.restorable)
            out.warnings.push_back("goes with it and comes back: " + text);
        if (operation == Operation::remove) add(out.obstacles, undeletable(own, changed));
        Objections found = objections(own, changed, operation);
        add(out.obstacles, std::move(found.certain));
        add(out.warnings, std::move(found.possible));
    }
    find_obstacles_of_restore(own, maintenance, settings.database, out.obstacles);
    if (!changed.empty()) {  // not while the absence of what was destroyed is proved: these read rows
        add(out.obstacles, broken_checks(own));
        add(out.obstacles, not_refreshable(own));
    }
    add(out.obstacles, limits_of_sessions(own, settings.database));
    for (std::string& limit : limits_of_sessions(maintenance, settings.database)) {
        if (std::find(out.obstacles.begin(), out.obstacles.end(), limit) == out.obstacles.end())
            out.obstacles.push_back(std::move(limit));
    }
    try {
        out.way_back.push_back(find_dump_program(own.server_version()).path);
    } catch (const Failure& failure) {
        out.obstacles.emplace_back(failure.what());
    }
    out.restore_disk = data_directory(maintenance);
    if (!out.restore_disk.empty()) out.way_back.push_back(out.restore_disk);
    return out;
}

}  // namespace rehearse::postgresql
