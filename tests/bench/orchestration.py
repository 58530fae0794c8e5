# What the orchestrator adds to the time of 500 commands that do nothing, and what it costs to start.
import os
import sqlite3
import subprocess
import time

from bench import Table, Workspace, median, paired, say, scratch, timed

COMMANDS = 500


def bare_commits(folder, count):
    """Seconds for as many durable commits of one small row each, with the ledger's own settings."""
    path = os.path.join(folder, "bare.sqlite")
    if os.path.exists(path):
        os.remove(path)
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("pragma journal_mode=delete")
    database.execute("pragma synchronous=extra")
    database.execute("create table event (id integer primary key, body text)")
    began = time.clock_gettime(time.CLOCK_BOOTTIME)
    for number in range(count):
        database.execute("insert into event (body) values (?)", (f"event {number}",))
    took = time.clock_gettime(time.CLOCK_BOOTTIME) - began
    database.close()
    return took


def spawned(count):
    """Seconds for xargs to run as many commands, one after the other."""
    began = time.clock_gettime(time.CLOCK_BOOTTIME)
    subprocess.run(["xargs", "-n", "1", "-P", "1", "/bin/true"], input="\n".join(map(str, range(count))), text=True, check=True)
    return time.clock_gettime(time.CLOCK_BOOTTIME) - began


def run(binary, rounds):
    table = Table("What the orchestrator adds", f"scripts/bench orchestration --rounds {rounds}", [
        f"Hooks: the wall time of a drill with {COMMANDS} hooks `/bin/true`, less that of the same drill without them. Peer: xargs spawning "
        f"the same commands, plus {COMMANDS + 1} bare durable commits (SQLite, `journal_mode=DELETE`, `synchronous=EXTRA`) on the same disk."])
    with scratch() as folder:
        os.makedirs(os.path.join(folder, "tree"))
        with open(os.path.join(folder, "tree", "one"), "w", encoding="utf-8") as file:
            file.write("one\n")
        step = 'destroy: [{ resource: tree, items: ["**"] }]\n'
        hooks = "hooks:\n  before_destroy:\n" + "    - { command: [/bin/true] }\n" * COMMANDS
        workspace = Workspace(binary, os.path.join(folder, "workspace"), f"  tree: {{ adapter: files, root: {folder}/tree }}\n",
                              bare=step, hooks=step + hooks)
        say(f"{COMMANDS} hooks")
        figures = paired(rounds, bare=lambda: workspace.drill("bare")[0].wall, hooks=lambda: workspace.drill("hooks")[0].wall,
                         peer=lambda: spawned(COMMANDS) + bare_commits(folder, COMMANDS + 1))
        table.compare(f"{COMMANDS} hooks", [a - b for a, b in zip(figures["hooks"], figures["bare"])], figures["peer"], 1.3)
        say("start-up")
        cpu = [timed([binary, "--help"]).cpu for _ in range(21)]
        table.row("`rehearse --help`, processor time", f"{median(cpu) * 1000:.1f} ms", "", f"{median(cpu) * 1000:.1f} ms", "20 ms", median(cpu) < 0.02)
    return table
