// What another session commits between a capture and the destruction is seen; what nobody wrote is not.
#include <csignal>
#include <future>
#include <optional>

#include "adapters/postgresql/connection.h"
#include "tests/adapters/postgresql/every_kind.h"
#include "tests/adapters/postgresql/world.h"

using namespace rehearse;
using namespace rehearse::test;

namespace {

/// A session that stays open.
class Neighbour {
  public:
    explicit Neighbour(const World& world) : session_(PQconnectdb(world.connection.c_str())) {}
    void run(const std::string& sql) {
        const Handle<PGresult, PQclear> result(PQexec(session_.get(), sql.c_str()));
        const ExecStatusType status = PQresultStatus(result.get());
        const std::string why = PQerrorMessage(session_.get());
        INFO(why);
        REQUIRE((status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK));
    }

  private:
    Handle<PGconn, PQfinish> session_;
};

struct Captured : World {
    explicit Captured(const std::string& name) : World(name, prepared()) {
        run(every_kind_settings(name));
        watcher = adapter();
        static_cast<void>(capture(*watcher));
    }
    static std::string prepared() {
        shared_server().run("postgres", every_kind_roles());
        return every_kind();
    }
    std::string drift() const { return watcher->drift(report.uncompared); }
    /// Does it change something, and does the text name it? Then everything is captured anew.
    void sees(const std::string& sql, const std::string& name) {
        INFO(sql);
        run(sql);
        CHECK_MESSAGE(contains(drift(), name), drift());
        CHECK(contains(adapter()->drift(report.uncompared), name));
        static_cast<void>(capture(*watcher));
        CHECK(drift() == "");
    }
    std::unique_ptr<Adapter> watcher;
};

}  // namespace

TEST_SUITE("postgresql: what changed since a capture") {
    TEST_CASE("nothing, where nobody wrote") {
        Captured database("quiet");
        CHECK(database.drift() == "");
        CHECK(database.drift() == "");
        database.run("select count(*) from orders; select * from customers for update");
        // A row that is locked is no row that is written; vacuum and analyze change no row.
        CHECK(database.drift() == "");
        for (const char* upkeep : {"vacuum freeze", "analyze", "vacuum full lines", "checkpoint"}) {
            database.run(upkeep);
            CHECK_MESSAGE(database.drift() == "", upkeep);
        }
        database.run("begin; delete from texts; create table gone (); rollback");
        CHECK(database.drift() == "");
        database.run("create temporary table mine as select * from orders");
        CHECK(database.drift() == "");
        database.server.run("postgres", "create table elsewhere as select 1; drop table elsewhere");
        CHECK(database.drift() == "");
        static_cast<void>(database.observe());
        CHECK(database.drift() == "");
        CHECK(database.adapter()->drift({}) == "");  // a snapshot of a version that kept nothing for it
    }

    TEST_CASE("each write of a session that is gone") {
        Captured database("written");
        database.sees("insert into keyless values (1)", "rows of public.keyless");
        database.sees("update lines set amount = amount where order_id = 3", "rows of public.lines");
        database.sees("delete from texts where k = 'b'", "rows of public.texts");
        database.sees("delete from texts where k = 'a'; insert into texts values ('a', '3')",
                      "rows of public.texts");
        database.sees("insert into by_mood values ('sad', 1000)", "rows of public.by_mood");
        database.sees("delete from events where id = 3", "rows of public.events");
        database.sees("truncate fleeting", "rows of public.fleeting");
        database.sees("insert into nothing_in_it default values", "rows of public.nothing_in_it");
        database.sees("select nextval('tickets') from generate_series(1, 50)", "sequence public.tickets");
        database.sees("create table made (a int)", "the schema");
        database.sees("comment on table lines is 'late'", "the schema");
        database.sees("grant update on lines to shop_reader", "the schema");
        database.sees("refresh materialized view not_yet", "the schema");
        database.sees("select lo_put(4711, 0, 'S')", "large objects");
        database.sees("alter database written set work_mem = '9MB'", "own settings");
        database.run("begin; insert into keyless values (8); prepare transaction 'late'");
        database.sees("commit prepared 'late'", "rows of public.keyless");
    }

    TEST_CASE("one that is still writing, and one that was writing during the capture") {
        Captured database("writing");
        Neighbour neighbour(database);
        neighbour.run("begin; insert into keyless values (1)");
        CHECK_MESSAGE(contains(database.drift(), "postgres, pid "), database.drift());
        CHECK(contains(database.drift(), "public.keyless"));
        neighbour.run("rollback");
        CHECK(database.drift() == "");
        neighbour.run(
            "begin; savepoint one; insert into keyless values (2); release one; savepoint two; "
            "delete from texts where k = 'b'");
        Neighbour other(database);
        other.run("insert into fleeting values (3)");  // after them, and before the capture
        static_cast<void>(database.capture(*database.watcher));
        CHECK_FALSE(contains(database.drift(), "rows of"));
        other.run("delete from fleeting where id = 3; insert into fleeting values (4)");
        CHECK(contains(database.drift(), "rows of public.fleeting"));
        static_cast<void>(database.capture(*database.watcher));
        neighbour.run("commit");
        CHECK_MESSAGE(contains(database.drift(), "rows of public.keyless, public.texts"), database.drift());
    }

    TEST_CASE("a connection that was closed holds no lock: it waits until the server has let go") {
        World database("closed", "select lo_from_bytea(4711, 'x')");
        const std::string locks =
            "select count(*) from pg_locks l where l.database = (select oid from pg_database where datname = "
            "'closed') and l.pid <> pg_backend_pid()";
        auto connection = std::make_optional<postgresql::Connection>(
            postgresql::ConnectionString(database.connection, "test"),
            postgresql::Connection::Options{.operation = "test"});
        connection->run("begin; select lo_get(4711)");
        CHECK(database.value(locks) != "0");
        const pid_t backend = connection->process();
        REQUIRE(::kill(backend, SIGSTOP) == 0);
        auto closed = std::async(std::launch::async, [&] { connection.reset(); });
        // Stopped, the backend lets go of nothing: whoever closes has to wait for it.
        CHECK(closed.wait_for(std::chrono::milliseconds(300)) == std::future_status::timeout);
        REQUIRE(::kill(backend, SIGCONT) == 0);
        closed.get();
        CHECK(database.value(locks) == "0");
    }

    TEST_CASE("a prepared transaction that has written") {
        Captured database("prepared");
        database.run("begin; insert into keyless values (1); prepare transaction 'open'");
        CHECK_MESSAGE(contains(database.drift(), "a prepared transaction in public.keyless"),
                      database.drift());
        database.run("rollback prepared 'open'");
        CHECK(database.drift() == "");
    }

    TEST_CASE("after a restore, as the capture that verified it saw it") {
        Captured database("verified");
        const TreeId before = database.capture(*database.watcher);
        const CaptureReport of = database.report;
        SUBCASE("mended") { database.destroy("truncate", {"public.keyless"}); }
        SUBCASE("made anew") { database.drop(); }
        static_cast<void>(database.restore(before, of, *database.watcher));
        CHECK(database.capture(*database.watcher) == before);
        CHECK(database.drift() == "");
        database.sees("delete from texts where k = 'b'", "rows of public.texts");
    }

    TEST_CASE("as a role that is no superuser") {
        shared_server().run(
            "postgres",
            "do $$ begin create role plain_reader login; exception when duplicate_object then "
            "null; end $$; grant pg_read_all_data to plain_reader");
        World world("plain", "create table t (a int); insert into t select generate_series(1, 10)",
                    "owner plain_reader");
        world.run(
            "grant all on schema public to plain_reader; alter table t owner to plain_reader; select "
            "lo_from_bytea(1, "
            "'x'); "
            "alter large object 1 owner to plain_reader");
        world.connection = world.server.connection("plain", "plain_reader");
        static_cast<void>(world.capture());
        CHECK(world.adapter()->drift(world.report.uncompared) == "");
        world.run("select lo_put(1, 0, 'y'); delete from t where a = 3");
        const std::string seen = world.adapter()->drift(world.report.uncompared);
        CHECK_MESSAGE(contains(seen, "rows of public.t"), seen);
        CHECK(contains(seen, "large objects"));
    }
}
