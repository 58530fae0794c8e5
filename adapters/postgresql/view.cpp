// A restore opens the view before it lets anybody in, so that a live writer can't make the drill "different".
#include "adapters/postgresql/view.h"

#include "adapters/postgresql/session.h"
#include "adapters/postgresql/sql_text.h"

namespace rehearse::postgresql {

View open_view(const ConnectionString& where, const Clock& clock, const std::string& operation) {
    View view{.connection = std::make_unique<Connection>(where, Connection::Options{.operation = operation})};
    fix_session(*view.connection);
    view.connection->run("begin isolation level repeatable read read only");
    view.snapshot = view.connection->run("select pg_export_snapshot()").text(0, 0);
    view.transactions = view.connection->run("select txid_current_snapshot()").text(0, 0);
    view.at = clock.wall();
    view.sequences = read_sequences(*view.connection);
    return view;
}

std::unique_ptr<Connection> join_view(const View& view, const ConnectionString& where,
                                      const std::string& operation) {
    auto connection = std::make_unique<Connection>(where, Connection::Options{.operation = operation});
    fix_session(*connection);
    connection->run("begin isolation level repeatable read read only; set transaction snapshot " +
                    literal(view.snapshot));
    return connection;
}

}  // namespace rehearse::postgresql
