# Bad input and bad surroundings: each is a clear error or a refusal that says what to do, and nothing is destroyed.
import glob
import os
import re
import shutil
import signal
import subprocess

from shop import ENVIRONMENT, PSQL, Shop, conclude, end_by, promise, section, wait_until

FILE = "environments/shop-staging.yaml"


def refused(shop, original, text, arguments=("run", "plain", "--yes"), says="", codes=(2, 3), **options):
    """The command fails with one of `codes`, says `says`, and the shop is as it was."""
    done = shop.rehearse(*arguments, **options)
    said = done.out + done.err
    promise(f"{text}: exit {' or '.join(map(str, codes))}, and it says why", done.code in codes and re.search(says, said), done)
    shop.unchanged(f"{text}: nothing was destroyed", original)


def files_that_are_wrong(shop, original):
    good = shop.read(FILE)
    plain = shop.read("playbooks/plain.yaml")
    wrong = [("an unknown key", FILE, good.replace("restore_connection:", "restore_conection:"), "restore_conn?ection"),
             ("a wrong type", "playbooks/plain.yaml", plain.replace("max_items: 10000", "max_items: many"), "max_items"),
             ("a duplicate key", FILE, good.replace("service: shop", "service: shop\nservice: other"), "service"),
             ("a duplicate name", "playbooks/twice.yaml", plain, "plain"),
             ("a circle of needs", FILE, good.replace("config:   { adapter: files,", "config:   { adapter: files, needs: [frontend],"),
              "circle|cycle|needs"),
             ("an approval that can't be honoured", "playbooks/plain.yaml", plain.replace("approvals: 0", "approvals: 1"), "approvals"),
             ("a pattern that selects nothing", "playbooks/plain.yaml", plain.replace('items: ["**"]', 'items: ["nothing-*"]'),
              "nothing-|select|target"),
             ("class production", FILE, good.replace("class: staging", "class: production"), "production"),
             ("a blast radius that is too small", "playbooks/plain.yaml", plain.replace("max_items: 10000", "max_items: 3"), "limit")]
    for text, name, content, says in wrong:
        shop.write(name, content)
        refused(shop, original, text, says=says)
        shop.write(FILE, good)
        shop.write("playbooks/plain.yaml", plain)
        if os.path.exists(shop.path("playbooks/twice.yaml")):
            os.remove(shop.path("playbooks/twice.yaml"))
    shop.write(FILE, good.replace("service:", "servise:"))
    refused(shop, original, "check of an unknown key", ("check",), rf"{FILE}:4:1.*servise", (2,))
    shop.write(FILE, good)
    refused(shop, original, "a missing playbook", ("run", "nowhere.yaml", "--yes"), "nowhere", (2,))
    refused(shop, original, "a missing environment", ("snapshot", "nowhere"), "nowhere", (2,))
    refused(shop, original, "no workspace", ("run", "plain", "--yes"), "rehearse.yaml|workspace", (2,), cwd="/")
    refused(shop, original, "an unknown command", ("snapshto",), "'snapshto'; did you mean 'snapshot'", (2,))
    refused(shop, original, "a command like no other", ("frobnicate",), "'frobnicate'; the commands are .*enroll", (2,))
    refused(shop, original, "an unknown snapshot", ("restore", ENVIRONMENT, "deadbeef", "--yes"), "deadbeef", (2, 3))


def before_enrolling(shop, original):
    for command in (("plan", "plain"), ("run", "plain", "--yes")):
        refused(shop, original, f"{command[0]} before enroll", command,
                f"enrolled: {ENVIRONMENT} is not enrolled(.|\\n)*rehearse enroll {ENVIRONMENT}", (3,))
    verdicts = [drill.get("verdict") for drill in shop.json("history").get("drills", [])]
    promise("and the refused run is on record", verdicts == ["refused"], verdicts)


def servers_that_are_wrong(shop, original):
    good = shop.read(FILE)
    port = shop.settings["SHOP_PG_PORT"]
    for text, content in [("an unreachable server", good.replace(f"port={port}", "port=1")),
                          ("wrong credentials", good.replace("user=shop ", "user=nobody_here "))]:
        shop.write(FILE, content)
        for command in (("run", "plain", "--yes"), ("plan", "plain"), ("snapshot", ENVIRONMENT), ("diff", ENVIRONMENT, "latest"),
                        ("restore", ENVIRONMENT, "latest", "--yes"), ("enroll", ENVIRONMENT)):
            refused(shop, original, f"{text}: {command[0]}", command, "orders: .*connect to(.|\\n)*check ", (3,))
        done = shop.rehearse("doctor")
        promise(f"{text}: doctor says so", done.code != 0 and "orders" in done.out, done)
    shop.write(FILE, good)
    session = subprocess.Popen([PSQL, "-X", "-At", "-d", shop.settings["SHOP_CONNECTION"]], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, text=True, env=shop.environment)
    session.stdin.write("select 'ready';\n")
    session.stdin.flush()
    session.stdout.readline()
    refused(shop, original, "a database in use by other sessions", says="session", codes=(3,))
    session.stdin.close()
    session.wait()


def another_cluster(shop, original):
    """The same database name, roles and port, but another cluster: what a wrong port or a rebuilt host looks like."""
    with Shop(rows=500, files=20) as other:
        theirs = other.fingerprint()
        good = shop.read(FILE)
        shop.write(FILE, good.replace(f"port={shop.settings['SHOP_PG_PORT']}", f"port={other.settings['SHOP_PG_PORT']}")
                   .replace(shop.settings["SHOP_PGPASS"], other.settings["SHOP_PGPASS"]))
        refused(shop, original, "another cluster", says="system_identifier|another|other", codes=(3,))
        other.unchanged("another cluster: it was not touched either", theirs)
        shop.write(FILE, good)


def markers(shop, original):
    found = shop.sql("select table_schema || '.' || table_name from information_schema.tables where table_schema not in "
                     "('pg_catalog', 'information_schema')", "SHOP_RESTORE_CONNECTION").split()
    if not promise("the database's marker is where enroll planted it", len(found) == 1, found):
        return
    shop.sql(f"create table public_copy as table {found[0]}; delete from {found[0]}".replace("public_copy", f"{found[0]}_copy"),
             "SHOP_RESTORE_CONNECTION")
    refused(shop, original, "a marker that was removed", says="marker", codes=(3,))
    columns = shop.sql(f"select attname from pg_attribute where attrelid = '{found[0]}'::regclass and attnum > 0 and "
                       "atttypid = 'text'::regtype", "SHOP_RESTORE_CONNECTION").split()
    shop.sql(f"insert into {found[0]} table {found[0]}_copy", "SHOP_RESTORE_CONNECTION")
    shop.sql(f"update {found[0]} set " + ", ".join(f"{c} = replace({c}, '{ENVIRONMENT}', 'shop-other')" for c in columns
             if "marker" in c or "text" in c or "content" in c), "SHOP_RESTORE_CONNECTION")
    refused(shop, original, "a marker that was edited", says="marker|sign", codes=(3,))
    shop.sql(f"delete from {found[0]}; insert into {found[0]} table {found[0]}_copy; drop table {found[0]}_copy",
             "SHOP_RESTORE_CONNECTION")


def switches(shop, original):
    done = shop.rehearse("halt", "--reason", "wrong cluster?")
    promise("halt: 0", done.code == 0, done)
    refused(shop, original, "while halted", says="wrong cluster|halt|kill switch", codes=(3,))
    done = shop.rehearse("halt", "--lift")
    promise("halt --lift: 0", done.code == 0, done)
    shop.playbook("frozen", "freeze:\n  - { reason: Year-end closing, starts: \"2020-01-01T00:00:00Z\", ends: \"2100-01-01T00:00:00Z\" }\n")
    refused(shop, original, "a freeze window", ("run", "frozen", "--yes"), "Year-end", (2, 3))
    os.remove(shop.path("playbooks/frozen.yaml"))
    ready = os.path.join(shop.folder, "ready")
    shop.playbook("slow", f'hooks:\n  before_destroy: [ {{ command: [touch, {ready}] }}, {{ command: [sleep, "5"] }} ]\n')
    first = shop.start("run", "slow", "--yes")
    wait_until(lambda: os.path.exists(ready) or first.poll() is not None)
    refused(shop, original, "a second drill in the same environment", says="drill|lease", codes=(3,))
    done = end_by(first, signal.SIGTERM)
    promise("the first one ends after its signal", done.code == 130, done)
    os.remove(shop.path("playbooks/slow.yaml"))
    shop.unchanged("and the shop is what it was", original)


def a_file_that_changes(shop):
    victim = os.path.join(shop.config, "growing")
    with open(victim, "wb") as file:
        file.write(os.urandom(48 << 20))  # takes longer to capture than one turn of the writer
    writer = subprocess.Popen(["python3", "-c", "import os, sys\nwhile True:\n    with open(sys.argv[1], 'r+b') as file: "
                               "file.write(os.urandom(4096))", victim])
    done = shop.rehearse("run", "plain", "--yes", "--output", "json")
    writer.kill()
    writer.wait()
    promise("a file that changes while it is captured: no drill is called recovered", done.code != 0, done)
    promise("and nothing was destroyed", done.document.get("verdict") in ("refused", "aborted", None) and
            done.document.get("clocks", {}).get("damage_began_ms") is None, done)
    if os.path.exists(victim):
        os.remove(victim)
    shop.rehearse("clear", ENVIRONMENT, "--reason", "the writer is gone")


def state_that_is_broken(shop, original):
    store = shop.path(".rehearse/snapshots.git")
    kept = os.path.join(shop.folder, "kept")
    shutil.copytree(shop.path(".rehearse"), kept, symlinks=True)

    def put_back():
        shutil.rmtree(shop.path(".rehearse"))
        shutil.copytree(kept, shop.path(".rehearse"), symlinks=True)

    for pack in glob.glob(f"{store}/objects/pack/*.pack") + glob.glob(f"{store}/objects/??/*"):
        os.chmod(pack, 0o600)
        with open(pack, "r+b") as file:
            file.seek(os.path.getsize(pack) // 2)
            byte = file.read(1)
            file.seek(-1, os.SEEK_CUR)
            file.write(bytes([byte[0] ^ 1]))
    refused(shop, original, "restore from a snapshot with flipped bytes", ("restore", ENVIRONMENT, "latest", "--yes"),
            codes=(2, 3, 4, 5))
    done = shop.rehearse("doctor")
    promise("doctor finds a snapshot with flipped bytes", done.code == 1 and "PROBLEM  snapshots" in done.out, done)
    put_back()
    done = shop.rehearse("doctor")
    promise("doctor reads whole snapshots back", "ok  snapshots" in done.out and "PROBLEM  snapshots" not in done.out, done)
    ledger = shop.path(".rehearse/ledger.sqlite")
    with open(ledger, "r+b") as file:
        file.truncate(os.path.getsize(ledger) * 2 // 3 // 100 * 100)
    refused(shop, original, "a half-written ledger", says="ledger", codes=(2, 3, 5))
    done = shop.rehearse("doctor")
    promise("doctor finds a half-written ledger", done.code == 1 and "PROBLEM  ledger" in done.out, done)
    put_back()
    os.remove(shop.path(".rehearse/ledger.sqlite"))
    refused(shop, original, "a ledger that is gone", codes=(2, 3, 5))
    put_back()
    done = shop.rehearse("run", "plain", "--yes")
    promise("put back, drills run again", done.code == 0, done)
    shop.unchanged("and bring everything back", original)


def folders_that_are_bad(shop, original):
    if os.geteuid() != 0:
        print("skipped: needs root, to mount")
        return
    state = shop.path(".rehearse")
    kept = os.path.join(shop.folder, "kept")
    for text, options in (("a full disk", "size=2m"), ("a read-only workspace", "size=64m")):
        if subprocess.run(["mount", "-t", "tmpfs", "-o", f"mode=700,{options}", "tmpfs", state], capture_output=True).returncode:
            print("skipped: needs the right to mount a tmpfs")
            return
        try:
            for name in ("ledger.sqlite", "keys", "snapshots.git") if "read" in text else ("ledger.sqlite", "keys"):
                subprocess.run(["cp", "-a", os.path.join(kept, name), state], check=False, capture_output=True)
            if "read" in text:
                subprocess.run(["mount", "-o", "remount,ro", state], check=True)
            else:
                subprocess.run(["dd", "if=/dev/zero", f"of={state}/filler", "bs=4k"], check=False, capture_output=True)
            refused(shop, original, text, codes=(1, 2, 3, 5))
        finally:
            subprocess.run(["umount", state], check=False)


with Shop(rows=500, files=40) as shop:
    original = shop.fingerprint()
    shop.playbook("plain")
    section(before_enrolling, shop, original)
    done = shop.rehearse("enroll", ENVIRONMENT)
    if promise("enrolled", done.code == 0, done):
        done = shop.rehearse("run", "plain", "--yes")
        promise("with everything right, the drill recovers", done.code == 0, done)
        for part in (files_that_are_wrong, servers_that_are_wrong, another_cluster, markers, switches):
            section(part, shop, original)
        section(a_file_that_changes, shop)
        original = shop.fingerprint()
        section(state_that_is_broken, shop, original)
        original = shop.fingerprint()
        section(folders_that_are_bad, shop, original)
conclude()
