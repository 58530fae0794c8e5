// The maintenance connection and the database's own must lead to one cluster: a drill that destroys here and
// restores there would be the accident itself.
#include "adapters/postgresql/identity.h"

namespace rehearse::postgresql {

namespace {

std::string text_in(const Identity& identity, std::string_view key) { return text_or(identity, key, ""); }

}  // namespace

std::string system_identifier(Connection& connection) {
    try {
        return connection.run("select system_identifier from pg_catalog.pg_control_system()").text(0, 0);
    } catch (const Failure& failure) {
        if (failure.fields().native_code != "42501") throw;
        FailureFields fields = failure.fields();
        fields.remedy =
            "run as a superuser: GRANT EXECUTE ON FUNCTION pg_catalog.pg_control_system() TO this role";
        throw Failure(std::move(fields));
    }
}

Identity identity_of(Connection& connection, const std::string& database) {
    return {{"system_identifier", system_identifier(connection)}, {"database", database}};
}

bool exists(Connection& connection, const std::string& database) {
    return connection.run("select from pg_catalog.pg_database where datname = $1", {database}).rows() > 0;
}

IdentityReport identify(const Settings& settings, const Identity* recorded) {
    Connection maintenance(settings.restore, {.operation = "identify"});
    IdentityReport report{.match = IdentityMatch::same, .live = identity_of(maintenance, settings.database)};
    const bool present = exists(maintenance, settings.database);
    if (present) {
        Connection own(settings.connection, {.operation = "identify"});
        const std::string there = system_identifier(own);
        if (there != text_in(report.live, "system_identifier")) {
            report.match = IdentityMatch::other;
            report.explanation = "'connection' leads to cluster " + there +
                                 ", 'restore_connection' to cluster " +
                                 text_in(report.live, "system_identifier");
            return report;
        }
    }
    if (recorded != nullptr && *recorded != report.live) {
        report.match = IdentityMatch::other;
        report.explanation = "cluster " + text_in(report.live, "system_identifier") + ", database " +
                             text_in(report.live, "database") + "; recorded: cluster " +
                             text_in(*recorded, "system_identifier") + ", database " +
                             text_in(*recorded, "database");
        return report;
    }
    if (!present) {
        report.match = IdentityMatch::absent;
        report.explanation = "the database " + settings.database + " is not in the cluster " +
                             text_in(report.live, "system_identifier");
    }
    return report;
}

void require_identity(Connection& connection, const std::string& database, const Identity& expected) {
    const Identity live = identity_of(connection, database);
    if (live == expected) return;
    throw refused(connection.operation(), database,
                  "this is cluster " + text_in(live, "system_identifier") + ", database " + database +
                      "; expected: cluster " + text_in(expected, "system_identifier") + ", database " +
                      text_in(expected, "database"),
                  "check the connections in the environment file; nothing was changed");
}

}  // namespace rehearse::postgresql
