# The audit log from end to end: signed after each drill, exported, bundled; the verifier in Python takes the bundle and refuses it
# with any one byte changed; where the log does not verify nothing is destroyed, and everything that brings back still runs.
import glob
import html
import os
import random
import shutil
import sqlite3
import subprocess
import sys

from shop import ENVIRONMENT, Shop, conclude, promise, section


def python_verifier(bundle, key):
    return subprocess.run([sys.executable, "-I", f"{bundle}/verify.py", bundle, key], capture_output=True, text=True, timeout=60)


def changed(path, at, content):
    """The file with one byte changed, put back afterwards."""
    with open(path, "wb") as file:
        file.write(content[:at] + bytes([content[at] ^ random.choice((1, 2, 32, 128))]) + content[at + 1:])


def files_of(folder):
    return sorted(path for path in glob.glob(f"{folder}/**", recursive=True) if os.path.isfile(path))


def signed(shop, elsewhere):
    drill = shop.last_drill()
    notes = glob.glob(f"{elsewhere}/*.checkpoint")
    promise("after a drill the log is signed, and the checkpoint is in the second place", len(notes) == 1, notes)
    with open(notes[0], encoding="utf-8") as file:
        note = file.read()
    promise("show prints it", note in shop.rehearse("show", drill).out)
    promise("as JSON, too", shop.json("show", drill)["checkpoint"] == note)
    reports = {name: shop.rehearse("report", "--format", name) for name in ("html", "json")}
    promise("so do the reports", note in html.unescape(reports["html"].out) and reports["json"].document["checkpoint"] == note, reports["json"])
    done = shop.rehearse("audit", "verify", "--output", "json")
    promise("the log verifies", done.code == 0 and done.document["verified"] and done.document["entries"] > 20, done)
    done = shop.rehearse("audit", "prove", "3")
    promise("an entry is proved", done.code == 0 and '"kind"' in done.document["entry"] and done.document["proof"], done)
    done = shop.rehearse("audit", "prove-growth", "5")
    promise("and the growth of the log", done.code == 0 and done.document["old_size"] == 5, done)
    return note


def exported(shop, key):
    place = f"{shop.folder}/export"
    done = shop.rehearse("audit", "export", place)
    promise("the log is exported", done.code == 0 and os.path.exists(f"{place}/checkpoint"), done)
    done = shop.rehearse("audit", "verify", place, "--key", key, "--workspace", "/nowhere")
    promise("the export verifies without the workspace", done.code == 0, done)
    passed = []
    for path in files_of(place):
        with open(path, "rb") as file:
            content = file.read()
        for at in random.sample(range(len(content)), min(len(content), 12)):
            changed(path, at, content)
            if shop.rehearse("audit", "verify", place, "--key", key).code != 1:
                passed.append((path, at))
        with open(path, "wb") as file:
            file.write(content)
    promise("a changed byte in any of its files does not", not passed, passed)
    done = shop.rehearse("audit", "verify", place, "--key", key)
    promise("as it was it verifies again", done.code == 0, done)


def bundled(shop, key):
    bundle = f"{shop.folder}/evidence"
    done = shop.rehearse("audit", "bundle", shop.last_drill(), bundle)
    promise("a drill's evidence is bundled", done.code == 0, done)
    good = python_verifier(bundle, key)
    promise("the verifier in Python takes it", good.returncode == 0 and "ACCEPTED" in good.stdout, good)
    passed, tried = [], 0
    for path in files_of(bundle):
        if path.endswith("verify.py"):
            continue
        with open(path, "rb") as file:
            content = file.read()
        for at in random.sample(range(len(content)), min(len(content), 40 if "documents" not in path else 4)):
            changed(path, at, content)
            tried += 1
            if python_verifier(bundle, key).returncode == 0:
                passed.append((path, at))
        with open(path, "wb") as file:
            file.write(content)
    promise(f"with any of {tried} bytes changed it refuses", tried > 100 and not passed, passed)
    documents = files_of(f"{bundle}/documents")
    os.rename(documents[-1], f"{bundle}/kept")
    promise("with a document dropped it refuses", python_verifier(bundle, key).returncode != 0)
    os.rename(f"{bundle}/kept", documents[-1])
    shutil.copy(documents[0], f"{bundle}/documents/more.json")
    promise("with one added it refuses", python_verifier(bundle, key).returncode != 0)
    os.unlink(f"{bundle}/documents/more.json")
    other = key[:-4] + ("AAA=" if key[-1] == "=" else "AAAA")
    promise("under another key it refuses", python_verifier(bundle, other).returncode != 0)
    promise("as it was it is taken again", python_verifier(bundle, key).returncode == 0)


def unreachable(shop, elsewhere):
    os.rename(elsewhere, elsewhere + ".away")
    with open(elsewhere, "w", encoding="utf-8"):
        pass  # a file where the folder was
    done = shop.rehearse("run", "plain", "--yes")
    promise("a second place that is gone is named, and the drill counts", done.code == 0 and "will be sent later" in done.err, done)
    os.unlink(elsewhere)
    os.rename(elsewhere + ".away", elsewhere)
    before = len(os.listdir(elsewhere))
    done = shop.rehearse("run", "plain", "--yes")
    promise("what was not sent is sent later", done.code == 0 and len(os.listdir(elsewhere)) == before + 2, os.listdir(elsewhere))


def tampered(shop, original):
    ledger = shop.path(".rehearse/ledger.sqlite")
    shutil.copy(ledger, ledger + ".good")
    with sqlite3.connect(ledger) as database:
        for name in ("audit_entries_stay", "audit_entries_are_kept", "audit_tree_grows", "audit_checkpoints_are_kept"):
            database.execute(f"DROP TRIGGER {name}")
        database.execute("UPDATE audit_entries SET entry = replace(entry, 'ada', 'bob') || ' ' WHERE number = 4")
    database.close()
    done = shop.rehearse("audit", "verify")
    promise("a changed old entry is found", done.code == 1 and "does NOT verify" in done.out, done)
    with sqlite3.connect(ledger) as database:
        database.execute("DELETE FROM audit_checkpoints WHERE size > (SELECT min(size) FROM audit_checkpoints)")
        database.execute("UPDATE audit_entries SET entry = entry || ' ' WHERE number = (SELECT min(size) + 2 FROM audit_checkpoints)")
    database.close()
    done = shop.rehearse("run", "plain", "--yes")
    promise("on a log that does not verify nothing is destroyed", done.code == 3 and "guard refused audit:" in done.err + done.out, done)
    shop.unchanged("the shop is untouched", original)
    done = shop.rehearse("restore", ENVIRONMENT, "--yes")
    promise("restore still runs", done.code == 0, done)
    promise("resume, halt and audit, too", shop.rehearse("resume").code == 0 and shop.rehearse("halt").code == 0 and
            shop.rehearse("audit", "verify").code == 1 and shop.rehearse("halt", "--lift").code == 0)
    os.replace(ledger + ".good", ledger)


random.seed(20261126)
with Shop(rows=100, files=10) as shop:
    original = shop.fingerprint()
    elsewhere = f"{shop.folder}/elsewhere"
    os.mkdir(elsewhere)
    with open(shop.path("rehearse.yaml"), "a", encoding="utf-8") as file:
        file.write(f"\naudit: {{ checkpoints: {elsewhere} }}\n")
    shop.playbook("plain")
    done = shop.rehearse("enroll", ENVIRONMENT)
    if promise("enrolled", done.code == 0, done) and promise("a drill", shop.rehearse("run", "plain", "--yes").code == 0):
        key = shop.rehearse("audit", "key").out.strip()
        section(signed, shop, elsewhere)
        section(exported, shop, key)
        section(bundled, shop, key)
        section(unreachable, shop, elsewhere)
        section(tampered, shop, original)
conclude()
