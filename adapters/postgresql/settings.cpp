// What the table of keys can't say: which database, and that the way back does not go through it.
#include "adapters/postgresql/settings.h"

#include "orchestrator/base/failure.h"

namespace rehearse::postgresql {

namespace {

[[noreturn]] void wrong(const ResourceSpec& spec, const std::string& key, const std::string& message,
                        const std::string& remedy) {
    throw Failure({.kind = FailureKind::invalid_input,
                   .operation = "read option",
                   .object = spec.name.text() + "." + key,
                   .message = message,
                   .remedy = remedy});
}

ConnectionString maintenance(const ResourceSpec& spec, const std::string& key, const std::string& database,
                             bool may_have_that_name) {
    ConnectionString where(text_at(spec.options, key, to_string(spec.mark)), key);
    if (where.database().empty()) where = where.with_database("postgres");
    if (where.database() == database && !may_have_that_name) {
        wrong(spec, key, "it names the database that a drill destroys, so it could not bring it back",
              "name the cluster's maintenance database, such as dbname=postgres");
    }
    return where;
}

}  // namespace

Settings read_settings(const ResourceSpec& spec) {
    ConnectionString connection(text_at(spec.options, "connection", to_string(spec.mark)), "connection");
    if (connection.database().empty()) {
        wrong(spec, "connection", "it names no database", "add dbname=...");
    }
    const std::string database = connection.database();
    if (database == "template0" || database == "template1") {
        wrong(spec, "connection", "'" + database + "' is a template of the cluster itself",
              "name a database of your own");
    }
    Settings settings{.resource = spec.name,
                      .connection = std::move(connection),
                      .restore = maintenance(spec, "restore_connection", database, false),
                      .elsewhere = std::nullopt,
                      .disconnect = text_or(spec.options, "sessions", "refuse") == "disconnect",
                      .database = database};
    if (spec.options.contains("scratch_connection")) {
        settings.elsewhere = maintenance(spec, "scratch_connection", database, true);
    }
    return settings;
}

}  // namespace rehearse::postgresql
