# A PostgreSQL server of a test's own, databases in it, and a workspace whose environment is one of them. What is there is told by
# pg_dump and psql, not by our adapter.
import glob
import os
import pwd
import re
import shutil
import socket
import subprocess
import sys
import tempfile

from shop import Result, skip

PROGRAMS = "/usr/lib/postgresql/15/bin"
ENVIRONMENT = "database-staging"


def program(name):
    return os.path.join(PROGRAMS, name)


class Server:
    """A cluster in a folder of its own on a free loopback port; `with` stops and removes it."""

    def __init__(self, settings=()):
        if len(sys.argv) < 2 or not os.access(sys.argv[1], os.X_OK):
            sys.exit("usage: FILE_test.py PATH-OF-REHEARSE")
        if not os.path.exists(program("initdb")):
            skip("postgresql-15")
        self.settings = settings

    def __enter__(self):
        self.folder = os.path.realpath(tempfile.mkdtemp(prefix="rehearse-database-", dir="/var/tmp"))
        os.chmod(self.folder, 0o755)
        self.data = os.path.join(self.folder, "data")
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        self.environment.update(NO_COLOR="1", HOME=self.folder, PGHOST="127.0.0.1", PGUSER="postgres", PGCLIENTENCODING="UTF8")
        try:
            self.as_postgres = []
            if os.geteuid() == 0:
                user = pwd.getpwnam("postgres")
                os.chown(self.folder, user.pw_uid, user.pw_gid)
                self.as_postgres = ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
            with socket.socket() as one:
                one.bind(("127.0.0.1", 0))
                self.port = str(one.getsockname()[1])
            self.environment["PGPORT"] = self.port
            self.call([*self.as_postgres, program("initdb"), "-D", self.data, "-A", "trust", "-U", "postgres", "-E", "UTF8",
                       "--locale=C.UTF-8", "--no-sync", "--no-instructions"])
            with open(os.path.join(self.data, "postgresql.auto.conf"), "a", encoding="utf-8") as file:
                file.write("\n".join((f"port = {self.port}", "listen_addresses = '127.0.0.1'", f"unix_socket_directories = '{self.folder}'",
                                      "fsync = off", "shared_buffers = 64MB", "wal_level = logical", "max_prepared_transactions = 5",
                                      "lc_messages = 'C'", "client_min_messages = error", *self.settings, "")))
            self.call([*self.as_postgres, program("pg_ctl"), "-D", self.data, "-w", "-s", "-l", os.path.join(self.folder, "log"), "start"])
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        subprocess.run([*self.as_postgres, program("pg_ctl"), "-D", self.data, "-w", "-s", "-m", "immediate", "stop"],
                       cwd="/", capture_output=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def call(self, command, **options):
        done = subprocess.run(command, capture_output=True, text=True, cwd="/", env=self.environment, **options)
        if done.returncode:
            raise RuntimeError(f"{command[0]}: {done.stderr}{done.stdout}")
        return done.stdout

    def sql(self, statement, database="postgres", user="postgres"):
        return self.call([program("psql"), "-X", "-qAt", "-v", "ON_ERROR_STOP=1", "-U", user, "-d", database, "-c", statement])

    def make(self, database, file=None, options="", user="postgres"):
        self.sql(f'create database "{database}" {options}')
        if file:
            self.call([program("psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-v", f"database={database}", "-U", user, "-d", database, "-f", file])

    def drop(self, database):
        self.sql(f'drop database if exists "{database}" with (force)')

    def connection(self, database, user="postgres"):
        return f"host=127.0.0.1 port={self.port} user={user} dbname='{database}'"


# One statement for each thing that holds something, with a line before it that begins with a byte of its own.
SETTINGS = "set search_path = ''; set row_security = off; set bytea_output = hex; set quote_all_identifiers = off; "
READ = SETTINGS + r"""
select format($$select E'\x01' || %L; copy (select %s from only %s) to stdout;$$, c.oid::regclass, (select string_agg(quote_ident(attname), ', '
    order by attname collate "C") from pg_attribute where attrelid = c.oid and attnum > 0 and not attisdropped), c.oid::regclass)
  from pg_class c where relkind = 'r' and relpersistence <> 't' and relnamespace::regnamespace::text !~ '^pg_|^information_schema$'
union all select format($$select E'\x01' || %L; select last_value, is_called from %s;$$, oid::regclass, oid::regclass)
  from pg_class where relkind = 'S' and relpersistence <> 't'
union all values ($$select E'\x01large objects'; select m.oid, lomowner::regrole, lomacl, obj_description(m.oid, 'pg_largeobject'),
  md5(lo_get(m.oid)) from pg_largeobject_metadata m;$$),
  ($$select E'\x01materialised views'; select schemaname, matviewname, ispopulated from pg_matviews;$$);
"""


class Seen:
    """Everything that pg_dump and psql tell of a database: its schema as it is dumped, and what is in it, line by line."""

    def __init__(self, server, database):
        self.schema = dump(server, database)
        psql = [program("psql"), "-X", "-qAt", "-v", "ON_ERROR_STOP=1", "-d", database]
        statements = server.call(psql, input=READ)
        said = server.call(psql, input=SETTINGS + statements)
        self.content = sorted(f"{name}: {row}" for name, rows in (part.split("\n", 1) for part in said.split("\x01")[1:])
                              for row in rows.split("\n"))


def dump(server, database):
    """The schema, with the database's own properties and rights; its settings sorted, since their order says nothing."""
    text = server.call([program("pg_dump"), "--schema-only", "--create", "--restrict-key=x", "-d", database])
    of_database = re.compile(r"(?:ALTER (?:DATABASE|ROLE \S+ IN DATABASE) .* SET .*\n)+")
    return of_database.sub(lambda block: "".join(sorted(block.group().splitlines(True))), text)


def next_generation(server, database, schema):
    """How the same schema is dumped once it was restored, by psql alone: PostgreSQL words some expressions anew."""
    quoted = '"' + database.replace('"', '""') + '"'
    server.sql(f'alter database {quoted} rename to "rehearse test kept"')
    try:
        try:
            server.call([program("psql"), "-X", "-q", "-d", "postgres"], input=schema)
            return dump(server, database)
        finally:
            server.drop(database)
    finally:
        server.sql(f'alter database "rehearse test kept" rename to {quoted}')


class Workspace:
    """One environment with the database as its resource `data`."""

    def __init__(self, server, database, user="postgres", restore_user="postgres", options=""):
        self.binary = os.path.abspath(sys.argv[1])
        self.server, self.database = server, database
        self.folder = tempfile.mkdtemp(prefix="workspace-", dir=server.folder)
        self.rehearse("init", self.folder)
        for path in glob.glob(os.path.join(self.folder, "environments/*.yaml")) + glob.glob(os.path.join(self.folder, "playbooks/*.yaml")):
            os.unlink(path)
        self.write(f"environments/{ENVIRONMENT}.yaml", f"""environment: {ENVIRONMENT}
class: staging
resources:
  data:
    adapter: postgresql
    connection: "{server.connection(database, user)}"
    restore_connection: "{server.connection('postgres', restore_user)}"
{options}probes:
  there: {{ sql: {{ resource: data, query: "select 1" }}, expect: {{ equals: 1 }} }}
""")

    def write(self, name, text):
        with open(os.path.join(self.folder, name), "w", encoding="utf-8") as file:
            file.write(text)

    def playbook(self, name, destroy, more="", steady="there"):
        self.write(f"playbooks/{name}.yaml", f"""playbook: {name}
title: The database is broken
kind: disaster
environment: {ENVIRONMENT}
targets: {{ rto: "15m", rpo: "15m" }}
steady_state: [{steady}]
destroy:
  - {{ resource: data{destroy} }}
verify: {{ fidelity: exact, steady_state: {{ consecutive: 1, within: 30s }} }}
guard: {{ max_items: 100000, max_share: "100%", snapshot_max_age: "10m" }}
{more}""")

    def rehearse(self, *arguments):
        done = subprocess.run([self.binary, *arguments], capture_output=True, text=True, errors="replace", cwd=self.folder,
                              timeout=300, env=self.server.environment)
        return Result(arguments, done.returncode, done.stdout, done.stderr)

    def drill(self, destroy="", *arguments, **playbook):
        """One drill with a destroy step of its own: what is said of it beside the resource."""
        self.playbook("broken", destroy, **playbook)
        return self.rehearse("run", "broken", "--yes", "--output", "json", *arguments)
