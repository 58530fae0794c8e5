# Odd surroundings of the program itself: closed or full standard streams, state of a later version, a key that is gone. Whole
# drills with the built binary: nothing is lost, and what can't be done says so.
import os
import subprocess

from shop import conclude, promise, section
from tree import Tree


def drill(tree, redirections):
    """The exit code of a drill whose shell was given these redirections."""
    return subprocess.run(["bash", "-c", f'exec "$0" run all --yes {redirections}', tree.binary], cwd=tree.workspace, check=False,
                          stdin=subprocess.DEVNULL, capture_output=True,
                          env={**os.environ, "NO_COLOR": "1", "HOME": tree.folder}, timeout=300).returncode


def streams():
    tree = Tree()
    # The probe is the program's child: it looks at what the program has as its standard streams.
    tree.probe = ["sh", f"{tree.folder}/probe.sh"]
    with open(f"{tree.folder}/probe.sh", "w", encoding="utf-8") as file:
        file.write(f'readlink /proc/$PPID/fd/[012] >> {tree.folder}/seen; test -d {tree.root}\n')
    with tree:
        tree.put("a"), tree.put("b/c")
        promise("enrolled", tree.rehearse("enroll", "tree-staging").code == 0)
        before = tree.seen()
        for redirections in ["<&-", "<&- >&-", "<&- >&- 2>&-", "2>&-"]:
            lost = 5 if " >&-" in redirections else 0
            open(f"{tree.folder}/seen", "w", encoding="utf-8").close()
            code = drill(tree, redirections)
            promise(f"a drill with {redirections} ends with {lost}", code == lost, code)
            with open(f"{tree.folder}/seen", encoding="utf-8") as file:
                taken = set(file.read().split())
            promise("  no file of ours took a closed stream's place",
                    "/dev/null" in taken and all(one == "/dev/null" or one.startswith("pipe:") for one in taken), taken)
            promise("  and the tree is back", tree.seen() == before)
        latest = tree.rehearse("show", "latest", "--output", "json")
        promise("  the last one recovered", latest.document.get("verdict") == "recovered", latest)
        fsck = subprocess.run(["git", "-C", f"{tree.workspace}/.rehearse/snapshots.git", "fsck", "--full", "--strict"],
                              capture_output=True, text=True, check=False)
        promise("  no output went into the snapshots", fsck.returncode == 0, fsck.stderr)
        with open("/dev/full", "w", encoding="utf-8") as full:
            done = subprocess.run([tree.binary, "history"], cwd=tree.workspace, stdout=full, stderr=subprocess.PIPE, text=True,
                                  check=False)
        promise("an output that can't be written ends with 5 and says so",
                done.returncode == 5 and "write to stdout" in done.stderr, done)


def usage():
    with Tree() as tree:
        tree.put("a")
        promise("enrolled", tree.rehearse("enroll", "tree-staging").code == 0)
        elsewhere = subprocess.run([tree.binary, "--workspace", tree.workspace, "history"], cwd=tree.folder, capture_output=True,
                                   text=True, check=False)
        promise("--workspace goes before the command, too", elsewhere.returncode == 0, elsewhere.stderr)
        for since in ["-5d", "5x", "2026-13-01", "yesterday"]:
            done = tree.rehearse("report", f"--since={since}")
            promise(f"--since {since} says what can be written", done.code == 2 and since in done.err and "90d" in done.err, done)
        done = tree.rehearse("policy", "--output", "json")
        promise("no policy is told as JSON",
                done.document == {"schema": "rehearse.policy/v1", "in_force": None, "inert": None}, done)
        tree.write("environments/huge.yaml", "# " + "x" * (1 << 20) + "\n")
        done = tree.rehearse("check")
        promise("a file that is too long says so, by name", done.code == 2 and "huge.yaml" in done.err + done.out, done)
        readers = subprocess.run(["bash", "-c", '"$0" history | head -1; echo "${PIPESTATUS[0]}"', tree.binary], cwd=tree.workspace,
                                 capture_output=True, text=True, check=False)
        promise("a reader that stops early gets no message", readers.stderr == "", readers)


def state():
    with Tree() as tree:
        tree.put("a")
        promise("enrolled", tree.rehearse("enroll", "tree-staging").code == 0)
        before = tree.seen()
        tree.write(".rehearse/format", "2\n")
        done = tree.rehearse("run", "all", "--yes")
        promise("state of a later version is refused", done.code == 3 and "version 2" in done.err, done)
        tree.write(".rehearse/format", "1\n")
        os.rename(f"{tree.workspace}/.rehearse/keys/marker.key", f"{tree.folder}/key")
        done = tree.rehearse("run", "all", "--yes")
        promise("a key that is gone says how to get it back", done.code == 5 and "from a backup" in done.err, done)
        promise("  nothing was touched", tree.seen() == before)


section(streams)
section(usage)
section(state)
conclude()
