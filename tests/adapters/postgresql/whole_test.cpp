// Whole databases: captured, dropped, brought back, and equal.
#include <thread>

#include "tests/adapters/postgresql/every_kind.h"
#include "tests/adapters/postgresql/world.h"

using namespace rehearse;
using namespace rehearse::test;

namespace {

/// What the adapter has no part in: a digest of every table's rows (but of those that a restore may put into
/// other partitions, or whose columns into another order), and pg_dump's view of the schema.
std::string digest_of_rows(const World& world) {
    return world.value(
        "select md5(string_agg(t || x, ' ' order by t)) from (select c.oid::regclass::text as t, "
        "(xpath('/row/d/text()', query_to_xml(format('select md5(string_agg(r::text, '','' order by r::text "
        "collate "
        "\"C\")) as d from only %s r', c.oid::regclass), false, true, '')))[1]::text as x from pg_class c "
        "where c.relkind "
        "= 'r' and c.relnamespace::regnamespace::text !~ '^pg_|information_schema' and c.relname !~ "
        "'^by_mood|^child') s");
}

std::string dumped_schema(const World& world) {
    const CommandResult result = run_command({.arguments = {(PostgresServer::programs() / "pg_dump").string(),
                                                            "-s", "--restrict-key=x", "-d", world.connection},
                                              .output_limit = 8U << 20U});
    REQUIRE(result.succeeded());
    return result.output;
}

}  // namespace

TEST_SUITE("postgresql: whole databases") {
    TEST_CASE("a database with every kind of object comes back equal") {
        shared_server().run("postgres", every_kind_roles());
        World world("every_kind", every_kind());
        world.run(every_kind_settings("every_kind"));
        const TreeId before = world.capture();
        const CaptureReport report = world.report;
        CHECK(report.restorability_proved);
        CHECK(report.items > 20);
        SUBCASE("captured twice it gives the same tree") { CHECK(world.capture() == before); }
        SUBCASE("dropped and restored it gives the same tree, twice") {
            const std::string rows = digest_of_rows(world);
            const auto adapter = world.adapter();
            world.drop();
            CHECK(adapter->identify(nullptr).match == IdentityMatch::absent);
            CHECK(world.observe().items.empty());
            const RestoreReport restored = world.restore(before, report, *adapter);
            CHECK(restored.items_restored > 20);
            CHECK(restored.bytes_restored > 10000);
            const TreeId after = world.capture(*adapter);
            INFO(world.difference(before, after));
            CHECK(after == before);
            CHECK(digest_of_rows(world) == rows);
            const std::string schema = dumped_schema(world);
            world.drop();
            world.restore(before, report);
            CHECK(world.capture() == before);
            CHECK(dumped_schema(world) == schema);
        }
        SUBCASE("restored over itself, nothing is touched") {
            const std::string oid =
                world.value("select oid from pg_database where datname = current_database()");
            const RestoreReport restored = world.restore(before, report);
            CHECK(restored.items_restored == 0);
            CHECK(restored.items_removed == 0);
            CHECK(world.value("select oid from pg_database where datname = current_database()") == oid);
            CHECK(world.capture() == before);
        }
    }

    TEST_CASE("databases in other encodings and locales keep every byte") {
        SUBCASE("LATIN1") {
            World world("latin", "", "template template0 encoding 'LATIN1' locale 'C'");
            world.run(
                "create table \"größe\" (k text primary key, v text); insert into "
                "\"größe\" values ('ä', 'ö'), ('z', 'é')");
            const TreeId before = world.capture();
            world.drop();
            world.restore(before, world.report);
            CHECK(world.capture() == before);
            CHECK(world.value("select v from \"größe\" where k = 'ä'") == "ö");
        }
        SUBCASE("SQL_ASCII with bytes that are no text") {
            World world("ascii", "", "template template0 encoding 'SQL_ASCII' locale 'C'");
            world.run(
                "create table t (k text primary key); insert into t values (E'\\xff\\xfe'), (E'\\xc3\\x28')");
            const TreeId before = world.capture();
            world.drop();
            world.restore(before, world.report);
            CHECK(world.capture() == before);
            CHECK(world.value("select count(*) from t where k = E'\\xff\\xfe'") == "1");
        }
        SUBCASE("ICU") {
            World world("icu",
                        "create table t (k text primary key); insert into t values ('ä'), ('a'), ('z')",
                        "template template0 locale_provider icu icu_locale 'sv'");
            const TreeId before = world.capture();
            world.drop();
            world.restore(before, world.report);
            CHECK(world.capture() == before);
            CHECK(world.value("select string_agg(k, '' order by k) from t") == "azä");
        }
    }

    TEST_CASE("a session's or the server's settings don't change a snapshot") {
        World world(
            "settled",
            "create table t (id int primary key, at timestamptz, took interval, f float8, b bytea, m money); "
            "insert into t select i, now() + i * interval '1 s', i * interval '1 h', i / 3.0, "
            "decode(md5(i::text), "
            "'hex'), i from generate_series(1, 50) i");
        const TreeId before = world.capture();
        const std::string role = "alter role postgres in database settled set ";
        for (const std::string setting :
             {"datestyle = 'German'", "timezone = 'Asia/Tokyo'", "intervalstyle = 'iso_8601'",
              "extra_float_digits = 0", "bytea_output = 'escape'", "search_path = 'nowhere'",
              "default_transaction_read_only = on", "statement_timeout = '1h'",
              "quote_all_identifiers = on"}) {
            world.server.run("postgres", role + setting);
        }
        const TreeId after = world.capture();
        world.server.run("postgres", "alter role postgres in database settled reset all");
        // The settings themselves are part of the state; nothing else may differ.
        std::string difference = world.difference(before, after);
        CHECK(contains(difference, "changed database.json"));
        CHECK_FALSE(contains(difference, "data/"));
        CHECK_FALSE(contains(difference, "schema/"));
    }

    TEST_CASE("all rows and the schema are of one instant, whoever writes meanwhile") {
        World world(
            "busy",
            "create table a (id serial primary key, n int); create table b (id serial primary key, n int); "
            "insert into a (n) select 0 from generate_series(1, 1000); insert into b (n) select 0 from "
            "generate_series(1, 1000)");
        std::jthread writer([&](const std::stop_token& stop) {
            for (int round = 1; !stop.stop_requested(); ++round) {
                const std::string n = std::to_string(round);
                world.run("begin; update a set n = " + n + "; update b set n = " + n + "; commit");
            }
        });
        for (int round = 0; round < 5; ++round) {
            const TreeId tree = world.capture();
            std::set<std::string> seen;
            for (const auto& [path, content] : world.trees.files(tree)) {
                if (!path.starts_with("data/")) continue;
                std::istringstream lines(content);
                for (std::string line; std::getline(lines, line);) {
                    const std::size_t tab = line.find('\t');
                    if (tab != std::string::npos) seen.insert(line.substr(tab + 1));
                }
            }
            CHECK(seen.size() == 1);
        }
    }

    TEST_CASE("a writer that comes in right after the restore does not make the drill different") {
        World world("lively",
                    "create table t (id serial primary key, n int); insert into t (n) values (1), (2)");
        const auto adapter = world.adapter();
        const TreeId before = world.capture(*adapter);
        world.drop();
        world.restore(before, world.report, *adapter);
        world.run("insert into t (n) select i from generate_series(1, 100) i; create table later ()");
        CHECK(world.capture(*adapter) == before);
        CHECK(world.capture(*adapter) != before);  // the next one sees what is there now
    }

    TEST_CASE("while it is rebuilt, the database cannot be entered") {
        shared_server().run(
            "postgres",
            "do $$ begin create role app login; exception when duplicate_object then null; end $$");
        World world("fenced", "create table t (id int primary key); grant all on t to app");
        const TreeId before = world.capture();
        world.drop();
        bool seen = false;
        world.trees.before_blob = nullptr;
        const auto tree = world.trees.open(before);
        world.restore(before, world.report);
        for (const std::string& name : {std::string("fenced")}) {
            seen = world.server.run(name, "select count(*) from t", "app") == "0";
        }
        CHECK(seen);
        CHECK(world.server.run("postgres",
                               "select count(*) from pg_database where datname like 'rehearse%'") == "0");
    }

    TEST_CASE("large tables are read and written in parts, and stay in order") {
        World world(
            "large",
            "create table ordered (id bigint primary key, filler text); insert into ordered select i * 3, "
            "repeat(md5(i::text), 4) from generate_series(1, 250000) i; create table random (id uuid primary "
            "key, "
            "filler text); insert into random select gen_random_uuid(), md5(i::text) from generate_series(1, "
            "100000) i; create table pairs (a int, b int, filler text, primary key (a, b)); insert into "
            "pairs "
            "select i / 100, i % 100, repeat('y', 150) from generate_series(1, 200000) i");
        const TreeId before = world.capture();
        std::vector<long> ids;
        for (const auto& [path, content] : world.trees.files(before)) {
            if (!path.starts_with("data/public/ordered/")) continue;
            std::istringstream lines(content);
            for (std::string line; std::getline(lines, line);) {
                if (line.starts_with("COPY") || line.starts_with("\\.")) continue;
                ids.push_back(std::stol(line));
            }
        }
        CHECK(ids.size() == 250000);
        CHECK(std::is_sorted(ids.begin(), ids.end()));
        CHECK(std::adjacent_find(ids.begin(), ids.end()) == ids.end());
        // Rows that moved about on the disk are the same rows.
        world.run("update ordered set filler = filler where id % 5 = 0");
        world.run("vacuum full random");
        CHECK(world.capture() == before);
        world.drop();
        world.restore(before, world.report);
        const TreeId after = world.capture();
        CHECK(after == before);
        CHECK(world.value("select count(*) from ordered") == "250000");
    }
}
