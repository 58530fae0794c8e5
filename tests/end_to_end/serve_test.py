# rehearse schedule lists the next runs; rehearse serve finishes what a crash left open as it starts, and stops by SIGTERM.
import os
import signal

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


with Shop(rows=500, files=40) as shop:
    original = shop.fingerprint()
    done = shop.rehearse("enroll", ENVIRONMENT)
    if promise("enrolled", done.code == 0, done):
        section(schedule, shop)
        section(serving, shop, original)
conclude()
