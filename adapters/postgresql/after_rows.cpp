// The order is pg_dump's own where it matters; indexes of ordinary tables and foreign keys are independent.
#include "adapters/postgresql/after_rows.h"

#include <algorithm>

#include "adapters/postgresql/apply.h"
#include "adapters/postgresql/sql_text.h"

namespace rehearse::postgresql {

namespace {

std::string name_after(const std::string& text, std::string_view lead, std::size_t from = 0) {
    const std::size_t at = text.find(lead, from);
    if (at == std::string::npos) return {};
    return std::string(leading_name(std::string_view(text).substr(at + lead.size())));
}

bool is_index(const SchemaObject& object) { return object.type == "INDEX"; }
bool is_key(const SchemaObject& object) { return object.type == "CONSTRAINT"; }

}  // namespace

std::string table_of(const SchemaObject& object) {
    if (is_index(object)) {
        const std::size_t at = object.text.find(" INDEX ");
        if (at == std::string::npos) return {};
        const std::string_view name = leading_name(std::string_view(object.text).substr(at + 7));
        std::string_view rest = std::string_view(object.text).substr(at + 7 + name.size());
        if (!rest.starts_with(" ON ")) return {};
        rest.remove_prefix(rest.starts_with(" ON ONLY ") ? 9 : 4);
        return std::string(leading_name(rest));
    }
    if (object.type == "TABLE") return name_after(object.text, " TABLE ");
    const std::string only = name_after(object.text, "ALTER TABLE ONLY ");
    return only.empty() ? name_after(object.text, "ALTER TABLE ") : only;
}

std::string referenced_table(const SchemaObject& foreign_key) {
    // The constraint's own names are quoted where they hold more than one word, so this is the keyword.
    return name_after(foreign_key.text, ") REFERENCES ");
}

AfterRows::AfterRows(const Schema& schema, const std::vector<const SchemaObject*>& to_make,
                     Problems* problems)
    : problems_(problems) {
    std::set<std::string> plain;
    for (const SchemaObject& object : schema) {
        if (object.type == "TABLE" && !object.after_rows) plain.insert(table_of(object));
    }
    for (const SchemaObject* object : to_make) {
        if (!object->after_rows) continue;
        const std::string table = is_index(*object) || is_key(*object) ? table_of(*object) : "";
        // An index of a materialised view may have to wait for the view.
        const bool of_plain = !table.empty() && plain.contains(table);
        if (object->type == "FK CONSTRAINT") {
            foreign_keys_.push_back(object);
        } else if (of_plain) {
            (is_key(*object) ? of_tables_[table].constraints : of_tables_[table].indexes).push_back(object);
        } else if (object->type == "INDEX ATTACH") {
            attached_.push_back(object);
        } else {
            rest_.push_back(object);
        }
    }
}

std::vector<std::string> AfterRows::tables() const {
    std::vector<std::string> names;
    for (const auto& [name, objects] : of_tables_) names.push_back(name);
    return names;
}

void AfterRows::add_indexes(Jobs& jobs, const std::string& table) const {
    const auto found = of_tables_.find(table);
    if (found == of_tables_.end()) return;
    const OfTable& objects = found->second;
    // Keys lock the table, indexes don't: keys first, one after the other.
    jobs.add([&jobs, &objects, problems = problems_](Connection& connection) {
        make_objects(connection, objects.constraints, problems);
        for (const SchemaObject* index : objects.indexes) {
            jobs.add([index, problems](Connection& other) {
                make_objects(other, std::span(&index, 1), problems);
            });
        }
    });
}

void AfterRows::attach_early(Connection& connection) const {
    for (const SchemaObject* object : attached_) static_cast<void>(connection.try_run(object->text));
}

void AfterRows::make_rest(const Connections& connections) const {
    Connection& first = *connections.front();
    make_objects(first, attached_, problems_);
    Jobs jobs;
    std::mutex mutex;
    std::vector<const SchemaObject*> again;
    for (const SchemaObject* key : foreign_keys_) {
        jobs.add(
            [&, key](Connection& connection) {
                try {
                    make_objects(connection, std::span(&key, 1), problems_);
                } catch (const Failure& failure) {
                    // Partitions share locks with their parents, which their names do not show.
                    if (failure.fields().native_code != "40P01") throw;
                    const std::lock_guard lock(mutex);
                    again.push_back(key);
                }
            },
            {table_of(*key), referenced_table(*key)});
    }
    jobs.run(connections);
    make_objects(first, again, problems_);
    make_objects(first, rest_, problems_);
}

}  // namespace rehearse::postgresql
