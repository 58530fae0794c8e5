# Whatever changes the shop is killed with SIGKILL at random moments, and so is what resumes it: the shop equals the snapshot
# every time, the journal tells the story without a gap, and nothing is left over. SIGINT and SIGTERM let the restore finish.
# REHEARSE_SEED repeats a run, REHEARSE_KILLS sets how many commands are killed (default 60).
import os
import random
import signal
import subprocess
import time

from shop import ENVIRONMENT, Shop, conclude, end_by, finish, promise, section, wait_until

SEED = int(os.environ.get("REHEARSE_SEED") or time.time())
KILLS = int(os.environ.get("REHEARSE_KILLS") or 60)
PLAYBOOK = "kill"


def gap_free(journal):
    return bool(journal) and [event["sequence"] for event in journal] == list(range(journal[0]["sequence"],
                                                                            journal[0]["sequence"] + len(journal)))


def kill(shop, chance, longest, *arguments):
    """Starts the command and kills it at a random moment: (when, what it had printed)."""
    moment = chance.uniform(0.0, 1.1 * longest)
    child = shop.start(*arguments)
    time.sleep(moment)
    child.kill()
    return moment, finish(child)


def resume(shop, chance, longest):
    """Every second time the resuming is killed, too, up to three times, before it may end."""
    kills = chance.choice([0, 0, 0, 1, 2, 3])
    for _ in range(kills):
        kill(shop, chance, longest, "resume")
    return kills, shop.rehearse("resume", "--output", "json")


def drill_killed(shop, original, chance, longest, number, playbook):
    known = shop.last_drill()
    moment, killed = kill(shop, chance, longest, "run", playbook, "--yes")
    name = f"kill {number}, {playbook} after {moment:.3f} s"
    state = (shop.json("show", "latest") if shop.last_drill() != known else {}).get("state", "")
    kills, resumed = resume(shop, chance, longest)
    name += f", and {kills} while it resumed"
    drill = shop.last_drill()
    whole = shop.unchanged(f"{name}: the shop is what it was", original)
    if drill == known:
        promise(f"{name}: it had not begun, nothing is left to resume", resumed.code == 0, f"{killed}\n{resumed}")
        return "not begun"
    show = shop.json("show", drill, "--journal")
    verdict = show.get("verdict")
    ended = killed.code == 0 or kills > 0  # a resume that was killed may have ended it before
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


def restore_killed(shop, original, chance, longest, number, commit):
    """Somebody broke something, and the emergency restore is killed: pressed again, it brings all of it back."""
    os.unlink(chance.choice(sorted(os.path.join(folder, name) for folder, _, names in os.walk(shop.config) for name in names)))
    shop.sql(chance.choice(["delete from payments", "drop view open_orders cascade", "update customers set name = 'gone'"]))
    moment, _ = kill(shop, chance, longest, "restore", ENVIRONMENT, commit, "--yes")
    done = shop.rehearse("restore", ENVIRONMENT, commit, "--yes")
    name = f"kill {number}, restore after {moment:.3f} s"
    promise(f"{name}: pressed again, it ends well", done.code == 0, done)
    return "restored" if shop.unchanged(f"{name}: the shop is what it was", original) else "not whole"


def snapshot_killed(shop, original, chance, longest, number):
    moment, _ = kill(shop, chance, longest, "snapshot", ENVIRONMENT)
    name = f"kill {number}, snapshot after {moment:.3f} s"
    done = shop.rehearse("snapshot", ENVIRONMENT, "--output", "json")
    promise(f"{name}: the next one is taken", done.code == 0, done)
    differs = shop.rehearse("diff", ENVIRONMENT, "latest")
    promise(f"{name}: and equals what is live", differs.code == 0, differs)
    return "taken" if shop.unchanged(f"{name}: the shop is what it was", original) else "not whole"


def works_in(line, folder):
    """Whether the process of a line of ps works in that folder; other tests run the same binary beside this one."""
    return os.path.realpath(f"/proc/{line.split()[0]}/cwd") == os.path.realpath(folder)


def nothing_left_over(shop):
    """No half-made object, process of ours or second server of the shop's; scratch databases go with the next snapshot."""
    done = shop.rehearse("snapshot", ENVIRONMENT)
    promise("a snapshot is taken after these kills", done.code == 0, done)
    fsck = subprocess.run(["git", "-C", shop.path(".rehearse/snapshots.git"), "fsck", "--full", "--strict"], capture_output=True,
                          text=True, check=False)
    promise("git fsck finds nothing", fsck.returncode == 0 and "missing" not in fsck.stdout, fsck.stdout + fsck.stderr)
    scratch = shop.sql("select datname from pg_database where datname like 'rehearse%'", "SHOP_RESTORE_CONNECTION")
    promise("no scratch database is left", scratch == "", scratch)
    processes = subprocess.run(["ps", "-eo", "pid,args"], capture_output=True, text=True, check=True).stdout.split("\n")
    ours = [line for line in processes if line.split()[1:2] == [shop.binary] and works_in(line, shop.workspace)]
    promise("no process of ours runs on", not ours, ours)
    masters = [line for line in processes if "nginx: master" in line and works_in(line, shop.shop)]
    promise("the shop has one web server", len(masters) == 1, masters)


def kills(shop, original):
    chance = random.Random(SEED)
    print(f"REHEARSE_SEED={SEED} REHEARSE_KILLS={KILLS}", flush=True)
    longest = {}
    for playbook in (PLAYBOOK, PLAYBOOK, "bad-release"):
        began = time.monotonic()
        done = shop.rehearse("run", playbook, "--yes")
        longest[playbook] = max(longest.get(playbook, 0), time.monotonic() - began)
        if not promise(f"{playbook} that nobody kills recovers", done.code == 0, done):
            return
    commit = shop.json("snapshot", ENVIRONMENT).get("commit", "")
    ends = {}
    for number in range(1, KILLS + 1):
        what = chance.choices(["drill", "rollback", "restore", "snapshot"], [12, 4, 3, 1])[0]
        if what == "restore":
            end = restore_killed(shop, original, chance, longest[PLAYBOOK], number, commit)
        elif what == "snapshot":
            end = snapshot_killed(shop, original, chance, longest[PLAYBOOK] / 2, number)
        else:
            playbook = PLAYBOOK if what == "drill" else "bad-release"
            end = drill_killed(shop, original, chance, longest[playbook], number, playbook)
        ends[end] = ends.get(end, 0) + 1
        if end == "not whole":
            break
        if number % 20 == 0:
            nothing_left_over(shop)
    print(f"{KILLS} kills: {ends}", flush=True)
    nothing_left_over(shop)
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
