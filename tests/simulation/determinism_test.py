#!/usr/bin/env python3
# The same seed twice, in two processes: every line of the two traces is the same. Without that no violation could be replayed.
import itertools
import subprocess
import sys

SIMULATION, FIRST, SEEDS = sys.argv[1], 1, 60


def trace(seed):
    run = subprocess.run([SIMULATION, "--replay", str(seed), "--trace"], capture_output=True, text=True, check=False)
    if run.returncode != 0:
        sys.exit(f"seed {seed} ended with {run.returncode}:\n{run.stdout}")
    return run.stderr.splitlines() + run.stdout.splitlines()


different, lines = 0, 0
for seed in range(FIRST, FIRST + SEEDS):
    first, second = trace(seed), trace(seed)
    lines += len(first)
    if first == second:
        continue
    different += 1
    for number, (one, other) in enumerate(itertools.zip_longest(first, second), 1):
        if one != other:
            print(f"seed {seed}, line {number} of its trace:\n  first:  {one}\n  second: {other}")
            break
if lines < 100 * SEEDS:
    sys.exit(f"the traces are empty: {lines} lines of {SEEDS} seeds")
print(f"{SEEDS} seeds, {lines} lines, {different} seeds that differ")
sys.exit(1 if different else 0)
