# A workspace whose environment is one file tree (and what a test adds), with a checker of its own: find, sha256sum, getfacl,
# getfattr and lsattr say what is there, not our adapter.
import os
import shutil
import signal
import subprocess
import sys
import tempfile

from shop import Result, skip

ENVIRONMENT = "tree-staging"
TOOLS = ["getfacl", "getfattr", "setfacl", "lsattr", "chattr", "sha256sum"]


def run(*arguments, **options):
    return subprocess.run(arguments, check=True, capture_output=True, **options).stdout


class Tree:
    """Removed at the end, also where files in it can't be changed; `options` are more lines of the resource `files`."""

    def __init__(self, options="", resources="", probe=None, playbook=""):
        for tool in TOOLS:
            if not shutil.which(tool):
                skip(tool)
        self.binary = os.path.abspath(sys.argv[1])
        self.folder = os.path.realpath(tempfile.mkdtemp(prefix="rehearse-tree-", dir="/var/tmp"))
        self.root = os.path.join(self.folder, "root")
        self.workspace = os.path.join(self.folder, "drills")
        os.mkdir(self.root)
        self.options, self.resources, self.probe, self.steps = options, resources, probe or ["test", "-d", self.root], playbook

    def __enter__(self):
        self.rehearse("init", self.workspace, cwd=self.folder)
        for folder in ("environments", "playbooks"):
            for name in os.listdir(os.path.join(self.workspace, folder)):
                if name.endswith(".yaml"):
                    os.unlink(os.path.join(self.workspace, folder, name))
        self.environment()
        self.playbook("all")
        return self

    def __exit__(self, *_):
        for process in self.processes():
            os.kill(process, signal.SIGKILL)
        subprocess.run(["chattr", "-R", "-f", "-i", "-a", self.folder], check=False, stderr=subprocess.DEVNULL)
        shutil.rmtree(self.folder, ignore_errors=True)

    def processes(self):
        """Those that run in this folder."""
        found = []
        for process in filter(str.isdigit, os.listdir("/proc")):
            try:
                if os.readlink(f"/proc/{process}/cwd") == self.folder:
                    found.append(int(process))
            except OSError:
                continue
        return found

    def environment(self):
        probe = ", ".join(f'"{word}"' for word in self.probe)
        self.write(f"environments/{ENVIRONMENT}.yaml", f"""environment: {ENVIRONMENT}
class: staging
resources:
  files:
    adapter: files
    root: {self.root}
{self.options}{self.resources}probes:
  there: {{ command: [{probe}] }}
""")

    def playbook(self, name, destroy="  - { resource: files }\n", more=""):
        self.write(f"playbooks/{name}.yaml", f"""playbook: {name}
title: Everything in the tree is deleted
kind: disaster
environment: {ENVIRONMENT}
targets: {{ rto: "15m", rpo: "15m" }}
steady_state: [there]
destroy:
{destroy}{self.steps}verify: {{ fidelity: exact, steady_state: {{ consecutive: 1, within: 30s }} }}
guard: {{ max_items: 100000, max_share: "100%", snapshot_max_age: "10m" }}
{more}""")

    def write(self, name, text):
        with open(os.path.join(self.workspace, name), "w", encoding="utf-8") as file:
            file.write(text)

    def path(self, *names):
        return os.path.join(self.root, *names)

    def put(self, name, text="content\n"):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)
        return self.path(name)

    def read(self, name):
        with open(self.path(name), encoding="utf-8") as file:
            return file.read()

    def rehearse(self, *arguments, cwd=None, user=None):
        command = [self.binary, *arguments]
        if user is not None:
            command = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", "--", *command]
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", cwd=cwd or self.workspace, timeout=300,
                              env={**os.environ, "NO_COLOR": "1", "HOME": self.folder})
        return Result(arguments, done.returncode, done.stdout, done.stderr)

    def drill(self, *arguments, name="all"):
        return self.rehearse("run", name, "--yes", "--output", "json", *arguments)

    def seen(self, root=None):
        """Everything that the tools tell of the tree, in bytes, sorted; holes and what changes by itself left out."""
        root = os.fsencode(root or self.root)
        at = {"cwd": root}
        lines = run("find", ".", "-printf", r"%p %y %#m %U %G %T@ %l %n\0", **at).split(b"\0")
        sizes = run("find", ".", "!", "-type", "d", "-printf", r"size %p %s\0", **at).split(b"\0")
        sums = run("sh", "-c", "find . -type f -print0 | xargs -0r sha256sum -bz --", **at).split(b"\0")
        acls = run("sh", "-c", "find . ! -type l -print0 | xargs -0r getfacl -cnP --", **at).split(b"\n\n")
        attributes = run("sh", "-c", "find . -print0 | xargs -0r getfattr -hd -m - --", **at).split(b"\n\n")
        flags = [b" ".join((line[:22], line[22:])) for line in
                 run("sh", "-c", "lsattr -Ra . 2>/dev/null || true", **at).split(b"\n") if b"/" in line]
        # find prints a folder's link count and lsattr its index flag; both belong to the file system.
        return sorted(lines + sizes + sums) + sorted(acls) + sorted(attributes) + sorted(flags)
