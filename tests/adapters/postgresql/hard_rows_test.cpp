// Rows that PostgreSQL took once and would not take back as a plain dump gives them: they come back, or
// nothing is broken.
#include "tests/adapters/postgresql/world.h"

using namespace rehearse;
using namespace rehearse::test;

namespace {

void comes_back(World& world, const std::string& table) {
    const TreeId before = world.capture();
    const CaptureReport of = world.report;
    const auto check = [&] {
        static_cast<void>(world.restore(before, of));
        const TreeId after = world.capture();
        INFO(world.difference(before, after));
        CHECK(after == before);
    };
    world.drop();
    check();
    world.destroy("drop", {table});
    check();
    world.destroy("truncate", {table});
    check();
}

}  // namespace

TEST_SUITE("postgresql: rows that are hard to put back") {
    TEST_CASE("functions that name things without their schema, in indexes, generated columns and checks") {
        World world(
            "unqualified",
            "create function tail() returns text language sql immutable as $$ select '#' $$; create function "
            "keyed(text) returns text language plpgsql immutable as $$ begin return lower($1) || tail(); end "
            "$$; "
            "create table t (id int primary key, a text, b text generated always as (keyed(a)) stored, check "
            "(keyed(a) <> '#')); create index on t (keyed(a)); insert into t select i, 'A' || i from "
            "generate_series(1, 50) i; create materialized view m as select keyed(a) from t");
        comes_back(world, "public.t");
    }

    TEST_CASE("functions that count on the database's own search_path") {
        World world("own_path", "create schema lib; alter database own_path set search_path = lib, public");
        world.run(
            "create function lib.tail() returns text language sql immutable as $$ select '#' $$; create "
            "function "
            "lib.keyed(text) returns text language plpgsql immutable as $$ begin return $1 || tail(); end "
            "$$; "
            "create table public.t (id int primary key, a text); create index on public.t (keyed(a)); insert "
            "into "
            "public.t select i, 'A' || i from generate_series(1, 50) i");
        comes_back(world, "public.t");
    }

    TEST_CASE("checks that look at other tables, also in domains and where they are inherited") {
        World world(
            "beyond",
            "create table zz_allowed (id int primary key); insert into zz_allowed select generate_series(1, "
            "9); create "
            "function allowed(int) returns bool language sql immutable as 'select exists (select from "
            "public.zz_allowed where id = $1)'; create domain allowed_id as int constraint known check "
            "(allowed(value)); comment on constraint known on domain allowed_id is 'known'; create table a "
            "(id int "
            "constraint named check (allowed(id))); comment on constraint named on a is 'looks'; create "
            "table b "
            "(constraint named check (allowed(id))) inherits (a); create table c () inherits (b); create "
            "table d "
            "(id allowed_id); create table e (id int check (allowed(id)) no inherit); create table p (id int "
            "check "
            "(allowed(id))) partition by list (id); create table p1 partition of p for values in (1); insert "
            "into a "
            "values (1); insert into b values (2); insert into c values (3); insert into d values (4); "
            "insert into e "
            "values (5); insert into p values (1)");
        comes_back(world, "public.zz_allowed");
    }

    TEST_CASE("rows that break a check by now refuse the plan") {
        World world(
            "broken_now",
            "create function today() returns date language sql stable as 'select "
            "current_setting(''my.day'')::date'; "
            "create table t (day date check (day >= current_date - 1), other date constraint of_setting "
            "check (other "
            "< today())); set my.day = '2020-01-02'; insert into t values (current_date, '2020-01-01')");
        world.run("alter database broken_now set my.day = '2020-01-02'");
        CHECK(world.observe().obstacles.empty());
        world.run("alter database broken_now set my.day = '2019-01-01'");
        CHECK(any_contains(world.observe().obstacles, "constraint of_setting of t does not hold"));
        CHECK(any_contains(world.observe("truncate").obstacles, "constraint of_setting of t does not hold"));
        world.run(
            "alter table t drop constraint of_setting, add constraint of_setting check (other < today()) not "
            "valid");
        CHECK(world.observe().obstacles.empty());
    }

    TEST_CASE("a check that does not hold any more during the restore leaves the rows there") {
        World world("held_once",
                    "create function fine() returns bool language sql stable as 'select "
                    "current_setting(''my.fine'', true) is distinct from ''no'''; create table t (a int "
                    "constraint f check (fine())); insert into t values (1), (2)");
        world.run("alter database held_once set my.fine = 'yes'");
        const TreeId before = world.capture();
        const CaptureReport of = world.report;
        world.drop();
        world.server.run("postgres", "alter role postgres set my.fine = 'no'");
        const FailureFields failure = failure_of([&] { static_cast<void>(world.restore(before, of)); });
        world.server.run("postgres", "alter role postgres reset my.fine");
        CHECK(contains(failure.message, "in its place again, but for"));
        CHECK(world.value("select count(*) from t") == "2");
        CHECK(world.value("select convalidated from pg_constraint where conname = 'f'") == "f");
        CHECK(world.capture() != before);
    }

    TEST_CASE("what can't come back does not keep the rest from coming back") {
        World world("dangling",
                    "create table a (id int primary key); create table b (id int primary key, a int "
                    "constraint to_a references "
                    "a); create table c (id int primary key); insert into a values (1); insert into b values "
                    "(1, 1); insert "
                    "into c values (1); create "
                    "materialized view n as select * from c; create view w as select * from b");
        world.run("set session_replication_role = replica; insert into b values (2, 77)");  // no key is asked
        const TreeId before = world.capture();
        const CaptureReport of = world.report;
        world.drop();
        const FailureFields failure = failure_of([&] { static_cast<void>(world.restore(before, of)); });
        CHECK_MESSAGE(contains(failure.message, "to_a"), failure.message);
        CHECK(failure.kind == FailureKind::permanent);
        CHECK(world.value("select count(*) from b") == "2");
        CHECK(world.value("select count(*) from n") == "1");
        CHECK(world.value("select count(*) from w") == "2");
        CHECK(world.value("select count(*) from pg_constraint where conname = 'to_a'") == "0");
    }

    TEST_CASE("a materialised view of another server's rows") {
        World world("far_view",
                    "create extension postgres_fdw; create table near (id int); insert into near values (1)");
        const std::string port = std::to_string(world.server.port());
        world.run("create server there foreign data wrapper postgres_fdw options (host '127.0.0.1', port '" +
                  port +
                  "', dbname 'postgres'); create user mapping for public server there options (user "
                  "'postgres'); create foreign "
                  "table far (datname name) server there options (schema_name 'pg_catalog', table_name "
                  "'pg_database'); create "
                  "view between_them as select * from far; create materialized view m as select count(*) "
                  "from between_them");
        CHECK(world.observe().obstacles.empty());
        const TreeId before = world.capture();
        const CaptureReport of = world.report;
        world.run("alter server there options (set port '1')");
        CHECK(any_contains(world.observe().obstacles,
                           "materialised view m would not be refreshed: foreign table far"));
        const TreeId broken = world.capture();
        const CaptureReport of_broken = world.report;
        world.drop();
        const FailureFields failure =
            failure_of([&] { static_cast<void>(world.restore(broken, of_broken)); });
        CHECK_MESSAGE(contains(failure.message, "materialized view"), failure.message);
        CHECK(world.value("select count(*) from near") == "1");
        static_cast<void>(world.restore(before, of));
        CHECK(world.capture() == before);
    }

    TEST_CASE("columns that hold rows of a table that inherits, whose columns would change places") {
        World world(
            "row_type",
            "create table a (id int, x text); create table b (y int, z date, id int, x text); alter table "
            "b inherit a; create table holder (many b[])");
        const FailureFields failure = failure_of([&] { static_cast<void>(world.capture()); });
        CHECK(failure.kind == FailureKind::refused);
        CHECK(contains(failure.message, "public.b"));
        CHECK(contains(failure.message, "(id, x, y, z)"));
        world.run("drop table holder; create view v as select b from b");
        static_cast<void>(world.capture());
    }
}
