#!/usr/bin/env python3
# Plants one bug after the other in a copy of its source, links it into the check that must tell, and reports who told. README.md.
import argparse
import json
import os
import re
import shlex
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.dont_write_bytecode = True  # the tree stays as it is
from bugs import BUGS, GUARD, NOT_CAUGHT_YET, Bug

ROOT = Path(__file__).resolve().parent.parent.parent
PATIENCE = 240  # seconds; a check that does not end has told nothing, or a slow machine would catch every bug
TOLD = re.compile(r"VIOLATION: .*|^.*ERROR: .*|terminate called.*|.*AddressSanitizer.*|a process of the simulation.*", re.MULTILINE)
INTERLOCK = re.compile(r'\{"(\w+)",\s*"[^"]*",\s*(?:zeroth|first|second),\s*(check_\w+)\}')


def interlocks_off():
    """One bug for each interlock of the guard's own table: it passes whatever it is asked. A new one is in here by itself."""
    table = "orchestrator/guard/guard.cpp"
    source = (ROOT / table).read_text(encoding="utf-8")
    off = ("[](const GuardFacts&) {\n        InterlockResult result{.saw = \"nothing\"};\n        result.passed = true;\n"
           "        return result;\n    }}")
    return [Bug(f"interlock {match[1]} is off", table, [(match[0], match[0].replace(match[2] + "}", off))], GUARD)
            for match in INTERLOCK.finditer(source)]


class Build:
    def __init__(self, folder):
        self.folder = folder.resolve()
        self.commands = {entry["file"]: entry for entry in json.loads((self.folder / "compile_commands.json").read_text())}
        self.links = {}
        self.lock = threading.Lock()

    def run(self, command):
        return subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=False)

    def compile(self, source, copy, made):
        """The source's own command, on the copy."""
        words = shlex.split(self.commands[str(ROOT / source)]["command"])
        kept = []
        while words:
            word = words.pop(0)
            if word in ("-MT", "-MF", "-o", "-c"):
                words.pop(0)
            elif word not in ("-MD", "-Werror"):
                kept.append(word)
        return self.run([*kept, "-w", "-o", made, "-c", copy])

    def link(self, program, made, out):
        """The program's own command, with the mutated object ahead of the libraries that hold the right one."""
        with self.lock:
            if program not in self.links:
                told = self.run(["ninja", "-t", "commands", "-s", program]).stdout.strip().splitlines()
                self.links[program] = re.search(r":\s*&&\s*(.*?)\s*&&\s*:", told[-1])[1]
        words = shlex.split(self.links[program])
        at = words.index("-o")
        words[at + 1] = str(out)
        return self.run([*words[:at], str(made), *words[at:]])


def plant(bug):
    """The source with the bug in it. Fails where the source no longer has what is to be replaced."""
    text = (ROOT / bug.source).read_text(encoding="utf-8")
    for before, after in bug.changes:
        if text.count(before) != 1:
            raise ValueError(f"{bug.source} has this {text.count(before)} times, not once: {before.strip().splitlines()[0]}")
        text = text.replace(before, after)
    return text


def program_name(bug):
    return Path(bug.check[0]).name


def catch(build, bug, number):
    """(caught, who told or what went wrong)"""
    folder = build.folder / "tests/planted_bugs" / str(number)
    folder.mkdir(parents=True, exist_ok=True)
    copy, made, program = folder / Path(bug.source).name, folder / "planted.o", folder / "check"
    try:
        copy.write_text(plant(bug), encoding="utf-8")
    except ValueError as error:
        return False, str(error)
    for step in (build.compile(bug.source, copy, made), build.link(bug.check[0], made, program)):
        if step.returncode != 0:
            return False, f"it does not build: {step.stderr.strip()[-400:]}"
    surroundings = {**os.environ, "LD_BIND_NOW": "1"}
    told = ""
    with subprocess.Popen([program, *bug.check[1]], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          errors="replace", env=surroundings) as check:
        timer = threading.Timer(PATIENCE, check.kill)
        timer.start()
        for line in check.stdout:
            match = TOLD.search(line)
            if match:
                told = match[0].strip()
                break
        late = not timer.is_alive()
        timer.cancel()
        check.kill() if told else check.wait()
    for path in (copy, made, program):
        path.unlink(missing_ok=True)
    if told:
        return True, f"{program_name(bug)}: {told[:200]}"
    if late:
        return False, f"{program_name(bug)} did not end within {PATIENCE} s"
    if check.returncode != 0:
        return False, f"{program_name(bug)} ended with {check.returncode} and said nothing"
    return False, f"{program_name(bug)} found nothing"


def main():
    parser = argparse.ArgumentParser(description="Plants bugs in the built tests' sources; each must be caught.",
                                     epilog="example: tests/planted_bugs/plant.py build/dev 'lease'")
    parser.add_argument("build", type=Path, help="the folder of a build with tests")
    parser.add_argument("only", nargs="?", default="", help="only bugs with this in their names")
    given = parser.parse_args()
    off = interlocks_off()
    rows = len(re.findall(r'^    \{"', (ROOT / "orchestrator/guard/guard.cpp").read_text(encoding="utf-8"), re.MULTILINE))
    bugs = [bug for bug in BUGS + off if given.only in bug.name]
    build, broken, missed = Build(given.build), 0, 0
    if len({bug.name for bug in bugs}) != len(bugs) or not bugs:
        sys.exit("planted_bugs: each bug has a name of its own, and one at least is asked for")
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        caught = pool.map(lambda numbered: catch(build, numbered[1], numbered[0]), enumerate(bugs))
        for bug, (ok, told) in zip(bugs, caught):
            known = bug.name in NOT_CAUGHT_YET
            missed += known and not ok
            broken += ok == known
            if ok and known:
                told += " (strike it from NOT_CAUGHT_YET)"
            print(f"{'caught' if ok else 'NOT CAUGHT YET' if known else 'NOT CAUGHT'}  {bug.name}: {told}", flush=True)
    if len(off) != rows:
        sys.exit(f"planted_bugs: {len(off)} interlocks were understood of the {rows} in the guard's table")
    print(f"{len(bugs) - broken - missed} caught, {missed} not caught yet, {broken} wrong")
    sys.exit(1 if broken else 0)


if __name__ == "__main__":
    main()
