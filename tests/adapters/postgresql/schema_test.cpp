// Schemas as text: cut, stored, compared, without a server.
#include <doctest/doctest.h>

#include "adapters/postgresql/after_rows.h"
#include "adapters/postgresql/connection_string.h"
#include "adapters/postgresql/schema.h"
#include "adapters/postgresql/schema_difference.h"
#include "adapters/postgresql/sql_text.h"
#include "orchestrator/ports/tree_name.h"
#include "tests/support/memory_tree.h"

using namespace rehearse;
using namespace rehearse::postgresql;

namespace {

std::string header(const std::string& name, const std::string& type, const std::string& space = "public") {
    return "--\n-- Name: " + name + "; Type: " + type + "; Schema: " + space + "; Owner: me\n--\n\n";
}

std::string dump_of(const std::string& body) {
    return "--\n-- PostgreSQL database dump\n--\n\n\\restrict x\n\n-- Dumped from database version 15\n\nSET "
           "statement_timeout = 0;\nSELECT pg_catalog.set_config('search_path', '', false);\n\n" +
           body + "--\n-- PostgreSQL database dump complete\n--\n\n\\unrestrict x\n\n";
}

}  // namespace

TEST_SUITE("postgresql: schemas as text") {
    TEST_CASE("a dump is cut at its objects, and nothing else in it") {
        const std::string fake = header("fake", "TABLE");
        for (const std::string& body :
             {"CREATE FUNCTION f() AS $$\n" + fake + "$$;", "CREATE FUNCTION f() AS $a$ $$\n" + fake + "$a$;",
              "COMMENT ON x IS 'it''s\n" + fake + "';", "CREATE VIEW v AS SELECT E'\\'\n" + fake + "';",
              "CREATE VIEW v AS SELECT 1 AS \"a\n" + fake + "\";",
              "/* /* nested */\n" + fake + "*/ SELECT 1;",
              "SELECT name$1 FROM t$$; -- $$ no quote\nSELECT '" + fake + "';"}) {
            CAPTURE(body);
            const Schema schema =
                parse_dump(dump_of(header("first", "FUNCTION") + body + "\n\n\n" + header("second", "INDEX") +
                                   "CREATE INDEX second ON t (a);\n\n\n"));
            REQUIRE(schema.size() == 2);
            CHECK(schema[0].name == "first");
            CHECK(schema[0].text == body);
            CHECK_FALSE(schema[0].after_rows);
            CHECK(schema[1].text == "CREATE INDEX second ON t (a);");
            CHECK(schema[1].after_rows);
        }
    }

    TEST_CASE("where a table is stored becomes part of it") {
        const Schema schema = parse_dump(
            dump_of("SET default_tablespace = fast;\n\nSET default_table_access_method = heap;\n\n" +
                    header("a", "TABLE") + "CREATE TABLE public.a ();\n\n\n" + header("a", "COMMENT") +
                    "COMMENT ON TABLE a IS 'x';\n\n\nSET "
                    "default_tablespace = '';\n\n" +
                    header("b", "TABLE") + "CREATE TABLE public.b ();\n\n\n"));
        REQUIRE(schema.size() == 3);
        CHECK(schema[0].text ==
              "SET default_tablespace = fast;\n\nCREATE TABLE public.a ();\n\nSET default_tablespace = '';");
        CHECK(schema[1].text == "COMMENT ON TABLE a IS 'x';");
        CHECK(schema[2].text == "CREATE TABLE public.b ();");
    }

    TEST_CASE("a schema is read back from a tree as it was written, whatever its names") {
        Schema schema;
        for (const std::string name : {"orders", "a/b", "..", ".git", "=", "=", "=", "Größe",
                                       "a; Type: X; Schema: y; Owner: z", "x%2Fy", "line\nbreak"}) {
            schema.push_back({.type = "OPERATOR",
                              .space = name.size() > 20 ? "public" : name,
                              .name = name,
                              .header = {},
                              .text = "text of " + name});
        }
        schema.push_back({.type = "FOREIGN DATA WRAPPER",
                          .space = "",
                          .name = std::string(300, 'f'),
                          .header = {},
                          .text = "long"});
        schema.push_back({.type = "ACL",
                          .space = "",
                          .name = std::string(300, 'f') + "2",
                          .header = {},
                          .text = "long2",
                          .after_rows = true});
        for (SchemaObject& object : schema) {
            for (std::string* text : {&object.name, &object.space}) {
                for (char& c : *text) c = c == '\n' ? ' ' : c;  // as pg_dump does
            }
            object.header = "-- Name: " + object.name + "; Type: " + object.type +
                            "; Schema: " + (object.space.empty() ? "-" : object.space) + "; Owner: me";
        }
        test::MemoryTrees trees;
        const auto writer = trees.writer();
        write_schema(*writer, schema);
        CHECK(read_schema(*trees.open(writer->finish())) == schema);
    }

    TEST_CASE("file names are accepted by git and stay apart") {
        std::set<std::string> seen;
        for (const std::string name : {"a", "A", "a/b", "a%2Fb", ".git", ".GIT", "git~1", ".", "..", "",
                                       "\xff\xfe", "\n", "ü", ".gitmodules"}) {
            const std::string file = file_name(name);
            CAPTURE(file);
            CHECK(why_not_a_tree_name(file).empty());
            CHECK(seen.insert(file).second);
        }
        CHECK(file_name(std::string(5000, 'a')) != file_name(std::string(5001, 'a')));
        CHECK(file_name(std::string(5000, 'a')).size() <= 200);
    }

    TEST_CASE("tables are found in the statements that are about them") {
        const auto table = [](const std::string& type, const std::string& text) {
            return table_of({.type = type, .text = text});
        };
        CHECK(table("INDEX", "CREATE UNIQUE INDEX i ON ONLY public.\"A \"\" ON b\" USING btree (x);") ==
              "public.\"A \"\" ON b\"");
        CHECK(table("INDEX", "CREATE INDEX \"x INDEX y ON z\" ON s.t USING gin (a);") == "s.t");
        CHECK(table("CONSTRAINT", "ALTER TABLE ONLY public.orders\n    ADD CONSTRAINT k PRIMARY KEY (id);") ==
              "public.orders");
        CHECK(table("TABLE", "CREATE UNLOGGED TABLE public.t (\n a int\n);") == "public.t");
        CHECK(
            referenced_table(
                {.text = "ALTER TABLE ONLY a.b ADD CONSTRAINT c FOREIGN KEY (\"x y\") REFERENCES p.q(r);"}) ==
            "p.q");
    }

    TEST_CASE("schemas are compared by object, with the words that both sides may use") {
        const auto object = [](const std::string& name, const std::string& text) {
            return SchemaObject{.type = "TABLE", .space = "s", .name = name, .header = {}, .text = text};
        };
        const Schema wanted{object("a", "1"), object("b", "2"), object("op", "x"), object("op", "y")};
        const json::array wordings{json::object{{"object", "in/s/table/b.sql"}, {"live", "two"}}};
        CHECK(compare(wanted, wanted, {}).empty());
        CHECK(compare(wanted, {object("b", "two"), object("op", "y"), object("op", "x"), object("a", "1")},
                      wordings)
                  .empty());
        const Schema live{object("a", "other"), object("op", "y"), object("c", "3")};
        const SchemaDifference difference = compare(wanted, live, wordings);
        REQUIRE(difference.missing.size() == 3);
        CHECK(difference.missing[0]->name == "a");
        CHECK(difference.missing[1]->name == "b");
        CHECK(difference.missing[2]->text == "x");
        REQUIRE(difference.extra.size() == 2);
    }

    TEST_CASE("objects are dropped by their own name, or not at all") {
        const auto statement = [](const std::string& type, const std::string& name, const std::string& text) {
            return drop_statement({.type = type, .space = "s", .name = name, .text = text}).value_or("none");
        };
        CHECK(statement("TABLE", "a\"b", "") == "DROP TABLE IF EXISTS \"s\".\"a\"\"b\" CASCADE");
        CHECK(
            statement("FUNCTION", "f(integer)",
                      "CREATE FUNCTION s.f(x integer) ...;\n\nALTER FUNCTION s.f(x integer) OWNER TO me;") ==
            "DROP FUNCTION IF EXISTS s.f(x integer) CASCADE");
        CHECK(statement("TRIGGER", "t tr",
                        "CREATE TRIGGER \"tr ON x\" AFTER INSERT OR UPDATE OF a ON s.t FOR EACH ROW") ==
              "DROP TRIGGER IF EXISTS \"tr ON x\" ON s.t CASCADE");
        CHECK(statement("FK CONSTRAINT", "t c",
                        "ALTER TABLE ONLY s.t\n    ADD CONSTRAINT c FOREIGN KEY (a) REFERENCES s.u(b);") ==
              "ALTER TABLE IF EXISTS s.t DROP CONSTRAINT IF EXISTS c CASCADE");
        CHECK(statement("OPERATOR", "=", "CREATE OPERATOR s.= (...)") == "none");
    }

    TEST_CASE("a connection string is taken apart, and its password stays apart") {
        const ConnectionString where("postgresql://shop:s3cret@db.example:5433/orders?sslmode=require",
                                     "connection");
        CHECK(where.database() == "orders");
        CHECK(where.user() == "shop");
        CHECK(where.password().reveal() == "s3cret");
        CHECK(where.without_password().find("s3cret") == std::string::npos);
        CHECK(where.describe() == "orders on db.example:5433 as shop");
        CHECK(ConnectionString(where.with_database("it's").without_password(), "x").database() == "it's");
    }
}
