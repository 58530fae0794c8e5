// Objects are matched by their path in a snapshot and their text; equal names (operators) by text alone.
#include "adapters/postgresql/schema_difference.h"

#include <array>
#include <map>
#include <set>

#include "adapters/postgresql/after_rows.h"
#include "adapters/postgresql/sql_text.h"

namespace rehearse::postgresql {

namespace {

/// Types whose CREATE statement begins with the words of the DROP statement and then the name.
constexpr std::array simple_types{
    "TABLE",  "VIEW",        "MATERIALIZED VIEW", "SEQUENCE",   "INDEX",     "TYPE",
    "DOMAIN", "SCHEMA",      "EXTENSION",         "STATISTICS", "COLLATION", "FOREIGN TABLE",
    "SERVER", "PUBLICATION", "EVENT TRIGGER"};
constexpr std::array routine_types{"FUNCTION", "PROCEDURE", "AGGREGATE"};
/// Those that live on a table: DROP <type> name ON table.
constexpr std::array table_types{"TRIGGER", "RULE", "POLICY"};

std::string_view after(std::string_view text, std::string_view lead) {
    const std::size_t at = text.find(lead);
    return at == std::string_view::npos ? std::string_view() : text.substr(at + lead.size());
}

std::string qualified(const SchemaObject& object) {
    return object.space.empty() ? identifier(object.name)
                                : identifier(object.space) + "." + identifier(object.name);
}

/// The bytes up to the bracket that closes the first one.
std::string_view with_arguments(std::string_view text) {
    int depth = 0;
    bool quoted = false;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const char c = text[at];
        if (c == '"') quoted = !quoted;
        if (quoted) continue;
        if (c == '(') ++depth;
        if (c == ')' && --depth == 0) return text.substr(0, at + 1);
    }
    return {};
}

}  // namespace

SchemaDifference compare(const Schema& wanted, const Schema& live, const json::array& wordings) {
    std::map<std::string, std::string> other_words;
    for (const auto& value : wordings) {
        const json::object& wording = object_of(value, "wordings");
        other_words[text_at(wording, "object", "wordings")] = text_at(wording, "live", "wordings");
    }
    const auto wanted_paths = schema_paths(wanted);
    std::multimap<std::pair<std::string, std::string>, std::size_t> by_text;
    for (std::size_t at = 0; at < wanted.size(); ++at) {
        if (refreshes(wanted[at])) continue;
        by_text.emplace(std::pair(schema_path(wanted[at]), wanted[at].text), at);
        const auto words = other_words.find(wanted_paths[at]);
        if (words != other_words.end())
            by_text.emplace(std::pair(schema_path(wanted[at]), words->second), at);
    }
    SchemaDifference difference;
    std::set<std::size_t> present;
    for (std::size_t at = 0; at < live.size(); ++at) {
        if (refreshes(live[at])) continue;
        auto [found, end] = by_text.equal_range(std::pair(schema_path(live[at]), live[at].text));
        while (found != end && present.contains(found->second)) ++found;
        if (found == end) {
            difference.extra.push_back(&live[at]);
        } else {
            present.insert(found->second);
        }
    }
    for (std::size_t at = 0; at < wanted.size(); ++at) {
        if (!refreshes(wanted[at]) && !present.contains(at)) difference.missing.push_back(&wanted[at]);
    }
    return difference;
}

std::optional<std::string> drop_statement(const SchemaObject& object) {
    for (const std::string_view type : simple_types) {
        if (object.type == type)
            return "DROP " + object.type + " IF EXISTS " + qualified(object) + " CASCADE";
    }
    for (const std::string_view type : routine_types) {
        // The tag has the argument types, unqualified; the statement itself has them as they must be written.
        if (object.type != type) continue;
        const std::string_view text = with_arguments(after(object.text, "ALTER " + object.type + " "));
        if (text.empty()) return std::nullopt;
        return "DROP " + object.type + " IF EXISTS " + std::string(text) + " CASCADE";
    }
    for (const std::string_view type : table_types) {
        if (object.type != type) continue;
        const std::string_view rest = after(object.text, object.type + " ");
        const std::string name(leading_name(rest));
        const std::string table(
            leading_name(after(rest.substr(name.size()), type == "RULE" ? " TO " : " ON ")));
        if (name.empty() || table.empty()) return std::nullopt;
        return "DROP " + object.type + " IF EXISTS " + name + " ON " + table + " CASCADE";
    }
    if (object.type == "CONSTRAINT" || object.type == "FK CONSTRAINT" || object.type == "CHECK CONSTRAINT") {
        const std::string name(leading_name(after(object.text, "ADD CONSTRAINT ")));
        const std::string table = table_of(object);
        if (name.empty() || table.empty()) return std::nullopt;
        return "ALTER TABLE IF EXISTS " + table + " DROP CONSTRAINT IF EXISTS " + name + " CASCADE";
    }
    if (object.type == "DEFAULT") {
        const std::string table = table_of(object);
        const std::string column(leading_name(after(object.text, "ALTER COLUMN ")));
        if (table.empty() || column.empty()) return std::nullopt;
        return "ALTER TABLE IF EXISTS ONLY " + table + " ALTER COLUMN " + column + " DROP DEFAULT";
    }
    if (object.type == "ROW SECURITY") {
        const std::string table = table_of(object);
        if (table.empty()) return std::nullopt;
        return "ALTER TABLE IF EXISTS " + table + " DISABLE ROW LEVEL SECURITY";
    }
    if (object.type == "SEQUENCE OWNED BY") {
        const std::string sequence(leading_name(after(object.text, "ALTER SEQUENCE ")));
        if (sequence.empty()) return std::nullopt;
        return "ALTER SEQUENCE IF EXISTS " + sequence + " OWNED BY NONE";
    }
    if (object.type == "TABLE ATTACH") {
        const std::string partition(leading_name(after(object.text, " ATTACH PARTITION ")));
        if (partition.empty()) return std::nullopt;
        return "ALTER TABLE IF EXISTS " + table_of(object) + " DETACH PARTITION " + partition;
    }
    if (object.type == "PUBLICATION TABLE") {
        const std::string publication(leading_name(after(object.text, "ALTER PUBLICATION ")));
        const std::string table(leading_name(after(object.text, " ADD TABLE ONLY ")));
        if (publication.empty() || table.empty()) return std::nullopt;
        return "ALTER PUBLICATION " + publication + " DROP TABLE " + table;
    }
    if (object.type == "COMMENT") {
        const std::size_t is = object.text.find(" IS '");
        if (is == std::string::npos) return std::nullopt;
        return object.text.substr(0, is) + " IS NULL";
    }
    return std::nullopt;
}

}  // namespace rehearse::postgresql
