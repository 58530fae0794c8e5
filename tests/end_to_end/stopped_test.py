# An orchestrator that is stopped beyond its lease (SIGSTOP: a suspended machine, a debugger) is ended by its successor before that
# one acts: it would otherwise go on later with what it was about to break. Two real processes, one shop; each round waits for a
# lease to expire. REHEARSE_SEED repeats a run.
import contextlib
import os
import random
import signal
import subprocess
import time

from shop import ENVIRONMENT, Shop, conclude, finish, promise, section, wait_until

SEED = int(os.environ.get("REHEARSE_SEED") or time.time())


def is_stopped(child):
    with open(f"/proc/{child.pid}/stat", encoding="utf-8") as file:
        return file.read().rpartition(")")[2].split()[0] == "T"


def stop(child):
    child.send_signal(signal.SIGSTOP)
    return wait_until(lambda: is_stopped(child), 10)


def succeed(shop, original, child, name):
    """The successor is refused until the lease has expired, then ends the stopped process and finishes its drill."""
    refused = shop.rehearse("resume", "--output", "json")
    if refused.code == 0 and refused.document.get("drills") == []:
        child.send_signal(signal.SIGCONT)
        promise(f"{name}: its drill had just ended", finish(child).code == 0)
        return refused
    promise(f"{name}: while its lease holds, nobody takes over", refused.code != 0 and child.poll() is None, refused)
    tries = [refused]

    def took_over():
        tries.append(shop.rehearse("resume", "--output", "json"))
        return child.poll() is not None
    promise(f"{name}: beyond it, the successor ends it", wait_until(took_over, 90) and child.returncode == -signal.SIGKILL,
            f"{child.poll()}\n{tries[-1]}")
    if child.poll() is None:
        child.kill()
    finish(child)
    promise(f"{name}: and finishes its drill", tries[-1].code in (0, 1) and len(tries[-1].document.get("drills", [])) == 1, tries[-1])
    shop.unchanged(f"{name}: the shop is what it was", original)
    show = shop.json("show", "latest", "--journal")
    promise(f"{name}: proved equal, or never touched", show.get("fidelity", {}).get("equal") is True or show.get("verdict") == "aborted",
            show)
    numbers = [event["sequence"] for event in show.get("journal", [])]
    promise(f"{name}: the journal has no gap", numbers and numbers == list(range(numbers[0], numbers[0] + len(numbers))), numbers)
    return refused


def stopped_with_all_destroyed(shop, original):
    flag = os.path.join(shop.folder, "destroyed")
    shop.playbook("stopped", f'hooks:\n  after_destroy: [ {{ command: [touch, {flag}] }}, {{ command: [sleep, "1"] }} ]\n')
    child = shop.start("run", "stopped", "--yes")
    wait_until(lambda: os.path.exists(flag) or child.poll() is not None)
    promise("all is destroyed, and the orchestrator stands still", stop(child))
    refused = succeed(shop, original, child, "destroyed")
    # Stopped in the middle of a commit it keeps the ledger locked, and not even the drill can be read.
    promise("the refusal names the process, that it is stopped, and what to do", refused.code in (3, 5) and str(child.pid) in refused.err
            and "stopped" in refused.err and ("rehearse halt" in refused.err or "rehearse resume" in refused.err), refused)


def stopped_anywhere(shop, original):
    print(f"REHEARSE_SEED={SEED}", flush=True)
    began = time.monotonic()
    done = shop.rehearse("run", "plain", "--yes")
    took = time.monotonic() - began
    promise("a drill that nobody stops recovers", done.code == 0, done)
    known = shop.last_drill()
    child = shop.start("run", "plain", "--yes")
    wait_until(lambda: shop.last_drill() != known or child.poll() is not None)
    with contextlib.suppress(subprocess.TimeoutExpired):
        child.wait(random.Random(SEED).uniform(0.0, 0.6 * took))
    if child.poll() is not None:
        promise("it ended before it could be stopped", finish(child).code == 0)
        return
    stop(child)
    succeed(shop, original, child, "anywhere")


def next_drill(shop):
    done = shop.rehearse("doctor")
    promise("the ledger and the snapshots are whole after all of it", done.code == 0, done)
    done = shop.rehearse("run", "plain", "--yes")
    promise("and the next drill recovers", done.code == 0, done)


with Shop(rows=500, files=40) as shop:
    original = shop.fingerprint()
    done = shop.rehearse("enroll", ENVIRONMENT)
    shop.playbook("plain")
    if promise("enrolled", done.code == 0, done):
        section(stopped_with_all_destroyed, shop, original)
        section(stopped_anywhere, shop, original)
        section(next_drill, shop)
conclude()
