# How long a newcomer waits: a clean build with the preset dev on all cores, without a compiler cache.
import os
import subprocess
import sys
import time

from bench import REPO, Table, say, scratch


def run(_binary, _rounds):
    table = Table("Build", "scripts/bench build", ["A fresh clone, configured and built with `CCACHE_DISABLE=1`; tests included."])
    with scratch() as folder:
        clone = os.path.join(folder, "clone")
        subprocess.run(["git", "clone", "-q", REPO, clone], check=True)
        say("a clean build; this takes some minutes")
        began = time.monotonic()
        subprocess.run(["scripts/build", "dev"], cwd=clone, check=True, stdout=sys.stderr, env={**os.environ, "CCACHE_DISABLE": "1"})
        took = time.monotonic() - began
    table.row("clean build, preset dev", f"{took:.0f} s", "", f"{took:.0f} s", "360 s", took < 360)
    return table
