// Ending a session needs its role or pg_signal_backend; a session that can't be ended is named. The server's
// own workers (a vacuum) have no user, and are nobody's session: a role without rights sees no more of them
// than that.
#include "adapters/postgresql/other_sessions.h"

namespace rehearse::postgresql {

std::vector<std::string> sessions_in(Connection& connection, const std::string& database) {
    return first_column(connection.run(
        "select usename || case when coalesce(application_name, '') in ('', '<insufficient "
        "privilege>') then '' else ' (' || application_name || ')' end || coalesce(' from ' || "
        "host(client_addr), '') "
        "|| ', pid ' || pid from pg_catalog.pg_stat_activity where datname = $1 and pid <> pg_backend_pid() "
        "and usesysid is not null and "
        "application_name is distinct from $2 and coalesce(backend_type, 'client backend') not in "
        "('autovacuum "
        "worker', 'parallel worker') order by pid",
        {database, std::string(own_application_name)}));
}

void clear_sessions(Connection& connection, const std::string& database, bool disconnect) {
    // Our own (probes, a session that is just leaving) never count, and end without being asked for.
    const std::string end_sessions =
        "select pg_terminate_backend(pid) from pg_catalog.pg_stat_activity where datname = $1 and pid <> "
        "pg_backend_pid() and usesysid is not null and coalesce(backend_type, 'client backend') not in "
        "('autovacuum worker', "
        "'parallel "
        "worker')";
    if (disconnect) {
        connection.run(end_sessions, {database});
        return;
    }
    connection.run(end_sessions + " and application_name = $2 and pg_has_role(usesysid, 'usage')",
                   {database, std::string(own_application_name)});
    const auto sessions = sessions_in(connection, database);
    if (sessions.empty()) return;
    std::string list;
    for (const std::string& session : sessions) list += (list.empty() ? "" : "; ") + session;
    throw Failure({.kind = FailureKind::refused,
                   .operation = connection.operation(),
                   .object = database,
                   .native_code = "55006",
                   .message = "in use by " + std::to_string(sessions.size()) +
                              (sessions.size() == 1 ? " session: " : " sessions: ") + list,
                   .remedy = "stop what uses it (hooks: before_destroy), or set 'sessions: disconnect'"});
}

}  // namespace rehearse::postgresql
