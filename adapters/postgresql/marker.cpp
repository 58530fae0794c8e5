// A schema of its own: nothing else is touched, and `drop schema rehearse cascade` removes every trace.
#include "adapters/postgresql/marker.h"

#include "adapters/postgresql/connection.h"
#include "adapters/postgresql/sql_text.h"

namespace rehearse::postgresql {

namespace {

constexpr std::string_view table = "rehearse.rehearse_marker";

Failure with_grant(const Failure& failure, const Settings& settings) {
    FailureFields fields = failure.fields();
    if (fields.native_code == "42501") {
        fields.remedy = "run as a superuser in database " + settings.restore.database() +
                        ": GRANT CREATE ON DATABASE " + identifier(settings.restore.database()) + " TO " +
                        identifier(settings.restore.user()) +
                        "; where schema rehearse belongs to another role: ALTER SCHEMA rehearse OWNER TO " +
                        identifier(settings.restore.user()) + "; ALTER TABLE " + std::string(table) +
                        " OWNER TO " + identifier(settings.restore.user());
    }
    return Failure(std::move(fields));
}

bool has_table(Connection& connection) {
    return !connection.run("select to_regclass('" + std::string(table) + "')").null(0, 0);
}

}  // namespace

std::optional<std::string> read_marker(const Settings& settings) {
    Connection connection(settings.restore, {.operation = "read marker"});
    try {
        if (!has_table(connection)) return std::nullopt;
        const Result row = connection.run(
            "select marker from " + std::string(table) + " where database_name = $1", {settings.database});
        if (row.rows() == 0) return std::nullopt;
        return row.text(0, 0);
    } catch (const Failure& failure) {
        throw with_grant(failure, settings);
    }
}

void write_marker(const Settings& settings, const std::string& text) {
    Connection connection(settings.restore, {.operation = "write marker"});
    try {
        connection.run(
            "set synchronous_commit = on; set client_min_messages = warning; "
            "set default_transaction_read_only = off");
        if (!has_table(connection)) {
            connection.run(
                "begin; create schema if not exists rehearse; create table if not exists " +
                std::string(table) +
                " (database_name text primary key, marker text not null, written_at timestamptz not null "
                "default now()); commit");
        }
        connection.run(
            "insert into " + std::string(table) +
                " (database_name, marker) values ($1, $2) on conflict (database_name) do update set marker "
                "= excluded.marker, written_at = now()",
            {settings.database, text});
    } catch (const Failure& failure) {
        throw with_grant(failure, settings);
    }
}

}  // namespace rehearse::postgresql
