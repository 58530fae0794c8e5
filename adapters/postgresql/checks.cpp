// Which constraints these are is in their expression trees: functions that are not immutable, or that
// somebody wrote (one that calls itself immutable may read a table all the same).
#include "adapters/postgresql/checks.h"

#include "adapters/postgresql/session.h"

namespace rehearse::postgresql {

namespace {

constexpr std::string_view looks_beyond =
    "c.contype = 'c' and c.connamespace::regnamespace::text !~ '^pg_|^information_schema$' and "
    "(c.conbin::text like "
    "'%{SQLVALUEFUNCTION %' or exists (select from regexp_matches(c.conbin::text, ':(?:op)?funcid (\\d+)', "
    "'g') f join "
    "pg_catalog.pg_proc p on p.oid = f[1]::oid where p.provolatile <> 'i' or p.oid >= 16384 and not exists "
    "(select from "
    "pg_catalog.pg_depend d where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e')))";

struct Check {
    std::string drop, add, comment;
};

/// Those that are not inherited, or no longer are.
std::vector<Check> droppable(Connection& connection) {
    const Result rows = connection.run(
        "select format('%s DROP CONSTRAINT %I', w.what, c.conname), format('%s ADD CONSTRAINT %I %s', "
        "w.what, c.conname, "
        "pg_get_constraintdef(c.oid)), coalesce(format('COMMENT ON CONSTRAINT %I ON %s IS %L', c.conname, "
        "w.object, "
        "obj_description(c.oid, 'pg_constraint')), ''), obj_description(c.oid, 'pg_constraint') is null from "
        "pg_catalog.pg_constraint c cross join lateral (select case when c.conrelid <> 0 then format('ALTER "
        "TABLE %s', "
        "c.conrelid::regclass) else format('ALTER DOMAIN %s', c.contypid::regtype) end as what, case when "
        "c.conrelid <> 0 "
        "then c.conrelid::regclass::text else format('DOMAIN %s', c.contypid::regtype) end as object) w "
        "where c.coninhcount "
        "= 0 and " +
        std::string(looks_beyond) + " order by 1");
    std::vector<Check> out;
    for (std::size_t row = 0; row < rows.rows(); ++row)
        out.push_back({rows.text(row, 0), rows.text(row, 1), rows.flag(row, 3) ? "" : rows.text(row, 2)});
    return out;
}

}  // namespace

std::vector<std::string> postpone_checks(Connection& connection) {
    std::vector<std::string> statements;
    // A constraint that a child has of its own is no longer inherited once its parent's is gone.
    for (auto checks = droppable(connection); !checks.empty(); checks = droppable(connection)) {
        for (const Check& check : checks) {
            connection.run(check.drop);
            statements.push_back(check.add);
            if (!check.comment.empty()) statements.push_back(check.comment);
        }
    }
    return statements;
}

void make_checks(Connection& connection, const std::vector<std::string>& statements, Problems& problems) {
    for (const std::string& statement : statements) {
        try {
            with_usual_path(connection, [&] { connection.run(statement); });
        } catch (const Failure& failure) {
            if (!problems.take(failure)) throw;
            if (!statement.ends_with(" NOT VALID"))
                static_cast<void>(connection.try_run(statement + " NOT VALID"));
        }
    }
}

std::vector<std::string> broken_checks(Connection& connection) {
    const Result rows = connection.run(
        "select format('select from only %s where not (%s) limit 1', c.conrelid::regclass, "
        "pg_get_expr(c.conbin, "
        "c.conrelid)), format('constraint %I of %s', c.conname, c.conrelid::regclass) from "
        "pg_catalog.pg_constraint c join "
        "pg_catalog.pg_class t on t.oid = c.conrelid where t.relkind = 'r' and c.convalidated and " +
        std::string(looks_beyond) + " order by 2");
    std::vector<std::string> out;
    for (std::size_t row = 0; row < rows.rows(); ++row) {
        try {
            if (connection.run(rows.text(row, 0)).rows() == 0) continue;
        } catch (const Failure&) {
            continue;  // a function that this role may not call, or that writes: the rows' own load will tell
        }
        out.push_back(rows.text(row, 1) +
                      " does not hold for rows that are there (it looks at the time, a setting or other "
                      "rows), so PostgreSQL "
                      "would not take them back: mend the rows, or make it NOT VALID");
    }
    return out;
}

}  // namespace rehearse::postgresql
