# A database captured and restored, against pg_dump and pg_restore of the same server and the same database.
import os
import re
import subprocess

from bench import REPO, Table, Workspace, paired, say, scratch, timed

BIN = "/usr/lib/postgresql/15/bin"
UUID_ROWS = 2_000_000


class Server:
    """The cluster of a small staging shop: a server of our own on a free port, with two roles that are no superusers."""

    def __init__(self, folder):
        self.folder = os.path.join(folder, "shop")

    def __enter__(self):
        made = timed([f"{REPO}/scripts/shop/start", "--rows", "500", "--files", "20", self.folder])
        self.settings = dict(re.findall(r"^(\w+)='(.*)'$", made.out, re.MULTILINE))
        return self

    def __exit__(self, *_):
        subprocess.run([f"{REPO}/scripts/shop/stop", self.folder], check=True, capture_output=True)

    def admin(self, database):
        return f"host={self.settings['SHOP_PG_SOCKET']} port={self.settings['SHOP_PG_PORT']} user=postgres dbname={database}"

    def tool(self, name, *arguments):
        return timed(["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", f"{BIN}/{name}", *arguments], cwd="/")

    def sql(self, database, text):
        return self.tool("psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", self.admin(database), "-c", text)

    def connection(self, name, database):
        return re.sub(r"dbname=\w+", f"dbname={database}", self.settings[name])


def fill_pgbench(server, database):
    timed([f"{BIN}/pgbench", "-i", "-q", "-s", "20", server.connection("SHOP_CONNECTION", database)])


def fill_uuid(server, database):
    server.sql(database, f"create table sample (id uuid primary key, name text, amount numeric, at timestamptz); "
               f"insert into sample select gen_random_uuid(), 'name ' || n, n * 1.1, now() from generate_series(1, {UUID_ROWS}) n; "
               "alter table sample owner to shop")


def measure(binary, rounds, table, server, folder, what, fill):
    database = what.split()[0]  # one each: a marker is tied to the database's name
    say(what)
    server.sql("postgres", f"create database {database} owner shop")
    fill(server, database)
    server.sql(database, "vacuum analyze")
    resources = ("  bench:\n    adapter: postgresql\n"
                 f"    connection: \"{server.connection('SHOP_CONNECTION', database)}\"\n"
                 f"    restore_connection: \"{server.connection('SHOP_RESTORE_CONNECTION', 'postgres')}\"\n")
    place = os.path.join(folder, database)
    workspace = Workspace(binary, place, resources, enrolled=False)
    dump = os.path.join(server.settings["SHOP_PG_SOCKET"], "bench.dump")  # a folder that the server's user may write to
    peaks = []

    def snapshot():
        figures = workspace.first_snapshot()
        peaks.append(figures.peak)
        return figures.wall

    def dumped():
        return timed([f"{BIN}/pg_dump", "-Fc", "-Z1", "-f", dump, "-d", server.connection("SHOP_CONNECTION", database)]).wall

    def restored():
        server.sql("postgres", "drop database if exists copy with (force)")
        created = server.sql("postgres", "create database copy").wall
        return created + server.tool("pg_restore", "-j", "2", "-d", server.admin("copy"), dump).wall

    figures = paired(rounds, ours=snapshot, peer=dumped)
    table.compare(f"{what}: capture, against `pg_dump -Fc -Z1`", figures["ours"], figures["peer"], 1.5)
    table.row(f"{what}: peak memory of the capture", f"{max(peaks):.0f} MiB", "", f"{max(peaks):.0f} MiB", "256 MiB", max(peaks) < 256)
    workspace = Workspace(binary, place + "-drill", resources, drop="destroy: [{ resource: bench }]\n")
    figures = paired(rounds, ours=lambda: workspace.drill("drop")[1]["resources"][0]["restore_ms"] / 1000, peer=restored)
    table.compare(f"{what}: restore, against `pg_restore -j 2`", figures["ours"], figures["peer"], 1.0)


def run(binary, rounds):
    table = Table("PostgreSQL", f"scripts/bench postgresql --rounds {rounds}", [
        "Capture: the whole command `rehearse snapshot`, into an empty store, fsynced, with the scratch restore of the schema; `pg_dump` writes "
        "one file over the same connection and syncs it. Restore: the dropped database, as the drill measured it; `pg_restore` fills a database that was made for it."])
    with scratch() as folder, Server(folder) as server:
        measure(binary, rounds, table, server, folder, "pgbench scale 20", fill_pgbench)
        measure(binary, rounds, table, server, folder, f"uuid key, {UUID_ROWS:,} rows", fill_uuid)
    return table
