// Each destroy checks the identity in the session that has the effect, right before it.
#include "adapters/postgresql/destroy.h"

#include <algorithm>

#include "adapters/postgresql/identity.h"
#include "adapters/postgresql/items.h"
#include "adapters/postgresql/other_sessions.h"
#include "adapters/postgresql/references.h"
#include "adapters/postgresql/session.h"
#include "adapters/postgresql/sql_text.h"

namespace rehearse::postgresql {

namespace {

void check_stop(const DestroyRequest& request, const std::string& object) {
    if (!request.stop.stop_requested()) return;
    throw Failure({.kind = FailureKind::cancelled,
                   .operation = "destroy",
                   .object = object,
                   .message = "stopped before it was destroyed",
                   .remedy = "nothing to do: what was destroyed before is restored"});
}

void drop_database(const Settings& settings, const DestroyRequest& request) {
    // With the destroying credential, but from another database: nobody can drop the one that he is in.
    Connection connection(settings.connection.with_database(settings.restore.database()),
                          {.operation = "destroy"});
    require_identity(connection, settings.database, request.expected);
    if (!exists(connection, settings.database)) return;
    const Result slots = connection.run(
        "select slot_name from pg_catalog.pg_replication_slots where database = $1", {settings.database});
    if (slots.rows() > 0) {
        throw refused("destroy", settings.database,
                      "logical replication slot " + slots.text(0, 0) + " would be lost with it",
                      "drop the slot first");
    }
    clear_sessions(connection, settings.database, settings.disconnect);
    check_stop(request, settings.database);
    const bool force = settings.disconnect && connection.server_version() >= 130000;
    try {
        connection.run("DROP DATABASE IF EXISTS " + identifier(settings.database) +
                       (force ? " WITH (FORCE)" : ""));
    } catch (const Failure& failure) {
        FailureFields fields = failure.fields();
        if (fields.native_code == "55006") {
            fields.kind = FailureKind::refused;
            for (const std::string& session : sessions_in(connection, settings.database))
                fields.message += "; " + session;
        }
        throw Failure(std::move(fields));
    }
}

std::vector<TableItem> named(const std::vector<TableItem>& all, const DestroyRequest& request) {
    if (request.whole) return all;
    std::vector<TableItem> items;
    std::copy_if(all.begin(), all.end(), std::back_inserter(items), [&](const TableItem& item) {
        return std::find(request.items.begin(), request.items.end(), item.name) != request.items.end();
    });
    return items;
}

std::string list_of(const std::vector<TableItem>& items, const std::string& lead) {
    std::string out;
    for (const TableItem& item : items) out += (out.empty() ? "" : ", ") + lead + item.quoted;
    return out;
}

void lock(Connection& connection, const std::string& tables) {
    if (!tables.empty()) connection.run("LOCK TABLE " + tables + " IN ACCESS EXCLUSIVE MODE");
}

/// As reach_of(), held still: what a truncation takes along because it is empty stays so until the commit.
Reach locked_reach(Connection& connection, const std::vector<TableItem>& items, Operation operation) {
    if (operation != Operation::truncate) return reach_of(connection, items, operation);
    lock(connection, list_of(items, "ONLY "));
    const Reach reach = reach_of(connection, items, operation);
    if (!reach.forbidden.empty()) return reach;
    for (const std::string& empty : reach.empty) lock(connection, "ONLY " + empty);
    return reach_of(connection, items, operation);
}

void change_tables(const Settings& settings, const DestroyRequest& request, Operation operation) {
    Connection connection(settings.connection, {.operation = "destroy"});
    // All or nothing, and never waiting for somebody's lock for long.
    connection.run(
        "set lock_timeout = '30s'; set row_security = off; begin isolation level read committed read write");
    require_identity(connection, settings.database, request.expected);
    auto items = named(table_items(connection), request);
    if (operation != Operation::drop) {
        std::erase_if(items, [](const TableItem& item) { return item.partitioned; });
    }
    const Reach reach = locked_reach(connection, items, operation);
    if (!reach.forbidden.empty()) {
        std::string list;
        for (const std::string& text : reach.forbidden) list += (list.empty() ? "" : ", ") + text;
        throw refused("destroy", settings.database, "it would reach beyond the named tables: " + list,
                      "name these tables, too");
    }
    if (items.empty()) return;
    check_stop(request, items.front().name);
    if (operation == Operation::drop) {
        connection.run("DROP TABLE " + list_of(items, "") + " CASCADE");
    } else if (operation == Operation::truncate) {
        connection.run("TRUNCATE " + list_of(items, "ONLY ") + " CASCADE");  // to what is empty, and locked
    } else {
        put_dependents_first(connection, items);
        for (const TableItem& item : items) {
            check_stop(request, item.name);
            // With parameters the server takes one statement only: a condition can't bring another.
            connection.run(
                "DELETE FROM ONLY " + item.quoted + " WHERE " + text_or(request.options, "where", ""), {});
        }
    }
    connection.run("set local synchronous_commit = on; commit");
}

}  // namespace

void destroy(const Settings& settings, const DestroyRequest& request) {
    const Operation operation = operation_of(request.options);
    check_stop(request, settings.database);
    if (request.whole && operation == Operation::drop) {
        drop_database(settings, request);
        return;
    }
    Connection maintenance(settings.restore, {.operation = "destroy"});
    require_identity(maintenance, settings.database, request.expected);
    if (!exists(maintenance, settings.database)) return;
    change_tables(settings, request, operation);
}

}  // namespace rehearse::postgresql
