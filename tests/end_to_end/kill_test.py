# Real drills are killed with SIGKILL at random moments, then resumed: the shop equals the snapshot every time, and the
# journal tells the story without a gap. SIGINT and SIGTERM let the restore finish.
# REHEARSE_SEED repeats a run, REHEARSE_KILLS sets how many drills are killed (default 40).
import os
import random
import signal
import time

from shop import ENVIRONMENT, Shop, conclude, end_by, finish, promise, section, wait_until

SEED = int(os.environ.get("REHEARSE_SEED") or time.time())
KILLS = int(os.environ.get("REHEARSE_KILLS") or 40)
PLAYBOOK = "kill"


def gap_free(journal):
    return bool(journal) and [event["sequence"] for event in journal] == list(range(journal[0]["sequence"],
                                                                            journal[0]["sequence"] + len(journal)))


def one_kill(shop, original, chance, longest, number):
    moment = chance.uniform(0.0, 1.1 * longest)
    known = shop.last_drill()
    child = shop.start("run", PLAYBOOK, "--yes")
    time.sleep(moment)
    child.kill()
    killed = finish(child)
    name = f"kill {number} after {moment:.3f} s"
    state = (shop.json("show", "latest") if shop.last_drill() != known else {}).get("state", "")
    resumed = shop.rehearse("resume", "--output", "json")
    drill = shop.last_drill()
    whole = shop.unchanged(f"{name}: the shop is what it was", original)
    if drill == known:
        promise(f"{name}: it had not begun, nothing is left to resume", resumed.code == 0, f"{killed}\n{resumed}")
        return "not begun"
    show = shop.json("show", drill, "--journal")
    verdict = show.get("verdict")
    ended = killed.code == 0
    promise(f"{name}: resumed, and no drill is open", ended or resumed.code in (0, 1) and
            shop.json("resume").get("drills") == [], f"{killed}\n{resumed}")
    untouched = verdict == "aborted" and not show.get("snapshot", {}).get("commit")
    differs = shop.rehearse("diff", ENVIRONMENT, f"refs/drills/{drill}/before") if not untouched else None
    promise(f"{name}: {verdict}; equal to its snapshot, where it had taken one",
            untouched or differs.code == 0 or verdict == "aborted" and "no snapshot" in differs.err, differs)
    promise(f"{name}: proved equal, or never touched", show.get("fidelity", {}).get("equal") is True or verdict == "aborted",
            f"{show.get('fidelity')}\n{resumed}")
    journal = show.get("journal", [])
    promise(f"{name}: its journal has no gap and ends with the verdict", gap_free(journal) and verdict is not None,
            [event["sequence"] for event in journal])
    return f"{verdict} {state}" if whole else "not whole"


def kills(shop, original):
    chance = random.Random(SEED)
    print(f"REHEARSE_SEED={SEED} REHEARSE_KILLS={KILLS}", flush=True)
    took = []
    for _ in range(2):
        began = time.monotonic()
        done = shop.rehearse("run", PLAYBOOK, "--yes")
        took.append(time.monotonic() - began)
        if not promise("a drill that nobody kills recovers", done.code == 0, done):
            return
    ends = {}
    for number in range(1, KILLS + 1):
        end = one_kill(shop, original, chance, max(took), number)
        ends[end] = ends.get(end, 0) + 1
        if end == "not whole":
            break
    print(f"{KILLS} kills: {ends}", flush=True)
    done = shop.rehearse("doctor")
    promise("the ledger and the snapshots are whole after all of it", done.code == 0, done)
    done = shop.rehearse("run", PLAYBOOK, "--yes")
    promise("and the next drill recovers", done.code == 0, done)


def signals(shop, original):
    for number in (signal.SIGINT, signal.SIGTERM):
        name = signal.Signals(number).name
        flag = os.path.join(shop.folder, f"destroyed-{name}")
        shop.playbook("stop", f'hooks:\n  after_destroy: [ {{ command: [touch, {flag}] }}, {{ command: [sleep, "0.3"] }} ]\n')
        child = shop.start("run", "stop", "--yes", "--output", "json")
        wait_until(lambda: os.path.exists(flag) or child.poll() is not None)
        done = end_by(child, number)
        promise(f"{name} in mid drill: 130, after the restore", done.code == 130, done)
        promise(f"{name}: the drill was finished and proved equal", done.document.get("fidelity", {}).get("equal") is True, done)
        shop.unchanged(f"{name}: the shop is what it was", original)
        done = shop.rehearse("resume")
        promise(f"{name}: nothing is left open", done.code == 0 and "Nothing" in done.out, done)


with Shop(rows=500, files=40) as shop:
    original = shop.fingerprint()
    done = shop.rehearse("enroll", ENVIRONMENT)
    shop.playbook(PLAYBOOK)
    if promise("enrolled", done.code == 0, done):
        section(signals, shop, original)
        section(kills, shop, original)
conclude()
