# What the benchmarks share: paired rounds, whole-process figures, folders that clean up after themselves, and the tables.
import contextlib
import dataclasses
import datetime
import json
import os
import platform
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

REPO = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
README = os.path.join(REPO, "tests", "bench", "README.md")


def say(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)


def built_binary():
    """The release binary, built where it is not up to date."""
    subprocess.run([os.path.join(REPO, "scripts/build"), "release", "rehearse"], check=True, stdout=sys.stderr)
    return os.path.join(REPO, "build/release/rehearse")


@dataclasses.dataclass
class Figures:
    """Of one finished child process: seconds of wall clock and of both processor clocks, and peak MiB of its largest process."""
    wall: float
    cpu: float
    peak: float
    out: str


def timed(command, **options):
    """Runs a command to its end. An exit code other than 0 ends the benchmark: its time would mean nothing."""
    before = time.clock_gettime(time.CLOCK_BOOTTIME)
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)
    out, err = child.stdout.read(), ""
    _, status, usage = os.wait4(child.pid, 0)
    wall = time.clock_gettime(time.CLOCK_BOOTTIME) - before
    err = child.stderr.read()
    child.returncode = os.waitstatus_to_exitcode(status)
    child.stdout.close()
    child.stderr.close()
    if child.returncode != 0:
        shown = command if isinstance(command, str) else " ".join(map(str, command))
        sys.exit(f"bench: {shown[:300]}\n  ended with {child.returncode}: {err[-2000:]}")
    return Figures(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, out)


def paired(rounds, **sides):
    """Runs the sides in turn, round by round; each is a function that gives a figure. The first round is a warm-up."""
    figures = {name: [] for name in sides}
    for number in range(rounds + 1):
        for name, side in sides.items():
            figure = side()
            if number:
                figures[name].append(figure)
    return figures


def median(figures):
    return statistics.median(figures)


def ratio(ours, theirs):
    """The median of the ratios round by round."""
    return statistics.median(a / b for a, b in zip(ours, theirs))


@dataclasses.dataclass
class Table:
    title: str
    command: str
    notes: list
    rows: list = dataclasses.field(default_factory=list)

    def row(self, what, ours, peer, value, limit, held):
        self.rows.append((what, ours, peer, value, limit, "yes" if held else "NO"))

    def compare(self, what, ours, theirs, limit, unit="s"):
        value = ratio(ours, theirs)
        self.row(what, f"{median(ours):.3f} {unit}", f"{median(theirs):.3f} {unit}", f"{value:.2f} x", f"{limit} x", value <= limit)

    def text(self):
        head = ("measured", "Rehearse", "peer", "ratio or figure", "at most", "held")
        lines = [f"## {self.title}", "", f"`{self.command}`, {machine()}.", ""]
        lines += [f"| {' | '.join(row)} |" for row in (head, ("---",) * len(head), *self.rows)]
        return "\n".join([*lines, "", *self.notes, ""])


def machine():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        model = re.search(r"model name\s*: (.*)", file.read())
    return (f"{datetime.date.today()}, {os.cpu_count()} cores ({model.group(1) if model else platform.machine()}), "
            f"Linux {platform.release().split('-')[0]}, load {os.getloadavg()[0]:.1f} at the end")


def write_section(name, table):
    """Replaces the section between its two marks; a new one goes to the end."""
    begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->\n"
    with open(README, encoding="utf-8") as file:
        text = file.read()
    section = f"{begin}{table.text()}{end}"
    if begin in text:
        text = text[: text.index(begin)] + section + text[text.index(end) + len(end):]
    else:
        text += "\n" + section
    with open(README, "w", encoding="utf-8") as file:
        file.write(text)


@contextlib.contextmanager
def scratch(where="/var/tmp"):
    folder = tempfile.mkdtemp(prefix="rehearse-bench.", dir=where)
    os.chmod(folder, 0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class Workspace:
    """A workspace with one environment, `bench`, in a folder of its own."""

    def __init__(self, binary, folder, resources, probe="there: { command: [/bin/true] }", enrolled=True, **playbooks):
        self.binary, self.folder = binary, folder
        self.environment = {**os.environ, "REHEARSE_HOST_DIRECTORY": os.path.join(folder, "host"), "REHEARSE_ACTOR": "bench"}
        for name in ("environments", "playbooks"):
            os.makedirs(os.path.join(folder, name))
        self.write("rehearse.yaml", "workspace: bench\n")
        self.write("environments/bench.yaml", "environment: bench\nclass: staging\nservice: bench\nowner: bench@example.org\n"
                   f"resources:\n{resources}probes:\n  {probe}\n")
        self.probe = probe.split(":")[0]
        for name, text in playbooks.items():
            self.playbook(name, text)
        if enrolled:
            self.run("enroll", "bench")

    def first_snapshot(self):
        """The figures of a snapshot of everything, into an empty store."""
        shutil.rmtree(os.path.join(self.folder, ".rehearse"), ignore_errors=True)
        return self.run("snapshot", "bench")

    def write(self, name, text):
        with open(os.path.join(self.folder, name), "w", encoding="utf-8") as file:
            file.write(text)

    def playbook(self, name, text):
        self.write(f"playbooks/{name}.yaml", f"playbook: {name}\ntitle: {name}\nkind: disaster\nenvironment: bench\n"
                   'targets: { rto: "1h", rpo: "1h" }\nguard: { max_items: 10000000, max_share: "100%", snapshot_max_age: "1h" }\n'
                   f"steady_state: [{self.probe}]\n{text}")

    def run(self, *arguments):
        return timed([self.binary, *arguments], cwd=self.folder, env=self.environment)

    def drill(self, playbook):
        """The figures of one drill that recovered, and its rehearse.drill/v1 document."""
        figures = self.run("run", playbook, "--yes", "--output", "json")
        document = json.loads(figures.out)
        if document["verdict"] != "recovered":
            sys.exit(f"bench: the drill {playbook} ended as {document['verdict']}: {document['findings']}")
        return figures, document


def cpu_of_children():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
