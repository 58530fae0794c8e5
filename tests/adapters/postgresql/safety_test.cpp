// What refuses, what survives, and who may do what.
#include "tests/adapters/postgresql/every_kind.h"
#include "tests/adapters/postgresql/world.h"

using namespace rehearse;
using namespace rehearse::test;

namespace {

/// A session of somebody else, idle in a database.
class Session {
  public:
    Session(const PostgresServer& server, const std::string& database, const std::string& user = "postgres")
        : session_(PQconnectdb((server.connection(database, user) + " application_name=shop").c_str())) {
        REQUIRE(PQstatus(session_.get()) == CONNECTION_OK);
    }
    [[nodiscard]] bool alive() const {
        const Handle<PGresult, PQclear> result(PQexec(session_.get(), "select 1"));
        return PQresultStatus(result.get()) == PGRES_TUPLES_OK;
    }

  private:
    Handle<PGconn, PQfinish> session_;
};

}  // namespace

TEST_SUITE("postgresql: safety") {
    TEST_CASE("another cluster on the same port is refused") {
        PostgresServer first;
        first.run("postgres", "create database shop");
        ResourceSpec spec{.name = ResourceName("shop"), .adapter = "postgresql"};
        spec.options["connection"] = first.connection("shop");
        spec.options["restore_connection"] = first.connection("postgres");
        const KernelClock clock("test");
        const TemporaryFolder folder;
        const auto adapter = [&] {
            return postgresql_adapter().make(
                spec,
                {.environment = EnvironmentName("e"), .clock = clock, .state_directory = folder.path()});
        };
        const Identity recorded = adapter()->identify(nullptr).live;
        first.stop();
        PostgresServer second(PostgresServer::Options{.port = first.port(), .settings = {}});
        second.run("postgres", "create database shop; ");
        second.run("shop", "create table precious ()");
        const IdentityReport seen = adapter()->identify(&recorded);
        CHECK(seen.match == IdentityMatch::other);
        CHECK(contains(seen.explanation, "recorded: cluster"));
        CHECK(failure_of([&] { adapter()->destroy({.whole = true, .expected = recorded}); }).kind ==
              FailureKind::refused);
        CHECK(failure_of([&] {
                  adapter()->destroy({.items = {"public.precious"}, .expected = recorded});
              }).kind == FailureKind::refused);
        MemoryTrees trees;
        const auto writer = trees.writer();
        const CaptureReport report = adapter()->capture(*writer);
        const auto tree = trees.open(writer->finish());
        CHECK(failure_of([&] {
                  static_cast<void>(adapter()->restore(*tree, {.expected = recorded}));
              }).kind == FailureKind::refused);
        CHECK(second.run("shop", "select count(*) from pg_class where relname = 'precious'") == "1");
    }

    TEST_CASE("connections that lead to two clusters are refused") {
        World world("two_places");
        PostgresServer elsewhere;
        elsewhere.run("postgres", "create database two_places");
        world.connection = elsewhere.connection("two_places");
        const IdentityReport report = world.adapter()->identify(nullptr);
        CHECK(report.match == IdentityMatch::other);
        CHECK(contains(report.explanation, "restore_connection"));
    }

    TEST_CASE(
        "other people's sessions keep a database from being dropped, unless it is said to disconnect them") {
        World world("in_use", small_shop);
        const TreeId before = world.capture();
        const Session session(world.server, "in_use");
        const Observation observed = world.observe();
        REQUIRE(observed.sessions.size() == 1);
        CHECK(contains(observed.sessions[0], "postgres (shop) from 127.0.0.1, pid "));
        SUBCASE("refuse") {
            const FailureFields failure = failure_of([&] { world.drop(); });
            CHECK(failure.kind == FailureKind::refused);
            CHECK(contains(failure.message, "(shop) from 127.0.0.1"));
            CHECK(contains(failure.remedy, "disconnect"));
            CHECK(session.alive());
            CHECK(world.value("select count(*) from orders") == "500");
        }
        SUBCASE("disconnect") {
            world.disconnect = true;
            world.drop();
            CHECK_FALSE(session.alive());
            world.restore(before, world.report);
            CHECK(world.capture() == before);
        }
    }

    TEST_CASE("the server's own vacuum is nobody's session, also to a role that may not see what it is") {
        World world("vacuumed", "create table rows as select n from generate_series(1, 20000) n");
        world.run("create role modest login; grant all on table rows to modest");
        world.connection = world.server.connection("vacuumed", "modest");
        const auto setting = [&](const std::string& text) {
            world.server.run("postgres", "alter system " + text);
            world.server.run("postgres", "select pg_reload_conf()");
        };
        setting("set autovacuum_naptime = '1s'");
        world.run(
            "alter table rows set (autovacuum_vacuum_threshold = 1, autovacuum_vacuum_cost_delay = 100, "
            "autovacuum_vacuum_cost_limit = 1)");
        world.run("delete from rows");
        const std::string worker =
            "select count(*) from pg_stat_activity where datname = 'vacuumed' and backend_type = 'autovacuum "
            "worker'";
        const auto enough = std::chrono::steady_clock::now() + std::chrono::minutes(2);
        while (world.value(worker) != "1" && std::chrono::steady_clock::now() < enough) {
        }
        const std::vector<std::string> sessions = world.observe().sessions;
        REQUIRE(world.value(worker) == "1");  // it was there all the time
        CHECK(sessions.empty());
        setting("reset autovacuum_naptime");
        world.run("drop owned by modest; drop role modest");
    }

    TEST_CASE(
        "a drop that a killed drill had sent ends while the restore has begun: the database is made anew") {
        World world("late_drop", small_shop);
        const TreeId before = world.capture();
        const RestoreRequest request{.expected = world.identity(), .uncompared = world.report.uncompared};
        const auto waits_for = [&](const std::string& what) {
            const auto enough = std::chrono::steady_clock::now() + std::chrono::minutes(2);
            const std::string sql = "select count(*) > 0 from pg_locks where not granted and " + what;
            while (world.server.run("postgres", sql) != "t" && std::chrono::steady_clock::now() < enough) {
            }
            REQUIRE(world.server.run("postgres", sql) == "t");
        };
        // Holds the drop up after it has taken the database: it needs this catalog then.
        const Handle<PGconn, PQfinish> holder(PQconnectdb(world.server.connection("postgres").c_str()));
        const auto tell = [&](const char* sql) {
            const Handle<PGresult, PQclear> result(PQexec(holder.get(), sql));
            REQUIRE(PQresultStatus(result.get()) == PGRES_COMMAND_OK);
        };
        tell("begin");
        tell("lock table pg_catalog.pg_shdepend in access exclusive mode");
        std::thread drop([&] { world.server.run("postgres", "drop database late_drop"); });
        waits_for("relation = 'pg_shdepend'::regclass");
        std::exception_ptr problem;
        std::thread restore([&] {
            try {
                world.adapter()->restore(*world.trees.open(before), request);
            } catch (...) {
                problem = std::current_exception();
            }
        });
        waits_for("locktype = 'object' and classid = 'pg_database'::regclass");
        tell("rollback");
        drop.join();
        restore.join();
        CHECK(problem == nullptr);
        CHECK(world.capture() == before);
    }

    TEST_CASE("our own probes and views are no reason to refuse") {
        World world("probed", small_shop);
        const auto adapter = world.adapter();
        const TreeId before = world.capture();
        world.drop();
        world.restore(before, world.report, *adapter);  // keeps a view open
        CHECK(world.observe().sessions.empty());
        CHECK_NOTHROW(world.drop());
    }

    TEST_CASE("what a drop would lose for good is an obstacle") {
        World world("obstacles", small_shop);
        SUBCASE("a replication slot") {
            world.run("select pg_create_logical_replication_slot('obstacle_slot', 'pgoutput')");
            CHECK(any_contains(world.observe().obstacles, "obstacle_slot"));
            CHECK(failure_of([&] { world.drop(); }).kind == FailureKind::refused);
            world.run("select pg_drop_replication_slot('obstacle_slot')");
        }
        SUBCASE("a prepared transaction") {
            world.run("begin; insert into customers (name) values ('x'); prepare transaction 'pending'");
            CHECK(any_contains(world.observe().obstacles, "pending"));
            world.run("rollback prepared 'pending'");
        }
        SUBCASE("a subscription") {
            world.run(
                "create subscription far connection 'host=127.0.0.1 dbname=nowhere' publication p with "
                "(connect = "
                "false)");
            CHECK(any_contains(world.observe().obstacles, "far"));
            CHECK(failure_of([&] { world.capture(); }).kind == FailureKind::refused);
            world.run(
                "alter subscription far disable; alter subscription far set (slot_name = none); drop "
                "subscription far");
        }
        SUBCASE("a template") {
            world.server.run("postgres", "alter database obstacles is_template true");
            CHECK(any_contains(world.observe().obstacles, "template"));
            world.server.run("postgres", "alter database obstacles is_template false");
        }
        CHECK(world.observe().obstacles.empty());
    }

    TEST_CASE("a role that is missing refuses before anything is touched") {
        World world("roleless", small_shop);
        world.server.run("postgres", "create role short_lived");
        world.run("alter table orders owner to short_lived");
        const TreeId before = world.capture();
        world.run(
            "reassign owned by short_lived to postgres; drop owned by short_lived; drop role short_lived");
        world.run("insert into customers (name) values ('kept')");
        const FailureFields failure = failure_of([&] { world.restore(before, world.report); });
        CHECK(failure.kind == FailureKind::refused);
        CHECK(contains(failure.message, "short_lived"));
        CHECK(contains(failure.remedy, "CREATE ROLE \"short_lived\""));
        CHECK(world.value("select count(*) from customers where name = 'kept'") == "1");
    }

    TEST_CASE("row security never hides rows silently") {
        World world("secured", small_shop);
        world.server.run(
            "postgres",
            "do $$ begin create role clerk login; exception when duplicate_object then null; end $$");
        world.run(
            "alter table customers enable row level security; grant select on all tables in schema public to "
            "clerk; "
            "grant select on all sequences in schema public to clerk; create policy p on customers using (id "
            "< 5)");
        world.connection = world.server.connection("secured", "clerk");
        const FailureFields failure = failure_of([&] { world.capture(); });
        CHECK(failure.kind == FailureKind::refused);
        CHECK(contains(failure.object, "public.customers"));
        CHECK(contains(failure.remedy, "BYPASSRLS"));
    }

    TEST_CASE("a role without superuser's rights restores what does not need them") {
        World world("modest", "", "");
        world.server.run(
            "postgres",
            "do $$ begin create role shop login; create role shop_restore login createdb; grant shop to "
            "shop_restore; exception when duplicate_object then null; end $$");
        world.server.run(
            "postgres",
            "alter database modest owner to shop; grant create on database postgres to shop_restore");
        world.connection = world.server.connection("modest", "shop");
        world.restore_connection = world.server.connection("postgres", "shop_restore");
        world.server.run(
            "modest",
            std::string("create extension hstore; alter schema public owner to shop; ") + small_shop +
                "; create view v as select * from orders; create function f() returns trigger language "
                "plpgsql as 'begin return new; end'; create trigger t before update on orders for each row "
                "execute function f(); create table parts (id int, k int) partition by list (k); create "
                "table parts_1 partition of parts for values in (1); insert into parts values (1, 1); revoke "
                "insert on customers from shop; create materialized view m as select count(*) from orders; "
                "select lo_from_bytea(5151, 'abc'); alter table orders enable row level security; create "
                "policy p on orders using (id > 0)",
            "shop");
        world.server.run(
            "postgres", "alter database modest set work_mem = '9MB'; comment on database modest is 'modest'");
        CHECK(world.observe().obstacles.empty());
        const TreeId before = world.capture();
        const CaptureReport report = world.report;
        CHECK(contains(report.restorability, "as shop_restore"));
        SUBCASE("the whole database") {
            world.drop();
            world.restore(before, report);
        }
        const std::string number = "select oid from pg_database where datname = current_database()";
        const std::string oid = world.value(number);
        SUBCASE("dropped tables") {
            world.destroy("drop", {"public.orders"});
            world.restore(before, report);
            CHECK(world.value(number) == oid);
        }
        SUBCASE("deleted and changed rows behind triggers and foreign keys") {
            world.run("delete from orders where id < 100");
            world.restore(before, report);
            CHECK(world.value(number) == oid);
        }
        SUBCASE("changed rows of a table into which its own owner may not insert: made anew, then") {
            world.run("update customers set name = 'x' where id = 7");
            world.restore(before, report);
        }
        SUBCASE("the marker") {
            CHECK_FALSE(world.adapter()->read_marker().has_value());
            world.adapter()->write_marker("planted");
            CHECK(world.adapter()->read_marker() == "planted");
            world.server.run("postgres", "drop schema rehearse cascade");
        }
        const TreeId after = world.capture();
        INFO(world.difference(before, after));
        CHECK(after == before);
    }

    TEST_CASE("rights that the restore lacks are found before anything is destroyed") {
        World world("rightless", small_shop);
        world.server.run(
            "postgres",
            "do $$ begin create role weak login; exception when duplicate_object then null; end $$");
        world.restore_connection = world.server.connection("postgres", "weak");
        SUBCASE("making databases") {
            CHECK(any_contains(world.observe().obstacles, "CREATEDB"));
            const FailureFields failure = failure_of([&] { world.capture(); });
            CHECK(failure.kind == FailureKind::refused);
            CHECK(contains(failure.remedy, "ALTER ROLE \"weak\" CREATEDB"));
        }
        SUBCASE("being a member of owners") {
            world.server.run("postgres",
                             "alter role weak createdb; do $$ begin create role strong; exception when "
                             "duplicate_object then "
                             "null; end $$");
            world.run("alter table orders owner to strong");
            CHECK(any_contains(world.observe().obstacles, "GRANT strong TO weak"));
            CHECK(failure_of([&] { world.capture(); }).kind == FailureKind::refused);
            world.server.run("postgres", "alter role weak nocreatedb");
        }
        SUBCASE("making the marker's schema") {
            const FailureFields failure = failure_of([&] { world.adapter()->write_marker("x"); });
            CHECK(failure.kind == FailureKind::refused);
            CHECK(contains(failure.remedy, "GRANT CREATE ON DATABASE \"postgres\" TO \"weak\""));
        }
        CHECK(world.value("select count(*) from orders") == "500");
        CHECK(world.server.run("postgres",
                               "select count(*) from pg_database where datname like 'rehearse%'") == "0");
    }

    TEST_CASE("the schema may be tried out on another cluster") {
        World world("tried_elsewhere", small_shop);
        PostgresServer elsewhere;
        world.scratch_connection = elsewhere.connection("postgres");
        const TreeId tree = world.capture();
        CHECK(contains(world.report.restorability, std::to_string(elsewhere.port())));
        world.scratch_connection.clear();
        CHECK(world.capture() == tree);
        SUBCASE("which needs the same roles") {
            world.server.run(
                "postgres",
                "do $$ begin create role only_here; exception when duplicate_object then null; end $$");
            world.run("alter table orders owner to only_here");
            world.scratch_connection = elsewhere.connection("postgres");
            const FailureFields failure = failure_of([&] { world.capture(); });
            CHECK(contains(failure.message, "only_here"));
            CHECK(contains(failure.remedy, "create the role"));
        }
    }

    TEST_CASE("bad connections say what is wrong, and never a password") {
        World world("connections", small_shop);
        SUBCASE("nobody there") {
            const std::string port = std::to_string(PostgresServer::free_port());
            world.restore_connection =
                "host=127.0.0.1 port=" + port + " user=postgres dbname=postgres password=sesame";
            const FailureFields failure = failure_of([&] { static_cast<void>(world.observe()); });
            CHECK(failure.kind == FailureKind::transient);
            CHECK(contains(failure.object, port));
            CHECK_FALSE(contains(failure.object + failure.message + failure.remedy, "sesame"));
        }
        SUBCASE("a wrong password") {
            world.server.run(
                "postgres",
                "do $$ begin create role locked login superuser password 'sesame'; exception when "
                "duplicate_object then null; end $$");
            world.restore_connection = world.server.connection("postgres", "locked") + " password=wrong-one";
            const FailureFields failure = failure_of([&] { static_cast<void>(world.observe()); });
            CHECK(failure.kind == FailureKind::refused);
            CHECK_FALSE(contains(failure.object + failure.message + failure.remedy, "wrong-one"));
            // The right one works, for pg_dump too, which is never shown it.
            world.restore_connection = world.server.connection("postgres", "locked") + " password=sesame";
            world.connection = world.server.connection("connections", "locked") + " password=sesame";
            CHECK_NOTHROW(world.capture());
        }
        SUBCASE("options that can't be right") {
            const auto adapter = [&] { static_cast<void>(world.adapter()); };
            world.connection = "host=127.0.0.1 user=postgres";
            CHECK(failure_of(adapter).kind == FailureKind::invalid_input);
            world.connection = "nonsense password=sesame";
            const FailureFields failure = failure_of(adapter);
            CHECK(failure.kind == FailureKind::invalid_input);
            CHECK_FALSE(contains(failure.message, "sesame"));
            world.connection = world.server.connection("connections");
            world.restore_connection = world.server.connection("connections");
            CHECK(contains(failure_of(adapter).message, "could not bring it back"));
        }
    }

    TEST_CASE("a probe's query gives one value, in its time, and writes nothing") {
        World world("asked", small_shop);
        const auto adapter = world.adapter();
        CHECK(adapter->query("select count(*) from orders", std::chrono::seconds(5)) == "500");
        CHECK(adapter->query("select name from customers where id = 3", std::chrono::seconds(5)) == "n3");
        CHECK(adapter->query("select 1 where false", std::chrono::seconds(5)).empty());
        CHECK(failure_of([&] {
                  static_cast<void>(adapter->query("select nope", std::chrono::seconds(5)));
              }).native_code == "42703");
        CHECK(failure_of([&] {
                  static_cast<void>(adapter->query("delete from orders", std::chrono::seconds(5)));
              }).native_code == "25006");
        CHECK(failure_of([&] {
                  static_cast<void>(adapter->query("select pg_sleep(30)", std::chrono::milliseconds(200)));
              }).kind == FailureKind::transient);
        world.drop();
        CHECK_THROWS_AS(static_cast<void>(adapter->query("select 1", std::chrono::seconds(5))), Failure);
    }
}
