// Parts of a database: broken one way each, mended without touching the rest.
#include "tests/adapters/postgresql/every_kind.h"
#include "tests/adapters/postgresql/world.h"

using namespace rehearse;
using namespace rehearse::test;

namespace {

struct Shop : World {
    explicit Shop(const std::string& name) : World(name, prepared()) {
        run(every_kind_settings(name));
        before = capture();
        of = report;
        // What a restore must not do: make the database anew, or write a table that is right.
        oid = value("select oid from pg_database where datname = current_database()");
        untouched = fingerprint();
    }
    static std::string prepared() {
        shared_server().run("postgres", every_kind_roles());
        return every_kind();
    }
    /// Transaction numbers and places of rows of a table that no test breaks.
    std::string fingerprint() const {
        return value(
                   "select md5(string_agg(xmin::text || ctid::text, ' ')) from \"Odd Names/..\".\"Weird "
                   "\"\"Table\"\" %\"") +
               value("select md5(string_agg(xmin::text || ctid::text, ' ')) from keyless");
    }
    void check_mended() {
        const RestoreReport restored = restore(before, of);
        const TreeId after = capture();
        INFO(difference(before, after));
        CHECK(after == before);
        CHECK(value("select oid from pg_database where datname = current_database()") == oid);
        CHECK(fingerprint() == untouched);
        items_restored = restored.items_restored;
        items_removed = restored.items_removed;
    }
    TreeId before;
    CaptureReport of;
    std::string oid, untouched;
    std::uint64_t items_restored = 0, items_removed = 0;
};

}  // namespace

TEST_SUITE("postgresql: parts of a database") {
    TEST_CASE("named tables that were broken come back without touching the rest") {
        Shop shop("parts");
        SUBCASE("a dropped table, with its views, foreign keys, rights, triggers and publication") {
            const Observation observed = shop.observe("drop", {"orders"});
            REQUIRE(observed.items.size() == 1);
            CHECK(observed.items[0].name == "public.orders");
            CHECK(any_contains(observed.warnings, "public.counted"));
            CHECK(any_contains(observed.warnings, "constraint"));
            shop.destroy("drop", {"public.orders"});
            CHECK(shop.value("select to_regclass('orders')").empty());
            CHECK(shop.observe("drop", {"orders"}).items.empty());
            shop.check_mended();
            CHECK(shop.items_restored == 1);
        }
        SUBCASE("several dropped tables that refer to each other") {
            shop.destroy("drop", {"public.orders", "public.lines", "public.customers"});
            shop.check_mended();
            CHECK(shop.items_restored == 3);
        }
        SUBCASE("a partitioned table with all its partitions") {
            std::vector<std::string> items;
            for (const Item& item : shop.observe("drop", {"events"}).items) items.push_back(item.name);
            CHECK(items.size() == 6);
            shop.destroy("drop", items);
            shop.check_mended();
        }
        SUBCASE("a partition that has partitions, named alone") {
            std::vector<std::string> items;
            const Observation observed = shop.observe("drop", {"events_2021"});
            CHECK(observed.obstacles.empty());
            for (const Item& item : observed.items) items.push_back(item.name);
            CHECK(items == std::vector<std::string>{"public.events_2021", "public.events_2021_rest",
                                                    "public.events_2021_sad"});
            shop.destroy("drop", items);
            shop.check_mended();
        }
        SUBCASE("one partition") {
            shop.destroy("drop", {"public.events_2020"});
            shop.check_mended();
            CHECK(shop.items_restored == 1);
        }
        SUBCASE("a table whose rows move between partitions with a restore") {
            std::vector<std::string> items;
            for (const Item& item : shop.observe("drop", {"by_mood"}).items) items.push_back(item.name);
            shop.destroy("drop", items);
            shop.check_mended();
        }
        SUBCASE("truncated tables") {
            shop.destroy("truncate", {"public.orders", "public.lines"});
            CHECK(shop.value("select count(*) from orders") == "0");
            CHECK(shop.observe("truncate", {"orders", "lines"}).items.empty());
            shop.check_mended();
            CHECK(shop.items_restored == 2);
        }
        SUBCASE("deleted rows") {
            const Observation observed = shop.observe("delete", {"lines"}, "line = 2");
            REQUIRE(observed.items.size() == 1);
            CHECK(observed.items[0].detail == "300 rows match");
            shop.destroy("delete", {"public.lines"}, "line = 2");
            CHECK(shop.value("select count(*) from lines") == "1200");
            CHECK(shop.observe("delete", {"lines"}, "line = 2").items.empty());
            shop.check_mended();
        }
        SUBCASE("deleted rows of a table without a key, duplicates and all") {
            shop.run("drop publication every_change");
            shop.run(
                "delete from nothing_in_it where ctid = (select min(ctid) from nothing_in_it); delete from "
                "typed");
            shop.destroy("delete", {"public.texts"}, "k <> ''");
            shop.check_mended();
        }
        SUBCASE("nothing at all") {
            shop.check_mended();
            CHECK(shop.items_restored == 0);
        }
    }

    TEST_CASE("what a release left behind is put right") {
        Shop shop("residue");
        SUBCASE("changed, added and missing rows, among many that stay") {
            shop.run(
                "update customers set name = 'other' where id = 5; delete from lines where order_id = 9 and "
                "line > 0; insert into "
                "lines values (6, 77, 'new', 1); update texts set v = 'x' where k = 'b'; insert into keyless "
                "values "
                "(1, 'x1', '{\"b\": 1, \"a\" : 2}', '7')");
            shop.untouched = "";
            const RestoreReport restored = shop.restore(shop.before, shop.of);
            CHECK(restored.items_restored >= 4);
            const TreeId after = shop.capture();
            INFO(shop.difference(shop.before, after));
            CHECK(after == shop.before);
            CHECK(shop.value("select oid from pg_database where datname = current_database()") == shop.oid);
        }
        SUBCASE("sequences that moved") {
            shop.run("select nextval('tickets'), setval('never_called', 9)");
            shop.check_mended();
        }
        SUBCASE("large objects that changed, went or came") {
            shop.run("select lo_unlink(4711), lo_put(4713, 10, 'xx'), lo_from_bytea(9999, 'new')");
            shop.check_mended();
        }
        SUBCASE("new tables, columns, indexes, views, functions and types") {
            shop.run(
                "create table extra (id int primary key references customers); alter table orders add column "
                "extra "
                "int; create index extra_index on texts (v); create view extra_view as select 1; create type "
                "extra_type as enum ('a'); create function extra_function(int) returns int language sql as "
                "'select "
                "1'; drop index customers_low; drop view counted; alter table texts drop constraint "
                "texts_pkey");
            shop.check_mended();
            CHECK(shop.items_removed >= 1);
        }
        SUBCASE("changed rights, comments, policies and settings") {
            shop.run(
                "comment on table customers is 'changed'; comment on table orders is 'new'; drop policy own "
                "on "
                "customers; alter database residue set work_mem = '1MB'; alter database residue reset "
                "search_path; "
                "comment on database residue is null; grant connect on database residue to public; alter "
                "database "
                "residue connection limit -1");
            shop.check_mended();
        }
    }

    TEST_CASE("what cannot be mended in place is built anew, and then it is equal") {
        Shop shop("beyond");
        SUBCASE("a changed right, an operator and a cast") {
            shop.run(
                "grant select on orders to shop_admin; create operator #### (leftarg = int, rightarg = int, "
                "function "
                "= int4eq)");
        }
        SUBCASE("another encoding") {
            shop.drop();
            shop.server.run("postgres",
                            "create database beyond template template0 encoding 'LATIN1' locale 'C'");
        }
        SUBCASE("an empty database of the same name, as somebody makes who recreates it") {
            shop.drop();
            shop.server.run("postgres", "create database beyond");
        }
        shop.restore(shop.before, shop.of);
        const TreeId after = shop.capture();
        INFO(shop.difference(shop.before, after));
        CHECK(after == shop.before);
        CHECK(shop.server.run("postgres",
                              "select count(*) from pg_database where datname like 'rehearse%'") == "0");
    }

    TEST_CASE("a destroy reaches no further than the named tables") {
        World world("reach",
                    "create table a (id int primary key); create table b (id int primary key, a int "
                    "references a on delete "
                    "cascade); create table c (id int primary key, a int references a); create table d (x "
                    "a); create table "
                    "e () inherits (a); insert into a values (1), (2); insert into b values (1, 1); insert "
                    "into c values (1, "
                    "2)");
        const std::string before = world.value("select count(*) from pg_class");
        SUBCASE("a drop that would take another table's column or a child with it") {
            CHECK(any_contains(world.observe("drop", {"a"}).obstacles, "public.d"));
            CHECK(any_contains(world.observe("drop", {"a"}).obstacles, "public.e"));
            CHECK(failure_of([&] { world.destroy("drop", {"public.a"}); }).kind == FailureKind::refused);
        }
        SUBCASE("a deletion that another table would follow") {
            CHECK(any_contains(world.observe("delete", {"a"}, "id = 1").obstacles, "rows of b"));
            CHECK(failure_of([&] { world.destroy("delete", {"public.a"}, "id = 1"); }).kind ==
                  FailureKind::refused);
        }
        SUBCASE("a truncation of what others refer to") {
            CHECK(any_contains(world.observe("truncate", {"a"}).obstacles, "rows of b"));
            CHECK(failure_of([&] { world.destroy("truncate", {"public.a"}); }).kind == FailureKind::refused);
        }
        SUBCASE("a condition that is more than one") {
            CHECK_THROWS_AS(world.destroy("delete", {"public.d"}, "true; drop table c"), Failure);
            CHECK_THROWS_AS(static_cast<void>(world.observe("delete", {"d"}, "true; drop table c")), Failure);
        }
        CHECK(world.value("select count(*) from pg_class") == before);
        CHECK(world.value("select count(*) from a") == "2");
        CHECK(world.value("select count(*) from b") == "1");
    }

    TEST_CASE("what foreign keys and publications let through is planned and done alike") {
        World world(
            "keys",
            "create table a (id int primary key); create table b (id int primary key references a); "
            "create table c (id int references b, note int); insert into a values (1), (2); "
            "create table p (id int primary key) partition by range (id); create table p1 partition of p "
            "for values from (0) to (10); insert into p values (1); create table f (id int references p) "
            "partition by list (id); create table f1 partition of f for values in (1)");
        const auto planned = [&](const std::string& operation, const std::string& where = "") {
            const Observation seen = world.observe(operation, {"**"}, where);
            CHECK(seen.obstacles == std::vector<std::string>{});
            std::vector<std::string> names;
            for (const Item& item : seen.items) names.push_back(item.name);
            return names;
        };
        using Names = std::vector<std::string>;
        const TreeId before = world.capture();
        SUBCASE("a truncation takes empty tables that refer to it along") {
            const Names names = planned("truncate");
            CHECK(names == Names{"public.a", "public.p1"});
            world.destroy("truncate", names);
            CHECK(world.value("select count(*) from a") == "0");
            CHECK(world.value("select count(*) from p") == "0");
            world.restore(before, world.report);
            CHECK(world.capture() == before);
        }
        SUBCASE("but none with a row, however far away") {
            world.run("insert into c (note) values (7)");  // c refers to b, which is empty and refers to a
            CHECK(any_contains(world.observe("truncate", {"a"}).obstacles, "rows of c"));
            CHECK(failure_of([&] { world.destroy("truncate", {"public.a"}); }).kind == FailureKind::refused);
            CHECK(world.value("select count(*) from c") == "1");
            CHECK(world.value("select count(*) from a") == "2");
        }
        SUBCASE("a deletion begins with those that refer to others") {
            world.run("insert into b values (1); insert into c values (1); insert into f values (1)");
            world.destroy("delete", planned("delete", "true"), "true");
            for (const std::string table : {"a", "b", "c", "p", "f"}) {
                INFO(table);
                CHECK(world.value("select count(*) from " + table) == "0");
            }
        }
        SUBCASE("a deletion that a publication would refuse is told before") {
            world.run("create publication all_of_it for table c, a; insert into c values (null, 1)");
            const auto obstacles = world.observe("delete", {"**"}, "true").obstacles;
            CHECK(any_contains(obstacles, "rows of c: publication all_of_it publishes deletes"));
            CHECK_FALSE(any_contains(obstacles, "rows of a"));
        }
    }

    TEST_CASE("patterns select tables as people write them") {
        World world("patterns",
                    "create schema audit; create table a1 (); create table a2 (); create table b (); create "
                    "table audit.a1 "
                    "(); create table \"Big One\" ()");
        const auto names = [&](std::vector<std::string> patterns) {
            std::string text;
            for (const Item& item : world.observe("drop", std::move(patterns)).items) text += item.name + " ";
            return text;
        };
        CHECK(names({"a1"}) == "public.a1 ");
        CHECK(names({"public.a*"}) == "public.a1 public.a2 ");
        CHECK(names({"*.a1"}) == "audit.a1 public.a1 ");
        CHECK(names({"**"}) == "audit.a1 public.\"Big One\" public.a1 public.a2 public.b ");
        CHECK(names({"public.Big One"}) == "public.\"Big One\" ");
        CHECK(names({"public.\"Big One\""}) == "public.\"Big One\" ");
        CHECK(world.observe("drop", {"nope", "b"}).unmatched == std::vector<std::string>{"nope"});
    }
}
