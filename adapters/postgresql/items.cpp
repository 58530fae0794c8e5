// Dependencies are followed as DROP ... CASCADE follows them, but without locking anything.
#include "adapters/postgresql/items.h"

#include <algorithm>
#include <cstdio>
#include <set>

#include "adapters/postgresql/references.h"

namespace rehearse::postgresql {

namespace {

std::string printable(const std::string& name) {
    std::string out;
    for (const char c : name) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte >= 0x20 && byte != 0x7F) {
            out += c;
            continue;
        }
        char escaped[8];
        std::snprintf(escaped, sizeof escaped, "\\x%02X", byte);
        out += escaped;
    }
    return out;
}

/// '*' any but a dot, '**' anything, '?' one but a dot. All ways through the pattern at once, so that no
/// number of stars takes longer than the pattern's length times the name's.
bool matches(std::string_view pattern, std::string_view name) {
    struct Piece {
        enum { letter, one, within_dots, anything } kind = letter;
        char c = 0;
    };
    std::vector<Piece> pieces;
    for (std::size_t at = 0; at < pattern.size(); ++at) {
        const bool twice = pattern.substr(at).starts_with("**");
        if (pattern[at] == '*') pieces.push_back({twice ? Piece::anything : Piece::within_dots});
        if (pattern[at] == '?') pieces.push_back({Piece::one});
        if (pattern[at] != '*' && pattern[at] != '?') pieces.push_back({Piece::letter, pattern[at]});
        if (twice) ++at;
    }
    std::vector<bool> here(pieces.size() + 1), after(pieces.size() + 1);
    const auto reach = [&](std::vector<bool>& reached, std::size_t at) {
        reached[at] = true;
        // A star may stand for nothing.
        while (at < pieces.size() && pieces[at].kind >= Piece::within_dots) reached[++at] = true;
    };
    reach(here, 0);
    for (const char c : name) {
        after.assign(after.size(), false);
        for (std::size_t at = 0; at < pieces.size(); ++at) {
            if (!here[at]) continue;
            const Piece& piece = pieces[at];
            if (piece.kind == Piece::letter ? piece.c == c : piece.kind == Piece::one && c != '.')
                reach(after, at + 1);
            if (piece.kind == Piece::anything || (piece.kind == Piece::within_dots && c != '.'))
                reach(after, at);
        }
        here.swap(after);
    }
    return here[pieces.size()];
}

std::string unquoted(const std::string& name) {
    std::string out;
    bool quoted = false;
    for (std::size_t at = 0; at < name.size(); ++at) {
        if (name[at] != '"') {
            out += name[at];
        } else if (quoted && at + 1 < name.size() && name[at + 1] == '"') {
            out += name[at++];
        } else {
            quoted = !quoted;
        }
    }
    return out;
}

bool selects(const std::string& pattern, const TableItem& item) {
    if (pattern == item.name) return true;
    const bool bare = pattern.find('.') == std::string::npos && pattern != "**";
    const std::string full = bare ? "public." + pattern : pattern;
    return matches(full, item.name) || matches(full, unquoted(item.name));
}

[[noreturn]] void wrong(const std::string& message, const std::string& remedy) {
    throw Failure({.kind = FailureKind::invalid_input,
                   .operation = "destroy",
                   .object = "options",
                   .message = message,
                   .remedy = remedy});
}

Reach reach_of_drop(Connection& connection, const std::vector<TableItem>& items) {
    Reach reach;
    const Result rows = connection.run(
        "with recursive gone(classid, objid, objsubid) as (select 'pg_class'::regclass::oid, unnest(" +
        oid_array(oids_of(items)) +
        "), 0 union select * from (with g as (select * from gone) select d.classid, d.objid, "
        "d.objsubid from pg_depend d join g on d.refclassid = g.classid and d.refobjid = g.objid and "
        "(g.objsubid = 0 "
        "or g.objsubid = d.refobjsubid) where d.deptype in ('n', 'a', 'i', 'P', 'S') union all select "
        "d.refclassid, "
        "d.refobjid, d.refobjsubid from pg_depend d join g on d.classid = g.classid and d.objid = g.objid "
        "and "
        "g.objsubid = 0 where d.deptype = 'i' and d.refobjsubid = 0) step) "
        "select distinct o.type, o.identity, coalesce(c.relkind in ('r', 'p', 'f') and g.classid = "
        "'pg_class'::regclass, false) from gone g cross join lateral pg_identify_object(g.classid, g.objid, "
        "g.objsubid) o left join pg_class c on g.classid = 'pg_class'::regclass and c.oid = g.objid "
        "left join pg_constraint k on g.classid = 'pg_constraint'::regclass and k.oid = g.objid "
        "left join pg_attrdef f on g.classid = 'pg_attrdef'::regclass and f.oid = g.objid "
        "left join pg_trigger t on g.classid = 'pg_trigger'::regclass and t.oid = g.objid "
        "left join pg_policy p on g.classid = 'pg_policy'::regclass and p.oid = g.objid "
        "left join pg_index x on g.classid = 'pg_class'::regclass and x.indexrelid = g.objid "
        "where o.type in ('table', 'foreign table', 'table column', 'view', 'materialized view', 'table "
        "constraint', "
        "'function', 'procedure', 'aggregate', 'trigger', 'policy', 'default value', 'type', 'domain "
        "constraint', "
        "'sequence', 'publication relation') and not (g.classid = 'pg_class'::regclass and g.objid = any (" +
        oid_array(oids_of(items)) + ")) and not coalesce(k.conrelid = any (" + oid_array(oids_of(items)) +
        "), false) and not coalesce("
        "f.adrelid = any (" +
        oid_array(oids_of(items)) + "), false) and not coalesce(t.tgrelid = any (" +
        oid_array(oids_of(items)) + ") or t.tgisinternal, false) and not coalesce(p.polrelid = any (" +
        oid_array(oids_of(items)) +
        "), false) and not (o.type "
        "in ('type', 'sequence', 'publication relation')) order by 1, 2");
    for (std::size_t row = 0; row < rows.rows(); ++row) {
        const std::string text = rows.text(row, 0) + " " + rows.text(row, 1);
        (rows.flag(row, 2) ? reach.forbidden : reach.restorable).push_back(text);
    }
    return reach;
}

}  // namespace

Operation operation_of(const json::object& options) {
    const std::string operation = text_or(options, "operation", "drop");
    const std::string where = text_or(options, "where", "");
    if (operation == "delete") {
        if (where.empty())
            wrong("operation 'delete' wants a condition", "add where: \"...\", or use truncate");
        return Operation::remove;
    }
    if (!where.empty())
        wrong("'where' goes with operation 'delete' only", "write operation: delete, or leave it out");
    if (operation == "truncate") return Operation::truncate;
    if (operation != "drop") wrong("unknown operation '" + operation + "'", "use drop, truncate or delete");
    return Operation::drop;
}

std::string oid_array(const std::set<std::string>& oids) {
    std::string list;
    for (const std::string& oid : oids) list += (list.empty() ? "" : ", ") + oid;
    return "array[" + list + "]::oid[]";
}

std::set<std::string> oids_of(const std::vector<TableItem>& items) {
    std::set<std::string> oids;
    for (const TableItem& item : items) oids.insert(item.oid);
    return oids;
}

std::vector<TableItem> table_items(Connection& connection) {
    const Result rows = connection.run(
        "select c.oid, format('%I.%I', n.nspname, c.relname), coalesce(pg_partition_root(c.oid), "
        "c.oid)::oid, "
        "c.relkind = 'p', coalesce(pg_total_relation_size(c.oid), 0), c.reltuples::int8, (select "
        "string_agg(concat(',', relid::oid, ','), '') from pg_partition_ancestors(c.oid)) from pg_class c "
        "join "
        "pg_namespace n on n.oid = c.relnamespace where c.relkind in ('r', 'p') and c.relpersistence <> 't' "
        "and "
        "n.nspname !~ '^pg_' and n.nspname <> 'information_schema'");
    std::vector<TableItem> items;
    for (std::size_t row = 0; row < rows.rows(); ++row) {
        items.push_back({.oid = rows.text(row, 0),
                         .name = printable(rows.text(row, 1)),
                         .quoted = rows.text(row, 1),
                         .root = rows.text(row, 2),
                         .above = rows.text(row, 6),
                         .partitioned = rows.flag(row, 3),
                         .bytes = rows.number(row, 4),
                         .estimated_rows = std::stoll(rows.text(row, 5))});
    }
    std::sort(items.begin(), items.end(),
              [](const TableItem& a, const TableItem& b) { return a.name < b.name; });
    return items;
}

std::vector<TableItem> select_items(const std::vector<TableItem>& all,
                                    const std::vector<std::string>& patterns,
                                    std::vector<std::string>& unmatched) {
    if (patterns.empty()) return all;
    std::set<std::string> chosen;
    std::set<std::string> whole;  // with their partitions
    for (const std::string& pattern : patterns) {
        bool any = false;
        for (const TableItem& item : all) {
            if (!selects(pattern, item)) continue;
            any = true;
            chosen.insert(item.oid);
            if (item.partitioned) whole.insert("," + item.oid + ",");
        }
        if (!any) unmatched.push_back(pattern);
    }
    std::vector<TableItem> items;
    std::copy_if(all.begin(), all.end(), std::back_inserter(items), [&](const TableItem& item) {
        return chosen.contains(item.oid) ||
               std::any_of(whole.begin(), whole.end(), [&](const std::string& table) {
                   return item.above.find(table) != std::string::npos;
               });
    });
    return items;
}

Reach reach_of(Connection& connection, const std::vector<TableItem>& items, Operation operation) {
    if (items.empty()) return {};
    return operation == Operation::drop ? reach_of_drop(connection, items)
                                        : reach_by_foreign_keys(connection, items, operation);
}

}  // namespace rehearse::postgresql
