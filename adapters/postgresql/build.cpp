// The order: objects, rows with each table's indexes as soon as it is full, sequences and large objects, then
// the rest. The last commit waits for the disk, and with it for everything before.
#include "adapters/postgresql/build.h"

#include <algorithm>

#include "adapters/postgresql/after_rows.h"
#include "adapters/postgresql/apply.h"
#include "adapters/postgresql/checks.h"
#include "adapters/postgresql/load.h"
#include "adapters/postgresql/names.h"
#include "adapters/postgresql/other_sessions.h"
#include "adapters/postgresql/parallel.h"
#include "adapters/postgresql/session.h"
#include "adapters/postgresql/sql_text.h"

namespace rehearse::postgresql {

namespace {

constexpr std::string_view operation = "restore";

/// An orchestrator that was killed may have left the server at work on the very same statement: its database
/// is seen only when that ends, and then goes as one that was there before.
bool came_meanwhile(const Failure& failure) {
    return failure.fields().native_code == "42P04" || failure.fields().native_code == "23505";
}

void make_database(const Wanted& wanted, Connection& maintenance, const std::string& name, int tries = 3) {
    maintenance.run(drop_statement(maintenance, name));
    try {
        maintenance.run(create_statement(wanted.database, name));
    } catch (const Failure& failure) {
        if (came_meanwhile(failure) && tries > 1) return make_database(wanted, maintenance, name, tries - 1);
        FailureFields fields = failure.fields();
        if (fields.native_code == "42501") {
            fields.remedy = "run as a superuser: ALTER ROLE (that of restore_connection) CREATEDB";
        }
        throw Failure(std::move(fields));
    }
    maintenance.run("REVOKE ALL ON DATABASE " + identifier(name) + " FROM PUBLIC");
}

/// Tables whose rows may be frozen as they come: made here, and not the parent of partitions.
std::set<std::string> ordinary_tables(Connection& connection) {
    const Result rows = connection.run(
        "select format('%I.%I', n.nspname, c.relname) from pg_class c join pg_namespace n on n.oid = "
        "c.relnamespace "
        "where c.relkind = 'r' and c.relpersistence <> 't' and n.nspname !~ '^pg_' and n.nspname <> "
        "'information_schema'");
    std::set<std::string> names;
    for (std::size_t row = 0; row < rows.rows(); ++row) names.insert(rows.text(row, 0));
    return names;
}

/// Extensions may bring rows of their own: the snapshot has what is to be there.
void empty_tables_of_extensions(Connection& connection) {
    const Result rows = connection.run(
        "select string_agg(format('%I.%I', n.nspname, c.relname), ', ') from pg_class c join pg_namespace n "
        "on n.oid "
        "= c.relnamespace join pg_depend d on d.classid = 'pg_class'::regclass and d.objid = c.oid and "
        "d.deptype = "
        "'e' where c.relkind = 'r' and n.nspname !~ '^pg_' and pg_has_role(c.relowner, 'usage')");
    if (!rows.null(0, 0)) connection.run("truncate " + rows.text(0, 0));
}

void run_folder_of_folders(Connection& connection, const TreeReader& tree, const std::string& name) {
    if (!tree.has(name)) return;
    const auto root = tree.directory(name);
    for (const TreeEntry& entry : root->entries()) run_files(connection, *root->directory(entry.name));
}

}  // namespace

void run_files(Connection& connection, const TreeReader& folder) {
    std::string batch;
    for (const TreeEntry& entry : folder.entries()) {
        batch += folder.blob(entry.name);
        if (batch.size() < (256U << 10U)) continue;
        connection.run(batch);
        batch.clear();
    }
    if (!batch.empty()) connection.run(batch);
}

RestoreReport build(const Settings& settings, const Wanted& wanted, Connection& maintenance,
                    Problems& problems) {
    const std::string name = build_name(settings.database);
    make_database(wanted, maintenance, name);
    const Connections connections =
        open_restoring(settings.restore.with_database(name), std::string(operation),
                       usual_search_path(wanted.database), worker_count());
    Connection& first = *connections.front();
    make_objects(first, pick(wanted.schema, [](const SchemaObject& object) { return !object.after_rows; }));
    empty_tables_of_extensions(first);
    const std::vector<std::string> checks = postpone_checks(first);

    const AfterRows after(wanted.schema, pick(wanted.schema, [](const SchemaObject&) { return true; }),
                          &problems);
    const auto tables = stored_tables(wanted.tree);
    std::vector<const StoredTable*> to_load;
    to_load.reserve(tables.size());
    for (const auto& [table, stored] : tables) to_load.push_back(&stored);
    LoadCount count;
    Jobs jobs;
    const std::function<void(const std::string&)> loaded = [&](const std::string& table) {
        after.add_indexes(jobs, table);
    };
    add_loads(jobs, to_load, ordinary_tables(first), connections.size(), count, loaded, &problems);
    for (const std::string& table : after.tables()) {
        if (!tables.contains(table)) after.add_indexes(jobs, table);
    }
    jobs.add(
        [&](Connection& connection) { run_folder_of_folders(connection, wanted.tree, "large-objects"); });
    jobs.run(connections);
    run_folder_of_folders(first, wanted.tree, "sequences");
    make_checks(first, checks, problems);
    after.make_rest(connections);

    const auto made = std::count_if(wanted.schema.begin(), wanted.schema.end(),
                                    [](const SchemaObject& object) { return object.type == "TABLE"; });
    return {.items_restored = static_cast<std::uint64_t>(made), .bytes_restored = count.bytes};
}

View put_in_place(const Settings& settings, const Clock& clock, const Wanted& wanted,
                  Connection& maintenance) {
    const std::string name = identifier(settings.database);
    const std::string built = identifier(build_name(settings.database));
    const std::string old = old_name(settings.database);
    const Result present =
        maintenance.run("select from pg_catalog.pg_database where datname = $1", {settings.database});
    maintenance.run("set synchronous_commit = on");
    if (present.rows() == 0) {
        maintenance.run("ALTER DATABASE " + built + " RENAME TO " + name);
    } else {
        // Both names change in one transaction: there is one whole database at every instant.
        maintenance.run(drop_statement(maintenance, old));
        clear_sessions(maintenance, settings.database, settings.disconnect);
        maintenance.run("begin; ALTER DATABASE " + name + " RENAME TO " + identifier(old) +
                        "; ALTER DATABASE " + built + " RENAME TO " + name + "; commit");
    }
    View view = open_view(settings.restore.with_database(settings.database), clock, "verify");
    open_to_people(wanted.database, maintenance);
    if (present.rows() != 0) maintenance.run(drop_statement(maintenance, old));
    return view;
}

void open_to_people(const DatabaseSettings& wanted, Connection& maintenance) {
    const auto now = read_database(maintenance, wanted.name);
    if (!now) return;
    const auto statements = property_statements(wanted, *now, wanted.name);
    if (statements.empty()) return;
    maintenance.run("set synchronous_commit = on; begin");
    for (const std::string& statement : statements) maintenance.run(statement);
    maintenance.run("commit");
}

}  // namespace rehearse::postgresql
