// The fixpoint: a dump of a restored database may differ from the first one (column order of inherited
// tables, rewritten conditions); what a restore gives back unchanged is what snapshots hold.
#include "adapters/postgresql/scratch.h"

#include <algorithm>
#include <set>

#include "adapters/postgresql/apply.h"
#include "adapters/postgresql/dump.h"
#include "adapters/postgresql/names.h"
#include "adapters/postgresql/session.h"
#include "adapters/postgresql/sql_text.h"
#include "orchestrator/base/digest.h"

namespace rehearse::postgresql {

namespace {

constexpr std::string_view prefix = "rehearse_scratch_";
constexpr int most_generations = 4;

/// Held as long as the database of that name is somebody's.
std::string lock_of(const std::string& name) {
    return "pg_try_advisory_lock(1380272200, hashtext(" + literal(name) + "))";
}

void drop_leftovers(Connection& maintenance) {
    const Result names = maintenance.run(
        "select datname from pg_catalog.pg_database where datname like 'rehearse\\_scratch\\_%' and "
        "pg_has_role(datdba, 'usage')");
    for (std::size_t row = 0; row < names.rows(); ++row) {
        const std::string name = names.text(row, 0);
        if (!maintenance.run("select " + lock_of(name)).flag(0, 0)) continue;
        // Somebody may still be at work in it through another maintenance database: then this fails, rightly.
        maintenance.try_run("drop database if exists " + identifier(name));
        maintenance.run("select pg_advisory_unlock(1380272200, hashtext(" + literal(name) + "))");
    }
}

std::set<std::string> names_in(const Schema& schema) {
    std::set<std::string> names;
    for (std::string& path : schema_paths(schema)) names.insert(std::move(path));
    return names;
}

void check_nothing_lost(const Schema& before, const Schema& after, const std::string& operation,
                        const std::string& object) {
    const auto had = names_in(before);
    const auto has = names_in(after);
    std::vector<std::string> lost;
    std::set_difference(had.begin(), had.end(), has.begin(), has.end(), std::back_inserter(lost));
    if (lost.empty()) return;
    std::string list;
    for (std::size_t at = 0; at < lost.size() && at < 5; ++at) list += (at == 0 ? "" : ", ") + lost[at];
    if (lost.size() > 5) list += " and " + std::to_string(lost.size() - 5) + " more";
    throw Failure({.kind = FailureKind::permanent,
                   .operation = operation + ": try the schema",
                   .object = object,
                   .message = "restored into a scratch database, it does not give back: " + list,
                   .remedy = "see what pg_dump writes for them; a role with more rights may be needed"});
}

Schema without_refreshes(const Schema& schema) {
    Schema out;
    std::copy_if(schema.begin(), schema.end(), std::back_inserter(out),
                 [](const SchemaObject& object) { return !refreshes(object); });
    return out;
}

/// Refreshes come before event triggers, which must be last.
Schema with_refreshes(Schema schema, const Schema& from) {
    auto place = std::find_if(schema.begin(), schema.end(),
                              [](const SchemaObject& object) { return object.type == "EVENT TRIGGER"; });
    for (const SchemaObject& object : from) {
        if (refreshes(object)) place = schema.insert(place, object) + 1;
    }
    return schema;
}

}  // namespace

ScratchDatabase::ScratchDatabase(const Settings& settings, const DatabaseSettings& like,
                                 const std::string& operation)
    : maintenance_(settings.scratch(), {.operation = operation + ": scratch database"}),
      name_(std::string(prefix) + random_hex(8)),
      where_(settings.scratch().with_database(name_)) {
    fix_session(maintenance_);
    drop_leftovers(maintenance_);
    maintenance_.run("select " + lock_of(name_));
    DatabaseSettings plain = like;
    if (settings.elsewhere) plain.table_space = "pg_default";
    try {
        maintenance_.run(create_statement(plain, name_));
    } catch (const Failure& failure) {
        FailureFields fields = failure.fields();
        if (fields.native_code == "42501") {
            fields.remedy = "run there, as a superuser: ALTER ROLE " + identifier(settings.scratch().user()) +
                            " CREATEDB";
        }
        throw Failure(std::move(fields));
    }
    try {
        connection_ = std::make_unique<Connection>(where_, Connection::Options{.operation = operation});
    } catch (...) {
        maintenance_.try_run("drop database if exists " + identifier(name_));
        throw;
    }
    fix_restoring_session(*connection_);
    set_usual_path(*connection_, usual_search_path(like));
}

ScratchDatabase::~ScratchDatabase() {
    connection_.reset();
    // The backend of a session that was just closed may take a moment to leave.
    maintenance_.try_run(drop_statement(maintenance_, name_));
}

Fixpoint find_fixpoint(const Settings& settings, const DatabaseSettings& database, const Schema& live,
                       const RowTypes& row_types, const std::string& operation) {
    Schema current = without_refreshes(live);
    for (int generation = 1; generation <= most_generations; ++generation) {
        ScratchDatabase scratch(settings, database, operation + ": try the schema");
        make_objects(scratch.connection(), pick(current, [](const SchemaObject&) { return true; }));
        if (generation == 1)
            require_same_order(row_types, used_row_types(scratch.connection()), operation, settings.database);
        Schema next = dump_schema(scratch.connection(), scratch.where(), "");
        if (next == current) return {with_refreshes(std::move(next), live), generation};
        check_nothing_lost(current, next, operation, settings.database);
        current = std::move(next);
    }
    throw Failure({.kind = FailureKind::permanent,
                   .operation = operation + ": try the schema",
                   .object = settings.database,
                   .message = "after " + std::to_string(most_generations) +
                              " restores its dump still changes: equality could not be proved",
                   .remedy = "compare two dumps of restored copies to find the object"});
}

}  // namespace rehearse::postgresql
