# The first drill: a shop is enrolled, planned, deleted, brought back and proved equal; every command that shows something
# about it, and refusals that touch nothing.
import json
import os
import re
import subprocess
import xml.etree.ElementTree as ElementTree

from shop import ENVIRONMENT, Shop, conclude, promise, section


def git(shop, *arguments):
    return subprocess.run(["git", "-c", "safe.directory=*", "-C", shop.path(".rehearse/snapshots.git"), *arguments],
                          capture_output=True, text=True)


def before_the_first_drill(shop):
    for command in ("check", "doctor", "adapters"):
        done = shop.rehearse(command)
        promise(f"{command}: 0", done.code == 0, done)
    done = shop.rehearse("check")
    promise("check makes no state", not os.path.exists(shop.path(".rehearse")), done)
    document = shop.json("adapters")
    names = re.findall(r'"(files|postgresql|process)"', json.dumps(document))
    promise("adapters names them all", {"files", "postgresql", "process"} <= set(names), document)
    done = shop.rehearse("run", "delete-and-recreate", "--yes")
    promise("a run before enroll is refused", done.code == 3 and "rehearse enroll" in done.out, done)
    done = shop.rehearse("gate", ENVIRONMENT)
    promise("gate before the first drill: 1, with the reason", done.code == 1 and done.out.startswith("closed"), done)
    done = shop.rehearse("enroll", ENVIRONMENT)
    promise("enroll: 0", done.code == 0, done)


def the_first_drill(shop, original):
    plan = shop.rehearse("plan", "delete-and-recreate", "--release", "v1.4.2", "--output", "json")
    promise("plan: 0 and one JSON document", plan.code == 0 and plan.document.get("interlocks"), plan)
    found = re.search(r"sha256:[0-9a-f]{64}", plan.out)
    promise("the plan names its hash", found, plan)
    promise("the plan names every item", "public.payments" in plan.out and "product-00001.json" in plan.out, plan)
    again = shop.rehearse("plan", "delete-and-recreate", "--release", "v1.4.2", "--output", "json")
    promise("the same plan has the same hash", found and found.group() in again.out, again)
    shop.unchanged("planning touched nothing", original)

    done = shop.rehearse("run", "delete-and-recreate")
    promise("run without a terminal and without --yes: 2", done.code == 2 and "--yes" in done.err, done)
    done = shop.rehearse("run", "delete-and-recreate", "--yes", "--plan-hash", "sha256:" + "0" * 64)
    promise("run with another plan hash: 3", done.code == 3 and "plan" in done.err, done)
    shop.unchanged("and neither touched anything", original)

    done = shop.rehearse("run", "delete-and-recreate", "--yes", "--plan-hash", found.group(), "--release", "v1.4.2",
                         "--output", "json")
    drill = done.document
    promise("the first drill: exit 0", done.code == 0, done)
    promise("rehearse.drill/v1", drill.get("schema") == "rehearse.drill/v1", done)
    promise("recovered", drill.get("verdict") == "recovered", done)
    for target in ("recovery_time", "recovery_point"):
        promise(f"{target}: measured, and the target met",
                drill.get(target, {}).get("met") is True and isinstance(drill[target].get("actual_ms"), (int, float)),
                drill.get(target))
    promise("proved equal", drill.get("fidelity", {}).get("equal") is True and
            drill["fidelity"]["before"] == drill["fidelity"]["after"], drill.get("fidelity"))
    promise("every resource was destroyed and came back", sorted((r["resource"], r["equal"], r["items_destroyed"] > 0)
            for r in drill.get("resources", [])) == [(name, True, True) for name in sorted(("config", "frontend", "orders"))],
            drill.get("resources"))
    clocks = drill.get("clocks", {})
    order = ["damage_began_ms", "destruction_proven_ms", "restore_began_ms", "restored_ms", "verified_ms"]
    promise("the clocks are in order", all(isinstance(clocks.get(name), (int, float)) for name in order) and
            [clocks[name] for name in order] == sorted(clocks[name] for name in order), clocks)
    promise("the outage was detected and ended", isinstance(clocks.get("detected_ms"), (int, float)) and
            isinstance(clocks.get("serving_ms"), (int, float)), clocks)
    promise("who, where, which versions, which release", drill.get("actor") == {"name": "tester", "kind": "person"} and
            drill.get("host") and drill.get("versions") and drill.get("release", {}).get("id") == "v1.4.2", drill)
    section(order_of_steps, drill)
    shop.unchanged("the shop is what it was, as PostgreSQL and the file system say", original)
    return drill


def order_of_steps(drill):
    def span(stage, resource):
        found = [step for step in drill["steps"] if step["stage"] == stage and resource in step.get("resource", step["step"])]
        return min(step["began_ms"] for step in found), max(step["ended_ms"] for step in found)

    promise("dependents are destroyed first", span("destroy", "frontend")[1] <=
            min(span("destroy", "orders")[0], span("destroy", "config")[0]), drill["steps"])
    promise("dependencies come back first", span("restore", "frontend")[0] >=
            max(span("restore", "orders")[1], span("restore", "config")[1]), drill["steps"])


def afterwards(shop, drill):
    show = shop.json("show", drill["drill"])
    promise("show has the same document", show.get("plan_hash") == drill["plan_hash"] and show.get("verdict") == "recovered", show)
    done = shop.rehearse("show", "latest", "--journal")
    promise("show --journal: 0", done.code == 0 and "verified" in done.out, done)
    done = shop.rehearse("history")
    promise("history lists it", done.code == 0 and drill["drill"] in done.out, done)
    done = shop.rehearse("gate", ENVIRONMENT)
    promise("gate: 0 with a fresh drill", done.code == 0 and done.out.startswith("open"), done)
    done = shop.rehearse("gate", ENVIRONMENT, "--release", "v1.4.2")
    promise("gate of the rehearsed release: 0", done.code == 0, done)
    done = shop.rehearse("gate", ENVIRONMENT, "--release", "v9")
    promise("gate of a release that was not rehearsed: 1", done.code == 1 and "v9" in done.out, done)
    done = shop.rehearse("gate", ENVIRONMENT, "--max-age", "1ms")
    promise("gate with a drill that is too old: 1", done.code == 1, done)
    done = shop.rehearse("snapshots", ENVIRONMENT)
    promise("snapshots: 0", done.code == 0 and drill["snapshot"]["commit"][:7] in done.out, done)
    done = shop.rehearse("snapshot", ENVIRONMENT)
    promise("snapshot: 0", done.code == 0, done)
    before = f"refs/drills/{drill['drill']}/before"
    done = shop.rehearse("diff", ENVIRONMENT, before)
    promise("diff of the drill's snapshot and what is live: 0", done.code == 0, done)
    done = shop.rehearse("diff", ENVIRONMENT, before, f"refs/drills/{drill['drill']}/after")
    promise("diff of before and after: 0", done.code == 0, done)
    path = os.path.join(shop.config, "www", "new\nfile")
    with open(path, "w", encoding="utf-8") as file:
        file.write("added")
    done = shop.rehearse("diff", ENVIRONMENT, before)
    promise("diff names what was added, and exits 1", done.code == 1 and "new" in done.out, done)
    done = shop.rehearse("restore", ENVIRONMENT, before, "--yes", "--output", "json")
    promise("restore takes it out again", done.code == 0 and not os.path.exists(path), done)
    done = shop.rehearse("diff", ENVIRONMENT, before)
    promise("and then nothing differs", done.code == 0, done)
    for command in ("doctor", "check"):
        done = shop.rehearse(command)
        promise(f"{command} after the drill: 0", done.code == 0, done)


def git_reads_it(shop, drill):
    ref = f"refs/drills/{drill['drill']}"
    log = git(shop, "log", "--format=%H %s", ENVIRONMENT)
    promise("git log works on the snapshots", log.returncode == 0 and drill["snapshot"]["commit"] in log.stdout, log)
    diff = git(shop, "diff", "--stat", f"{ref}/before", f"{ref}/after", "--", "resources")
    promise("git diff of before and after shows no difference", diff.returncode == 0 and diff.stdout == "", diff)
    listing = git(shop, "ls-tree", "-r", "--name-only", f"{ref}/before")
    promise("git ls-tree shows the files", "shop.conf" in listing.stdout, listing.stdout[:1500])
    fsck = git(shop, "fsck", "--strict", "--full")
    promise("git fsck --strict finds nothing wrong", fsck.returncode == 0, fsck)
    mode = os.stat(shop.path(".rehearse")).st_mode & 0o777
    promise("the state is closed to others", mode == 0o700, oct(mode))


def reports(shop, drill):
    out = os.path.join(shop.folder, "report.html")
    done = shop.rehearse("report", "--format", "html", "--file", out)
    text = open(out, encoding="utf-8").read() if done.code == 0 else ""
    promise("the HTML report names the drill", drill["drill"] in text, done)
    promise("and loads nothing from elsewhere", not re.search(r"""(?:src|href)\s*=\s*["']?https?://""", text), "remote asset")
    done = shop.rehearse("report", "--format", "json")
    promise("the JSON report is one document", done.code == 0 and done.document, done)
    done = shop.rehearse("report", "--format", "junit")
    cases = list(ElementTree.fromstring(done.out).iter("testcase")) if done.code == 0 else []
    promise("the JUnit report has a case, and the release", cases and "v1.4.2" in done.out, done)
    done = shop.rehearse("report", "--format", "html,json,junit", "--directory", shop.folder)
    promise("all three at once", done.code == 0 and os.path.exists(os.path.join(shop.folder, "rehearse-report.xml")), done)


def other_drills(shop, original):
    done = shop.rehearse("run", "lose-one-table", "--yes", "--output", "json")
    promise("one dropped table comes back", done.code == 0 and done.document.get("verdict") == "recovered", done)
    shop.unchanged("and the rest was left alone", original)


with Shop() as shop:
    original = shop.fingerprint()
    section(before_the_first_drill, shop)
    drill = the_first_drill(shop, original)
    if drill.get("drill"):
        for part in (afterwards, git_reads_it, reports):
            section(part, shop, drill)
        section(other_drills, shop, original)
conclude()
