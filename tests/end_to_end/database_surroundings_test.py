# What stands around a database: roles that may little, slots, prepared transactions, table spaces, limits, triggers that forbid, and
# a neighbour who writes. A drill passes, or it is refused before anything is broken.
import os
import subprocess
import sys

from database import Seen, Server, Workspace
from shop import conclude, promise, section

ENROLL = ("enroll", "database-staging")


def failed(done):
    return [result for result in done.document.get("interlocks", []) if not result["passed"]]


class Case:
    """A database and what it must be again."""

    def __init__(self, server, name, sql="", **workspace):
        self.server, self.name = server, name
        if sql is not None:
            server.make(name)
            server.sql(sql or "create table t (id int primary key, v text); insert into t select i, 'v' || i from generate_series(1, 500) i", name)
        self.workspace = Workspace(server, name, **workspace)
        done = self.workspace.rehearse(*ENROLL)
        promise(f"{name}: enrolled", done.code == 0, done)
        self.before = Seen(server, name)

    def unchanged(self):
        now = Seen(self.server, self.name)
        lost = sorted(set(now.content) ^ set(self.before.content)) + sorted(set(now.schema.split("\n")) ^ set(self.before.schema.split("\n")))
        return promise("  and everything is there", not lost and now.content == self.before.content, "\n".join(lost[:20]))

    def passes(self, what, step="", *arguments):
        done = self.workspace.drill(step, *arguments)
        promise(f"{self.name}: {what}: recovered", done.code == 0 and done.document.get("verdict") == "recovered", done)
        self.unchanged()

    def refused(self, what, reason, step="", interlock=None):
        done = self.workspace.drill(step)
        text = " ".join(result["reason"] for result in failed(done))
        promise(f"{self.name}: {what}: refused", done.code == 3 and reason in text, done)
        if interlock:
            promise(f"  by the interlock {interlock}", interlock in [result["interlock"] for result in failed(done)], failed(done))
        self.unchanged()

    def warned(self, what, warning, step):
        """What PostgreSQL itself turns down in the middle: the plan said that it may, and nothing is lost."""
        self.workspace.playbook("warned", step)
        done = self.workspace.rehearse("plan", "warned")
        promise(f"{self.name}: {what}: the plan warns", warning in done.out, done)
        done = self.workspace.drill(step)
        promise("  the drill ends aborted", done.code == 1 and done.document.get("verdict") == "aborted", done)
        self.unchanged()


def modest(server):
    """The two roles of the README: neither is a superuser."""
    server.sql("create database modest owner shop")
    server.sql("create schema app; create type app.mood as enum ('a', 'b'); create table app.t (id serial primary key, m app.mood, at timestamptz "
               "default now()); create table app.u (id int primary key references app.t, v text, w text generated always as (lower(v)) stored); "
               "insert into app.t (m) select 'a' from generate_series(1, 100); insert into app.u select i, 'V' || i from generate_series(1, 50) i; "
               "create view app.w as select * from app.u; create function app.f() returns trigger language plpgsql as $$ begin return new; end $$; "
               "create trigger f before insert on app.t for each row execute function app.f(); alter table app.t enable row level security; "
               "create policy all_of_it on app.t using (true); create table p (a int) partition by list (a); create table p1 partition of p for values "
               "in (1); insert into p values (1); select lo_from_bytea(0, 'x'); comment on table p is 'p'; create materialized view mv as select "
               "count(*) from app.t; create statistics s on id, m from app.t; create extension citext; create extension hstore; alter default "
               "privileges grant select on tables to public; create publication pub for table app.t", "modest", user="shop")
    case = Case(server, "modest", sql=None, user="shop", restore_user="shop_restore")
    for what, step in {"drop database": "", "drop tables": ', items: ["**"]', "drop one": ", items: [app.u]",
                       "truncate": ", operation: truncate", "delete": ', operation: delete, where: "true", items: [app.u, p]'}.items():
        case.passes(what, step)


def pinned(server):
    """Slots and prepared transactions that hold on to the database."""
    case = Case(server, "pinned")
    server.sql("select pg_create_logical_replication_slot('watcher', 'test_decoding')", "pinned")
    case.refused("a logical slot, drop database", "logical replication slot watcher would be lost")
    case.passes("a logical slot, drop tables", ', items: ["**"]')
    server.sql("select pg_drop_replication_slot('watcher')", "pinned")
    server.sql("begin; insert into t values (1000, 'later'); prepare transaction 'later'", "pinned")
    case.refused("a prepared transaction, drop database", "prepared transaction later is open")
    case.refused("a prepared transaction that has written, truncate", "prepared transaction", ", operation: truncate")
    case.refused("a prepared transaction that has written, drop a table", "prepared transaction", ", items: [t]")
    server.sql("rollback prepared 'later'", "pinned")
    server.sql("select pg_create_physical_replication_slot('copy')")
    case.passes("a physical slot of the cluster")
    server.sql("select pg_drop_replication_slot('copy')")


def spaces(server):
    """Tables, indexes and the database itself in table spaces."""
    for name in "fast", "slow":
        folder = os.path.join(server.folder, name)
        os.mkdir(folder)
        if server.as_postgres:
            subprocess.run(["chown", "postgres", folder], check=True)
        server.sql(f"create tablespace {name} location '{folder}'")
    server.sql("create database spaces tablespace slow")
    server.sql("create table t (id int primary key using index tablespace fast, v text) tablespace fast; create table u (id int) tablespace pg_default; "
               "create table p (a int) partition by list (a) tablespace fast; create table p1 partition of p for values in (1); "
               "create materialized view m tablespace fast as select 1 as a; insert into t select i, 'v' from generate_series(1, 100) i; "
               "insert into u values (1); insert into p values (1)", "spaces")
    case = Case(server, "spaces", sql=None)
    for what, step in {"drop database": "", "drop tables": ', items: ["**"]', "truncate": ", operation: truncate"}.items():
        case.passes(what, step)
    promise("  in the table space that it was in", server.sql("select spcname from pg_database d join pg_tablespace s on s.oid = dattablespace where "
                                                            "datname = 'spaces'").strip() == "slow")


def limits(server):
    """A database that lets few in, and a role that may have few sessions."""
    case = Case(server, "limits")
    server.sql("alter database limits connection limit 1")
    case.before = Seen(server, "limits")
    case.passes("a limit of one, as superuser")
    server.sql("create database limited owner shop")
    server.sql("create table t (id int primary key); insert into t select generate_series(1, 100)", "limited", user="shop")
    case = Case(server, "limited", sql=None, user="shop", restore_user="shop_restore")
    for limit in "role shop", "role shop_restore", "database limited":
        server.sql(f"alter {limit} connection limit 3")
        case.before = Seen(server, "limited")
        case.refused(f"{limit} with three sessions", "lets in only 3 sessions at once")
        server.sql(f"alter {limit} connection limit 10")
    case.before = Seen(server, "limited")
    case.passes("ten sessions")
    case.passes("ten sessions, tables", ', items: ["**"]')
    server.sql("alter role shop connection limit -1; alter role shop_restore connection limit -1")


def forbidding(server):
    """Triggers of the owner's that forbid what the drill wants to do."""
    case = Case(server, "forbidding", "create table kept (id int primary key); create table free (id int primary key); insert into kept select "
                "generate_series(1, 20); insert into free select generate_series(1, 20); create function never() returns trigger language plpgsql as "
                "$$ begin raise exception 'never delete from %', tg_table_name; end $$; create trigger never_truncate before truncate on kept "
                "execute function never(); create trigger never_delete before delete on kept for each row execute function never(); create function "
                "no_drops() returns event_trigger language plpgsql as $$ begin if exists (select from pg_event_trigger_dropped_objects() where "
                "object_name = 'kept') then raise exception 'kept is kept'; end if; end $$; create event trigger no_drops on sql_drop execute function "
                "no_drops()")
    case.warned("truncate", "trigger never_truncate of kept runs when it is truncated", ", operation: truncate")
    case.warned("delete", "trigger never_delete of kept runs when rows are deleted", ', operation: delete, where: "id < 5"')
    case.warned("drop the table", "event trigger no_drops runs when tables are dropped", ", items: [kept]")
    case.passes("another table, truncate", ", operation: truncate, items: [free]")
    case.passes("another table, drop", ", items: [free]")
    case.passes("drop database")
    case = Case(server, "swallowing", "create table kept (id int primary key); insert into kept select generate_series(1, 20); create function skip() "
                "returns trigger language plpgsql as $$ begin return null; end $$; create trigger skip before delete on kept for each row execute "
                "function skip(); create table ruled (id int primary key); insert into ruled select generate_series(1, 20); create rule keeps as on "
                "delete to ruled do instead nothing")
    case.warned("rows that stay after a delete", "trigger skip of kept runs when rows are deleted", ', operation: delete, where: "true", items: [kept]')
    case.refused("rows that a rule keeps", "rule keeps of ruled replaces deletions", ', operation: delete, where: "true", items: [ruled]')
    case.passes("truncate", ", operation: truncate")


def neighbour(server):
    """Somebody writes between the snapshot and the destruction: the steady state is asked there, and its probe is he."""
    for what, write in {"inserts": "insert into t values (1000)", "makes a table": "create table late (a int)"}.items():
        name = "neighbour of " + what
        case = Case(server, name, "create table t (id int primary key); insert into t select generate_series(1, 50); create sequence s")
        armed, script = os.path.join(case.workspace.folder, "armed"), os.path.join(case.workspace.folder, "neighbour")
        with open(script, "w", encoding="utf-8") as file:
            file.write(f'[ -e "{armed}" ] || exit 0; rm "{armed}"\nexec /usr/lib/postgresql/15/bin/psql -X -q -d "{name}" -c "{write}"\n')
        environment = os.path.join(case.workspace.folder, "environments/database-staging.yaml")
        with open(environment, "a", encoding="utf-8") as file:
            file.write(f'  neighbour: {{ command: [sh, "{script}"] }}\n')
        for step, kind in {"": "the database", ", items: [t]": "a table"}.items():
            case.before = None
            with open(armed, "w", encoding="utf-8"):
                pass
            done = case.workspace.drill(step, steady="there, neighbour")
            names = [result["interlock"] for result in failed(done)]
            promise(f"a neighbour who {what} after the snapshot of {kind}: refused", done.code == 3 and names == ["unchanged"], done)
            promise("  nothing was destroyed", not [one for one in done.document["steps"] if one["stage"] in ("destroy", "restore")], done)
            if what == "makes a table":
                server.sql("drop table late", name)
            elif what == "inserts":
                server.sql("delete from t where id = 1000", name)
        case.before = Seen(server, name)
        case.passes("the next drill")


def large(server):
    """200 MB that is stored out of line, in rows of 1 to 40 MB."""
    case = Case(server, "large", "create table t (id int primary key, v bytea); alter table t alter v set storage external; insert into t select i, "
                "decode(repeat(md5(i::text), 32768 * (1 + i)), 'hex') from generate_series(1, 19) i; insert into t select 100, "
                "decode(repeat(md5('x'), 32768 * 80), 'hex')")
    promise("  it is large", int(server.sql("select pg_total_relation_size('t')", "large")) > 150_000_000)
    for what, step in {"drop database": "", "delete": ', operation: delete, where: "id % 2 = 0"'}.items():
        case.passes(what, step)


with Server() as one:
    one.sql("create role shop login; create role shop_restore login createdb in role shop; grant create on database postgres to shop_restore")
    for work in (modest, pinned, spaces, limits, forbidding, neighbour, large):
        if len(sys.argv) < 3 or work.__name__ in sys.argv[2:]:
            section(work, one)
conclude()
