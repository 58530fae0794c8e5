// What comes from PostgreSQL and its tools, or from a snapshot of it: pg_dump's text, COPY's rows, connection
// strings, settings of a database.
#include <algorithm>
#include <set>

#include "adapters/postgresql/chunks.h"
#include "adapters/postgresql/connection_string.h"
#include "adapters/postgresql/database_settings.h"
#include "adapters/postgresql/large_objects.h"
#include "adapters/postgresql/schema.h"
#include "adapters/postgresql/schema_difference.h"
#include "adapters/postgresql/sql_text.h"
#include "orchestrator/ports/tree_name.h"
#include "tests/fuzz/fuzz.h"

using namespace rehearse;
using namespace rehearse::fuzz;
using namespace rehearse::postgresql;

namespace {

void check_dump(std::string_view dump) {
    const Schema schema = parse_dump(dump);
    std::set<std::string> paths;
    for (const std::string& path : schema_paths(schema)) {
        promise(paths.insert(path).second, "each object has a file of its own");
        for (std::size_t at = 0; at <= path.size();
             at = path.find('/', at) == std::string::npos ? path.size() + 1 : path.find('/', at) + 1)
            promise(why_not_a_tree_name(path.substr(at, path.find('/', at) - at)).empty(),
                    "git takes an object's path");
    }
    for (const SchemaObject& object : schema) {
        const std::string file = "--\n" + object.header + "\n--\n\n" + object.text + "\n";
        const SchemaObject again = parse_object(file, object.after_rows);
        promise(again == object, "an object reads as it was written");
        (void)drop_statement(object);
    }
    promise(compare(schema, schema, {}).empty(), "a schema equals itself");
}

void check_rows(std::string_view text) {
    std::string rows;
    ChunkWriter writer("public.t (a)", [&](const std::string&, std::string_view content) {
        const ChunkRows chunk = rows_of_chunk(content, false);
        promise(chunk.begins && chunk.ends && chunk.target == "public.t (a)", "a chunk is whole");
        rows += chunk.rows;
    });
    std::string given;
    for (std::string_view rest = text; !rest.empty();) {
        const std::string row = std::string(take_line(rest)) + "\n";
        if (row == "\\.\n") continue;  // COPY never writes it as a row
        writer.add(row);
        given += row;
    }
    writer.finish();
    promise(rows == given, "rows come back from their chunks");
    (void)accepted([&] { return rows_of_chunk(text, false).rows.size(); });
    (void)accepted([&] { return rows_of_chunk(text, true).rows.size(); });
}

void check_connection(const std::string& text) {
    const auto connection = accepted([&] { return ConnectionString(text, "connection"); });
    if (!connection) return;
    const std::string shown = connection->without_password();
    promise(ConnectionString(shown, "connection").parameters() == connection->parameters(),
            "a connection string reads as it is shown");
    promise(connection->with_database("other \\'one").database() == "other \\'one",
            "the database can be exchanged");
    promise(!connection->describe().empty(), "a connection has words");
}

void check_names(std::string_view text) {
    promise(leading_name(identifier(text)) == identifier(text) || text.empty(), "a quoted name is one name");
    promise(text.starts_with(leading_name(text)), "a name is the beginning of its text");
    const std::string file = file_name(text);
    promise(text.empty() || (why_not_a_tree_name(file).empty() && file.size() <= 200),
            "git takes an object's name");
    promise(!large_object_of_file(std::string(text)).empty(), "a large object has a number");
}

void check_settings(std::string_view text) {
    const auto value = accepted([&] { return parse_json(text, "input"); });
    if (!value || !value->is_object()) return;
    const auto settings = accepted([&] { return database_from_json(value->get_object(), "input"); });
    if (!settings) return;
    promise(database_from_json(to_json(*settings), "again") == *settings,
            "settings read as they were written");
    promise(property_statements(*settings, *settings, "shop").empty(),
            "what is there already is not changed");
    (void)create_statement(*settings, "shop");
    (void)property_statements(*settings, {}, "shop");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text = text_of(data, size);
    check_dump(text);
    check_rows(text);
    check_connection(std::string(text.substr(0, text.find('\0'))));
    check_names(text);
    check_settings(text);
    return 0;
}
