# rehearse schedule lists the next runs; rehearse serve finishes what a crash left open as it starts, and stops by SIGTERM.
import json
import os
import signal
import time

from shop import ENVIRONMENT, Shop, conclude, end_by, finish, promise, section, wait_until


def schedule(shop):
    shop.playbook("nightly", 'schedule: { cron: "0 3 * * 2", timezone: Europe/Berlin }\n')
    document = shop.json("schedule", "--count", "5")
    runs = document.get("next", [])
    promise("schedule lists the next runs", len(runs) == 5 and all(run["playbook"] == "nightly" for run in runs), document)
    promise("each later than the one before", [run["due"] for run in runs] == sorted({run["due"] for run in runs}), document)


def serving(shop, original):
    flag = os.path.join(shop.folder, "destroyed")
    shop.playbook("slow", f'hooks:\n  after_destroy: [ {{ command: [touch, {flag}] }}, {{ command: [sleep, "30"] }} ]\n')
    child = shop.start("run", "slow", "--yes")
    if not promise("a drill destroys", wait_until(lambda: os.path.exists(flag) or child.poll() is not None) and
                   child.poll() is None):
        return
    child.kill()
    finish(child)
    promise("it was killed in mid drill", not os.listdir(shop.config), os.listdir(shop.config))
    slow = shop.read("playbooks/slow.yaml")
    shop.write("playbooks/slow.yaml", slow.replace(', { command: [sleep, "30"] }', ""))
    server = shop.start("serve")
    lines = []
    for line in server.stderr:
        lines.append(line)
        if line.startswith("serving "):
            break
    promise("serve resumes the open drill as it starts", any("resumed drill" in line for line in lines), "".join(lines))
    shop.unchanged("and the shop is what it was, before it serves", original)
    done = end_by(server, signal.SIGTERM, 30)
    promise("SIGTERM stops it", done.code == 0, done)
    done = shop.rehearse("resume")
    promise("nothing is left open", done.code == 0 and "Nothing" in done.out, done)


def due_at_once(shop, name, text=""):
    """A playbook that is due every minute and was watched when this one began: serve has one to run as it starts."""
    shop.playbook(name, 'schedule: { cron: "* * * * *" }\n' + text)
    since = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(time.time() // 60 * 60 - 1))
    shop.write(".rehearse/schedules.json", json.dumps({name: {"schedule": "* * * * * UTC", "watched_since": since}}))


def rows(shop, name):
    return [row for row in shop.json("schedule").get("last", []) if row["playbook"] == name]


def due_drills(shop, original):
    """What became of each due time is on record, whatever happened to `serve` meanwhile."""
    os.remove(shop.path("playbooks/nightly.yaml"))
    due_at_once(shop, "minutely")
    server = shop.start("serve")
    promise("serve runs what is due", wait_until(lambda: any(row["reason"] == "recovered" for row in rows(shop, "minutely"))),
            rows(shop, "minutely"))
    done = end_by(server, signal.SIGTERM, 60)
    promise("and stops", done.code == 0, done)
    ran = [row for row in rows(shop, "minutely") if row["fate"] == "ran"]
    promise("the row names the drill", ran and all(shop.json("show", row["drill"]).get("verdict") == "recovered" for row in ran), ran)
    shop.unchanged("the shop is what it was", original)
    os.remove(shop.path("playbooks/minutely.yaml"))


def killed_in_a_drill(shop, original):
    flag = os.path.join(shop.folder, "due-destroyed")
    due_at_once(shop, "killed", f'hooks:\n  after_destroy: [ {{ command: [touch, {flag}] }}, {{ command: [sleep, "30"] }} ]\n')
    server = shop.start("serve")
    promise("a due drill destroys", wait_until(lambda: os.path.exists(flag)))
    server.kill()
    finish(server)
    promise("its row says no more than that it was begun", "begun" in [row["reason"] for row in rows(shop, "killed")],
            rows(shop, "killed"))
    shop.write("playbooks/killed.yaml", shop.read("playbooks/killed.yaml").replace(', { command: [sleep, "30"] }', ""))
    server = shop.start("serve")
    settled = wait_until(lambda: all(row["reason"] != "begun" for row in rows(shop, "killed")))
    server.send_signal(signal.SIGTERM)
    done = finish(server, 60)
    ran = [row for row in rows(shop, "killed") if row["fate"] == "ran"]
    promise("the next serve finishes the drill, and its row names it", settled and ran and
            all(shop.json("show", row["drill"]).get("verdict") == row["reason"] for row in ran), f"{rows(shop, 'killed')}\n{done}")
    shop.unchanged("the shop is what it was after it", original)
    os.remove(shop.path("playbooks/killed.yaml"))


def killed_before_a_drill(shop, original):
    """The database server stands still, so that the plan takes its time: the row is there, and the drill is not."""
    with open(os.path.join(shop.shop, "postgresql/data/postmaster.pid"), encoding="utf-8") as file:
        master = int(file.readline())
    due_at_once(shop, "early")
    os.kill(master, signal.SIGSTOP)
    try:
        server = shop.start("serve")
        promise("a due drill is begun", wait_until(lambda: "begun" in [row["reason"] for row in rows(shop, "early")]))
        server.kill()
        finish(server)
    finally:
        os.kill(master, signal.SIGCONT)
    shop.write("playbooks/early.yaml", shop.read("playbooks/early.yaml").replace('cron: "* * * * *"', 'cron: "0 3 * * 2"'))
    server = shop.start("serve")
    settled = wait_until(lambda: all(row["reason"] != "begun" for row in rows(shop, "early")))
    done = end_by(server, signal.SIGTERM, 60)
    told = [row for row in rows(shop, "early") if "before its drill began" in row["reason"]]
    promise("a due time whose drill never began was missed, and says why", settled and told and
            all(row["fate"] == "missed" and not row["drill"] for row in told), f"{rows(shop, 'early')}\n{done}")
    shop.unchanged("the shop is what it was all along", original)


with Shop(rows=500, files=40) as shop:
    original = shop.fingerprint()
    done = shop.rehearse("enroll", ENVIRONMENT)
    if promise("enrolled", done.code == 0, done):
        section(schedule, shop)
        section(serving, shop, original)
        section(due_drills, shop, original)
        section(killed_in_a_drill, shop, original)
        section(killed_before_a_drill, shop, original)
conclude()
