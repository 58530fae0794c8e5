// The choice between mending and building; everything that must hold before either.
#include "adapters/postgresql/restore.h"

#include "adapters/postgresql/build.h"
#include "adapters/postgresql/identity.h"
#include "adapters/postgresql/names.h"
#include "adapters/postgresql/repair.h"
#include "adapters/postgresql/session.h"
#include "adapters/postgresql/sql_text.h"
#include "adapters/postgresql/tree_text.h"

namespace rehearse::postgresql {

namespace {

Wanted read_wanted(const Settings& settings, const TreeReader& tree, const RestoreRequest& request) {
    Wanted wanted{.tree = tree,
                  .database = database_from_json(
                      parse_json_object(tree.blob("database.json"), "database.json"), "database.json"),
                  .schema = read_schema(tree),
                  .wordings = {}};
    if (wanted.database.name != settings.database) {
        throw refused("restore", settings.database,
                      "the snapshot is of database '" + wanted.database.name + "'",
                      "name that database in 'connection', or pick another snapshot");
    }
    if (const auto* wordings = request.uncompared.if_contains("wordings");
        wordings != nullptr && wordings->is_array()) {
        wanted.wordings = wordings->as_array();
    }
    return wanted;
}

void require_roles(Connection& maintenance, const TreeReader& tree, const std::string& database) {
    const std::string roles = read_text(tree, "roles");
    std::string missing;
    std::string statements;
    for (std::size_t at = 0; at < roles.size();) {
        const std::size_t end = std::min(roles.find('\n', at), roles.size());
        const std::string role = roles.substr(at, end - at);
        at = end + 1;
        if (role.empty() ||
            maintenance.run("select from pg_catalog.pg_roles where rolname = $1", {role}).rows() > 0) {
            continue;
        }
        missing += (missing.empty() ? "" : ", ") + role;
        statements += (statements.empty() ? "" : "; ") + std::string("CREATE ROLE ") + identifier(role);
    }
    if (missing.empty()) return;
    throw refused("restore", database, "the cluster lacks roles that the snapshot names: " + missing,
                  "run as a superuser: " + statements);
}

/// What a restore that was killed may have left beside a database that is whole.
void drop_leftovers(Connection& maintenance, const std::string& database) {
    for (const std::string& name : {build_name(database), old_name(database)}) {
        if (exists(maintenance, name)) maintenance.run(drop_statement(maintenance, name));
    }
}

}  // namespace

Restored restore(const Settings& settings, const Clock& clock, const TreeReader& tree,
                 const RestoreRequest& request) {
    Connection maintenance(settings.restore, {.operation = "restore"});
    fix_session(maintenance);
    require_identity(maintenance, settings.database, request.expected);
    const Wanted wanted = read_wanted(settings, tree, request);
    require_roles(maintenance, tree, settings.database);
    if (exists(maintenance, settings.database)) {
        drop_leftovers(maintenance, settings.database);
        try {
            if (const auto report = repair(settings, clock, wanted, maintenance)) {
                return {*report,
                        open_view(settings.restore.with_database(settings.database), clock, "verify")};
            }
        } catch (const Failure&) {
            // A drop that a killed drill had sent goes on in the server, and may end only now: then the
            // database is made anew, as any other that is gone.
            if (exists(maintenance, settings.database)) throw;
        }
    }
    Problems problems;
    const RestoreReport report = build(settings, wanted, maintenance, problems);
    View view = put_in_place(settings, clock, wanted, maintenance);
    problems.tell(settings.database);
    return {report, std::move(view)};
}

}  // namespace rehearse::postgresql
