# Somebody else writes into a tree while it is drilled: between the snapshot and the destruction, before the restore, after it. What
# he wrote is never lost unseen. Decision 0009.
import os
import subprocess

from shop import conclude, promise, section, wait_until
from tree import Tree


def names(drill):
    return {result["interlock"]: result for result in drill.get("interlocks", []) if not result["passed"]}


def between_snapshot_and_destroy():
    """The steady state is asked after the snapshot was taken: its probe is the neighbour."""
    for what, write in {"appends to a file": 'echo late >> "$1/b/two"', "makes a file": 'echo late > "$1/b/new"',
                        "removes a file": 'rm "$1/b/two"', "changes a mode": 'chmod 600 "$1/a"',
                        "puts the old content and time back": 'cp -p "$1/a" "$2/kept"; echo x > "$1/a"; cp -p "$2/kept" "$1/a"',
                        "replaces a file by a folder": 'rm "$1/a"; mkdir "$1/a"'}.items():
        with Tree() as tree:
            script = os.path.join(tree.folder, "neighbour")
            with open(script, "w", encoding="utf-8") as file:
                file.write(f'if [ -e "$2/armed" ]; then rm "$2/armed"; {write}; fi\n')
            tree.probe = ["sh", script, tree.root, tree.folder]
            tree.environment()
            tree.put("a"), tree.put("b/two"), tree.put("c")
            done = tree.rehearse("enroll", "tree-staging")
            open(os.path.join(tree.folder, "armed"), "w", encoding="utf-8").close()
            done = tree.drill()
            after = tree.seen()
            promise(f"a neighbour who {what} after the snapshot: refused", done.code == 3 and "unchanged" in names(done.document), done)
            reason = names(done.document).get("unchanged", {}).get("reason", "")
            promise("  the reason names the place", tree.root in reason, reason)
            promise("  nothing was destroyed", os.path.exists(tree.path("c")) and not
                    [step for step in done.document["steps"] if step["stage"] in ("destroy", "restore")], done)
            if "late" in write:
                promise("  and what he wrote is there", "late" in "".join(tree.read(f"b/{name}") for name in os.listdir(tree.path("b"))))
            done = tree.drill()
            promise("  the next drill takes it along", done.code == 0 and tree.seen() == after, done)


WRITER = """  writer:
    adapter: process
    directory: {folder}
    command: [sh, {folder}/writer.sh, {root}]
    ready: {{ command: [test, -e, {folder}/ready] }}
"""


def before_the_restore():
    """A process that is restored first, and writes into the tree as it starts."""
    with Tree(options="    needs: [writer]\n") as tree:
        tree.resources = WRITER.format(folder=tree.folder, root=tree.root)
        with open(os.path.join(tree.folder, "writer.sh"), "w", encoding="utf-8") as file:
            file.write('[ -e "$1/keep" ] || { mkdir -p "$1/made"; echo mine > "$1/made/late"; echo other > "$1/keep"; }\n'
                       f'touch {tree.folder}/ready; sleep 1000000 & wait\n')
        tree.environment()
        tree.put("keep", "what it was\n"), tree.put("more")
        tree.playbook("all", destroy="  - { resource: files }\n  - { resource: writer }\n")
        subprocess.Popen(["sh", f"{tree.folder}/writer.sh", tree.root], cwd=tree.folder)
        wait_until(lambda: os.path.exists(f"{tree.folder}/ready"))
        done = tree.rehearse("enroll", "tree-staging")
        promise("enrolled", done.code == 0, done)
        before = tree.seen()
        done = tree.drill()
        drill = done.document
        reasons = " ".join(drill.get("reasons", []))
        promise("written between destroy and restore: no pass", done.code == 1 and drill.get("verdict") == "inconclusive", done)
        promise("  the verdict names each", "files/keep" in reasons and "files/made" in reasons, reasons)
        promise("  the tree is the snapshot's, proved", drill["fidelity"]["equal"] and tree.seen() == before, drill["fidelity"])


section(between_snapshot_and_destroy)
section(before_the_restore)
conclude()
