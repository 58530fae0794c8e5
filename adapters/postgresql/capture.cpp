// The schema is dumped, tried and dumped again on one thread while others read the rows.
#include "adapters/postgresql/capture.h"

#include <algorithm>
#include <array>
#include <future>
#include <map>
#include <set>

#include "adapters/postgresql/drift.h"
#include "adapters/postgresql/dump.h"
#include "adapters/postgresql/items.h"
#include "adapters/postgresql/scratch.h"
#include "adapters/postgresql/session.h"
#include "adapters/postgresql/tree_text.h"
#include "orchestrator/base/digest.h"

namespace rehearse::postgresql {

namespace {

constexpr std::string_view operation = "capture";

constexpr std::string_view fixpoint_name = "schema as it is after a restore (its pg_dump fixpoint)";
constexpr std::string_view order_name = "order of rows on disk (sorted by primary key, else by text)";
constexpr std::string_view number_name = "object numbers (OIDs), transaction numbers, statistics";
constexpr std::string_view cache_name = "sequences' caches (positions are kept)";
constexpr std::string_view view_name = "rows of materialised views (refreshed on restore)";
constexpr std::string_view foreign_name = "rows of foreign tables (definitions are kept)";
constexpr std::string_view extension_name = "owners of extensions (who restores owns them)";
constexpr std::array names{fixpoint_name, order_name,   number_name,   cache_name,
                           view_name,     foreign_name, extension_name};

struct CapturedSchema {
    Schema live;
    Fixpoint fixpoint;
};

CapturedSchema capture_schema(const Settings& settings, const DatabaseSettings& database, const View& view) {
    const auto connection = join_view(view, settings.connection, std::string(operation));
    CapturedSchema out{.live = dump_schema(*connection, settings.connection, view.snapshot), .fixpoint = {}};
    out.fixpoint =
        find_fixpoint(settings, database, out.live, used_row_types(*connection), std::string(operation));
    return out;
}

void refuse_subscriptions(Connection& connection, const std::string& database) {
    const Result rows = connection.run(
        "select string_agg(quote_ident(subname), ', ' order by subname) from pg_catalog.pg_subscription "
        "where "
        "subdbid = (select oid from pg_catalog.pg_database where datname = current_database())");
    if (rows.null(0, 0)) return;
    throw refused(std::string(operation), database,
                  "it subscribes to another server's changes (" + rows.text(0, 0) +
                      "): it would not stay as it is, and a restore could not resume the stream",
                  "drop the subscription in this environment, or rehearse a database without one");
}

void write_database(const DatabaseSettings& database, TreeWriter& writer) {
    writer.blob("database.json", pretty_json(to_json(database)));
    DatabaseSettings fresh{.name = database.name};
    std::string sql = create_statement(database, database.name) + ";\n";
    for (const std::string& statement : property_statements(database, fresh, database.name))
        sql += statement + ";\n";
    writer.blob("database.sql", sql);
}

void write_roles(Connection& connection, const DatabaseSettings& database, TreeWriter& writer) {
    std::set<std::string> roles;
    for (const std::string& role : roles_of(database)) roles.insert(role);
    // Whoever makes an extension owns it and what is in it: that is not the snapshot's to say.
    const Result rows = connection.run(
        "select distinct pg_get_userbyid(s.refobjid) from pg_catalog.pg_shdepend s where s.refclassid = "
        "'pg_authid'::regclass and s.dbid = (select oid from pg_catalog.pg_database where datname = "
        "current_database()) "
        "and s.classid <> 'pg_extension'::regclass and not exists (select from pg_catalog.pg_depend d where "
        "d.classid = "
        "s.classid and d.objid = s.objid and d.deptype = 'e')");
    for (std::size_t row = 0; row < rows.rows(); ++row) roles.insert(rows.text(row, 0));
    std::string text;
    for (const std::string& role : roles) text += role + "\n";
    write_text(writer, "roles", text);
}

std::vector<std::string> normalised(const Schema& schema) {
    std::vector<std::string> out;
    const auto has = [&](std::string_view type) {
        return std::any_of(schema.begin(), schema.end(),
                           [&](const SchemaObject& o) { return o.type == type; });
    };
    for (const std::string_view name : {fixpoint_name, order_name, number_name}) out.emplace_back(name);
    if (has("SEQUENCE")) out.emplace_back(cache_name);
    if (has("MATERIALIZED VIEW")) out.emplace_back(view_name);
    if (has("FOREIGN TABLE")) out.emplace_back(foreign_name);
    if (has("EXTENSION")) out.emplace_back(extension_name);
    return out;
}

}  // namespace

const std::span<const std::string_view> normalisations = names;

json::array wordings(const Schema& live, const Schema& canonical) {
    std::map<std::string, const SchemaObject*> by_path;
    const auto paths = schema_paths(canonical);
    for (std::size_t at = 0; at < canonical.size(); ++at) by_path[paths[at]] = &canonical[at];
    json::array out;
    const auto live_paths = schema_paths(live);
    for (std::size_t at = 0; at < live.size(); ++at) {
        const auto same = by_path.find(live_paths[at]);
        if (same == by_path.end() || same->second->text == live[at].text) continue;
        out.push_back(json::object{{"object", live_paths[at]}, {"live", live[at].text}});
    }
    return out;
}

CaptureReport capture(const Settings& settings, const Clock& clock, TreeWriter& writer,
                      std::optional<View> kept) {
    DatabaseSettings database;
    {
        Connection connection(settings.connection, {.operation = std::string(operation)});
        fix_session(connection);
        refuse_subscriptions(connection, settings.database);
        database = *read_database(connection, settings.database);
    }
    const View view = kept ? std::move(*kept) : open_view(settings.connection, clock, std::string(operation));
    const auto tables = read_tables(*view.connection);
    const std::uint64_t items = table_items(*view.connection).size();
    auto schema = std::async(std::launch::async, [&] { return capture_schema(settings, database, view); });
    ContentCount content;
    try {
        content = write_content(settings.connection, view, tables, writer, std::string(operation));
        write_roles(*view.connection, database, writer);
    } catch (...) {
        schema.wait();
        throw;
    }
    const CapturedSchema captured = schema.get();
    write_schema(writer, captured.fixpoint.schema);
    write_database(database, writer);
    const int generations = captured.fixpoint.generations;
    return {.consistent_at = view.at,
            .items = items,
            .bytes = content.bytes,
            .normalised = normalised(captured.fixpoint.schema),
            .scratch_restore = true,
            .restorability_proved = true,
            .restorability = "schema restored into a scratch database as " + settings.scratch().describe() +
                             " and dumped again, " + std::to_string(generations) +
                             (generations == 1 ? " time" : " times") + ", the last one equal",
            .uncompared = {{"server_version", view.connection->server_version()},
                           {"generations", generations},
                           {"fingerprint", fingerprint_of({.view = view,
                                                           .tables = tables,
                                                           .content = content,
                                                           .live = captured.live,
                                                           .database = database})},
                           {"wordings", wordings(captured.live, captured.fixpoint.schema)}}};
}

}  // namespace rehearse::postgresql
