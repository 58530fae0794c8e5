// The schema is mended first (what is too much goes, what lacks is made), then rows, then what follows rows.
// Every step can be repeated: a repair that was killed goes on from what it finds.
#include "adapters/postgresql/repair.h"

#include <algorithm>

#include "adapters/postgresql/after_rows.h"
#include "adapters/postgresql/apply.h"
#include "adapters/postgresql/capture.h"
#include "adapters/postgresql/dump.h"
#include "adapters/postgresql/id_tree.h"
#include "adapters/postgresql/large_objects.h"
#include "adapters/postgresql/out_of_the_way.h"
#include "adapters/postgresql/parallel.h"
#include "adapters/postgresql/repair_rows.h"
#include "adapters/postgresql/schema_difference.h"
#include "adapters/postgresql/sql_text.h"

namespace rehearse::postgresql {

namespace {

constexpr std::string_view operation = "restore";
constexpr int most_rounds = 4;

/// Building anew would meet the same trouble.
bool of_the_surroundings(const Failure& failure) {
    const std::string& code = failure.fields().native_code;
    return code.empty() || code.starts_with("08") || code.starts_with("53") || code.starts_with("57") ||
           code.starts_with("55P") || code.starts_with("58");
}

/// What no statement can change in a database that is there.
bool same_locale(const DatabaseSettings& a, const DatabaseSettings& b) {
    return a.encoding == b.encoding && a.collate == b.collate && a.ctype == b.ctype &&
           a.provider == b.provider && a.locale == b.locale && a.icu_rules == b.icu_rules &&
           a.table_space == b.table_space;
}

class Repair {
  public:
    Repair(const Settings& settings, const Clock& clock, const Wanted& wanted)
        : clock_(clock),
          wanted_(wanted),
          where_(settings.restore.with_database(settings.database)),
          connections_(open_restoring(where_, std::string(operation), usual_search_path(wanted.database),
                                      worker_count())),
          first_(*connections_.front()),
          stored_(stored_tables(wanted.tree)) {
        for (const auto& connection : connections_) connection->run("set lock_timeout = '60s'");
    }

    bool run() {
        if (!make_what_lacks()) return false;
        find_differing_rows();
        if (!repairs_.empty()) {
            clear_the_way(first_, tables_to_repair());
            const View view = open_view(where_, clock_, std::string(operation));
            report_.bytes_restored +=
                repair_rows(first_,
                            {.where = where_, .snapshot = view.snapshot, .operation = std::string(operation)},
                            repairs_)
                    .bytes;
            report_.items_restored += repairs_.size();
            first_.try_run("set session_replication_role = origin");
        }
        finish_schema();
        restore_sequences();
        restore_large_objects();
        refresh_views();
        return difference(live()).empty();
    }
    [[nodiscard]] const RestoreReport& report() const { return report_; }

  private:
    Schema live() { return dump_schema(first_, where_, ""); }
    SchemaDifference difference(const Schema& live) {
        return compare(wanted_.schema, live, wanted_.wordings);
    }

    bool make_what_lacks() {
        for (int round = 0; round < most_rounds; ++round) {
            const Schema now = live();
            const SchemaDifference found = difference(now);
            if (found.extra.empty()) {
                make_before_rows(found.missing);
                return true;
            }
            if (!drop(found.extra)) return false;
        }
        return false;
    }

    /// False where nothing could be dropped. What goes with another, or is in another's way, is left to the
    /// next round.
    bool drop(const std::vector<const SchemaObject*>& extra) {
        bool dropped = false;
        std::vector<std::string> rights;
        first_.run("begin");
        for (auto object = extra.rbegin(); object != extra.rend(); ++object) {
            if ((*object)->type == "ACL") rights.push_back(relation_of_rights(**object));
            const auto statement = drop_statement(**object);
            if (!statement) continue;
            first_.run("savepoint one");
            const bool done = !first_.try_run(*statement);
            first_.run(done ? "release savepoint one" : "rollback to savepoint one");
            dropped = dropped || done;
            if (done && (*object)->type == "TABLE") ++report_.items_removed;
        }
        // Rights that are too many go with all others of their table; the right ones are missing then.
        const bool reset = !dropped && reset_rights(first_, rights);
        first_.run("commit");
        return dropped || reset;
    }

    /// "TABLE orders" or "COLUMN orders.id" of schema public: the relation's name in SQL.
    std::string relation_of_rights(const SchemaObject& rights) {
        const std::size_t space = rights.name.find(' ');
        std::string name = space == std::string::npos ? "" : rights.name.substr(space + 1);
        if (rights.name.starts_with("COLUMN ")) name = name.substr(0, name.find('.'));
        return quoted_name(SchemaObject{.space = rights.space, .name = name});
    }

    void make_before_rows(const std::vector<const SchemaObject*>& missing) {
        std::vector<const SchemaObject*> now;
        std::vector<std::string> relations;
        for (const SchemaObject* object : missing) {
            if (object->type == "TABLE") made_.insert(table_of(*object));
        }
        for (const SchemaObject* object : missing) {
            if (object->after_rows) continue;
            // A partition joins a parent that is there once it has its rows and indexes: else it would be
            // given others.
            if (object->type == "TABLE ATTACH" && !made_.contains(table_of(*object))) continue;
            now.push_back(object);
            relations.push_back(quoted_name(*object));
        }
        make_objects(first_, now);
        reset_rights(first_, relations);
        report_.items_restored += made_.size();
    }

    /// As format('%I.%I') would write it, where it is a relation; else something that no relation is called.
    std::string quoted_name(const SchemaObject& object) {
        return first_.run("select format('%I.%I', $1::text, $2::text)", {object.space, object.name})
            .text(0, 0);
    }

    void find_differing_rows() {
        const View view = open_view(where_, clock_, std::string(operation));
        tables_ = read_tables(*view.connection);
        std::vector<Table> present;
        std::copy_if(tables_.begin(), tables_.end(), std::back_inserter(present),
                     [this](const Table& table) { return !made_.contains(table.quoted); });
        const auto writer = id_writer(content_);
        static_cast<void>(write_content(where_, view, present, *writer, std::string(operation)));
        for (const Table& table : tables_) {
            if (made_.contains(table.quoted)) continue;
            const IdNode* node = content_.at("data/" + file_name(table.space) + "/" + file_name(table.name));
            const auto stored = stored_.find(table.quoted);
            const bool has_rows = node != nullptr && !node->blobs.empty();
            const TreeReader* folder = stored == stored_.end() ? nullptr : stored->second.folder.get();
            if (differing(folder, node).empty()) continue;
            repairs_.push_back({.table = &table,
                                .stored = stored == stored_.end() ? nullptr : &stored->second,
                                .empty = !has_rows});
        }
    }

    std::vector<const Table*> tables_to_repair() const {
        std::vector<const Table*> tables;
        for (const RowRepair& repair : repairs_) tables.push_back(repair.table);
        return tables;
    }

    void finish_schema() {
        const Schema now = live();
        const SchemaDifference found = difference(now);
        std::vector<const SchemaObject*> attach;
        std::vector<const SchemaObject*> after_rows;
        for (const SchemaObject* object : found.missing) {
            (object->type == "TABLE ATTACH" ? attach : after_rows).push_back(object);
        }
        const AfterRows after(wanted_.schema, after_rows);
        std::vector<const StoredTable*> to_load;
        for (const auto& [name, table] : stored_) {
            if (made_.contains(name)) to_load.push_back(&table);
        }
        LoadCount count;
        Jobs jobs;
        const std::function<void(const std::string&)> loaded = [&](const std::string& table) {
            after.add_indexes(jobs, table);
        };
        std::set<std::string> ordinary;
        for (const Table& table : tables_) {
            if (!table.partitioned) ordinary.insert(table.quoted);
        }
        add_loads(jobs, to_load, ordinary, connections_.size(), count, loaded);
        for (const std::string& table : after.tables()) {
            if (!made_.contains(table) || !stored_.contains(table)) after.add_indexes(jobs, table);
        }
        jobs.run(connections_);
        if (!attach.empty()) after.attach_early(first_);
        make_objects(first_, attach);
        after.make_rest(connections_);
        report_.bytes_restored += count.bytes;
    }

    void restore_sequences() {
        if (!wanted_.tree.has("sequences")) return;
        const auto root = wanted_.tree.directory("sequences");
        for (const std::string& path : differing(root.get(), content_.at("sequences"))) {
            const std::size_t slash = path.find('/');
            const auto space = root->directory(path.substr(0, slash));
            if (space->has(path.substr(slash + 1))) first_.run(space->blob(path.substr(slash + 1)));
        }
    }

    void restore_large_objects() {
        const auto root =
            wanted_.tree.has("large-objects") ? wanted_.tree.directory("large-objects") : nullptr;
        std::set<std::pair<std::string, std::string>> objects;  // folder, number
        for (const std::string& path : differing(root.get(), content_.at("large-objects"))) {
            const std::size_t slash = path.find('/');
            objects.emplace(path.substr(0, slash), large_object_of_file(path.substr(slash + 1)));
        }
        for (const auto& [folder, number] : objects) {
            first_.run("begin");
            first_.run("select lo_unlink(oid) from pg_largeobject_metadata where oid = " + number);
            if (root && root->has(folder)) {
                const auto files = root->directory(folder);
                for (const TreeEntry& entry : files->entries()) {
                    if (large_object_of_file(entry.name) == number) first_.run(files->blob(entry.name));
                }
            }
            first_.run("commit");
        }
    }

    void refresh_views() {
        const Result rows = first_.run(
            "select format('%I.%I', schemaname, matviewname) from pg_matviews where not "
            "ispopulated");
        std::set<std::string> empty;
        for (std::size_t row = 0; row < rows.rows(); ++row) empty.insert(rows.text(row, 0));
        if (empty.empty()) return;
        make_objects(first_, pick(wanted_.schema, [&](const SchemaObject& object) {
                         return refreshes(object) && empty.contains(quoted_name(object));
                     }));
    }

    const Clock& clock_;
    const Wanted& wanted_;
    ConnectionString where_;
    Connections connections_;
    Connection& first_;
    std::map<std::string, StoredTable> stored_;
    std::set<std::string> made_;
    std::vector<Table> tables_;
    IdNode content_;
    std::vector<RowRepair> repairs_;
    RestoreReport report_;
};

}  // namespace

std::optional<RestoreReport> repair(const Settings& settings, const Clock& clock, const Wanted& wanted,
                                    Connection& maintenance) {
    try {
        const auto now = read_database(maintenance, settings.database);
        if (!now || !same_locale(*now, wanted.database)) return std::nullopt;
        Repair repair(settings, clock, wanted);
        if (!repair.run()) return std::nullopt;
        open_to_people(wanted.database, maintenance);
        return repair.report();
    } catch (const Failure& failure) {
        if (of_the_surroundings(failure)) throw;
        return std::nullopt;
    }
}

}  // namespace rehearse::postgresql
