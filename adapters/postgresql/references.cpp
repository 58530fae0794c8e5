// A partitioned table's keys are copied to its partitions, on both sides: leaves and roots are asked for.
#include "adapters/postgresql/references.h"

#include <algorithm>
#include <map>
#include <set>

namespace rehearse::postgresql {

Reach reach_by_foreign_keys(Connection& connection, const std::vector<TableItem>& items,
                            Operation operation) {
    Reach reach;
    // A truncation is refused by any reference; a deletion goes on where the reference says so.
    const bool truncates = operation == Operation::truncate;
    const std::string which = truncates ? "" : " and k.confdeltype in ('c', 'n', 'd')";
    std::set<std::string> reached = oids_of(items);
    for (bool grew = true; grew;) {
        grew = false;
        const Result rows = connection.run(
            "select distinct l.oid, format('%I.%I', n.nspname, l.relname), format('rows of %s (foreign key "
            "%I)', "
            "l.oid::regclass, k.conname) from pg_constraint k cross join lateral (select k.conrelid as oid "
            "union "
            "select relid from pg_partition_tree(k.conrelid)) t join pg_class l on l.oid = t.oid and "
            "l.relkind = "
            "'r' join pg_namespace n on n.oid = l.relnamespace where k.contype = 'f' and k.confrelid = any "
            "(" +
            oid_array(reached) + ") and not l.oid = any (" + oid_array(reached) + ")" + which +
            " order by 2, 3");
        for (std::size_t row = 0; row < rows.rows(); ++row) {
            const std::string name = rows.text(row, 1);
            if (!reached.insert(rows.text(row, 0)).second) continue;
            if (connection.run("select from only " + name + " limit 1").rows() > 0) {
                reach.forbidden.push_back(rows.text(row, 2));
            } else if (truncates) {
                reach.empty.push_back(name);
                grew = true;  // what refers to it goes along, too
            }
        }
    }
    return reach;
}

void put_dependents_first(Connection& connection, std::vector<TableItem>& items) {
    const Result rows = connection.run(
        "select distinct coalesce(pg_partition_root(conrelid), conrelid)::oid, "
        "coalesce(pg_partition_root(confrelid), confrelid)::oid from pg_constraint where contype = 'f'");
    std::map<std::string, std::set<std::string>> referring;  // to a table: which others do
    for (std::size_t row = 0; row < rows.rows(); ++row) {
        if (rows.text(row, 0) != rows.text(row, 1)) referring[rows.text(row, 1)].insert(rows.text(row, 0));
    }
    std::vector<TableItem> ordered;
    while (!items.empty()) {
        std::set<std::string> left;
        for (const TableItem& item : items) left.insert(item.root);
        auto next = std::find_if(items.begin(), items.end(), [&](const TableItem& item) {
            const std::set<std::string>& others = referring[item.root];
            return std::none_of(others.begin(), others.end(),
                                [&](const std::string& other) { return left.contains(other); });
        });
        if (next == items.end()) next = items.begin();
        ordered.push_back(std::move(*next));
        items.erase(next);
    }
    items = std::move(ordered);
}

std::vector<std::string> undeletable(Connection& connection, const std::vector<TableItem>& items) {
    if (items.empty()) return {};
    return first_column(connection.run(
        "select distinct format('PostgreSQL would not delete rows of %s: publication %I publishes deletes, "
        "and the table has no replica identity; give it a primary key, or drop the publication here', "
        "c.oid::regclass, p.pubname) from pg_publication p cross join lateral "
        "pg_get_publication_tables(p.pubname) t join pg_class c on c.oid = t.relid or "
        "pg_partition_root(c.oid) = t.relid where p.pubdelete and c.oid = any (" +
        oid_array(oids_of(items)) +
        ") and (c.relreplident = 'n' or c.relreplident = 'd' and not exists (select from pg_index x where "
        "x.indrelid "
        "= c.oid and x.indisprimary)) order by 1"));
}

}  // namespace rehearse::postgresql
