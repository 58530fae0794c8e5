# Databases that nobody made with us in mind: each file in databases/ is one, with oddities of PostgreSQL. Each is broken in every
# way, by whole drills, and afterwards asked by pg_dump and psql. What a drill may refuse is written here; refused is not passed.
import difflib
import glob
import json
import os
import sys
import time

from database import Seen, Server, Workspace, next_generation
from shop import conclude, promise, section

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "databases")
WAYS = {"drop database": "", "drop all tables": ', items: ["**"]', "truncate": ", operation: truncate",
        "delete": ', operation: delete, where: "true"'}


ANY = "whatever the guard says"


class Database:
    """One of the files as a database, enrolled; what it must be again after each drill."""

    def __init__(self, server, name):
        self.server, self.name = server, name
        server.make(name, os.path.join(HERE, name + ".sql"))
        self.before = Seen(server, name)
        self.later = next_generation(server, name, self.before.schema)
        self.workspace = Workspace(server, name)

    def equals(self):
        """True, or the difference in words. The schema may be worded as it is after any restore."""
        now = Seen(self.server, self.name)
        schema = self.later if now.schema == self.later else self.before.schema
        lost = [*difflib.unified_diff(schema.split("\n"), now.schema.split("\n"), lineterm="", n=1),
                *difflib.unified_diff(self.before.content, now.content, lineterm="", n=0)]
        return not lost, "\n".join(lost[:60])

    def broken(self, way, step, refuses=""):
        """One drill. `refuses`: what the guard must say; else the drill must be a pass."""
        began = time.monotonic()
        done = self.workspace.drill(step)
        verdict = done.document.get("verdict")
        try:
            equal, lost = self.equals()
        except RuntimeError as error:
            equal, lost = False, str(error)
        took = f"{time.monotonic() - began:.1f} s"
        if refuses == ANY and done.code == 3:
            promise(f"{self.name}: {way}: refused ({took})", True)
        elif refuses and refuses != ANY:
            promise(f"{self.name}: {way}: refused, since {refuses} ({took})", done.code in (1, 3) and refuses in done.out + done.err, done)
        else:
            promise(f"{self.name}: {way}: recovered ({took})", done.code == 0 and verdict == "recovered", done)
        return promise("  and everything is there", equal, lost)


# Why a drill of this database can't be had.
REFUSED = {("row_types", way): "columns hold rows of table public.saw" for way in WAYS}


def foreign(server, name):
    database = Database(server, name)
    done = database.workspace.rehearse("enroll", "database-staging")
    if not promise(f"{name}: enrolled", done.code == 0, done):
        return
    for way, step in WAYS.items():
        if not database.broken(way, step, REFUSED.get((name, way), "")):
            return
    if "--each" in sys.argv:
        database.workspace.playbook("all", WAYS["drop all tables"])
        items = json.loads(database.workspace.rehearse("plan", "all", "--output", "json").out)["plan"]["destroy"][0]["items"]
        for item in items:
            for operation in "drop", "truncate":
                database.broken(f"{operation} {item} alone", f", operation: {operation}, items: [{json.dumps(item, ensure_ascii=False)}]", ANY)


with Server() as one:
    for path in sorted(glob.glob(os.path.join(HERE, "*.sql"))):
        if len(sys.argv) < 3 or os.path.basename(path)[:-4] in sys.argv[2:]:
            section(foreign, one, os.path.basename(path)[:-4])
conclude()
