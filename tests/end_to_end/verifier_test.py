# A pass says whether its verifier was ever seen to fail: one item of each resource of a real shop is broken once more and put
# back. A playbook that accepts every difference makes the verifier blind, and that is found.
import signal

from shop import ENVIRONMENT, Shop, conclude, end_by, promise, section


def unasked(shop):
    shop.playbook("plain")
    done = shop.rehearse("run", "plain", "--yes", "--output", "json")
    fidelity = done.document.get("fidelity", {})
    promise("not asked for: the pass is printed as unproven", done.code == 0 and fidelity.get("verifier") == "unproven", done)
    done = shop.rehearse("show", shop.last_drill())
    promise("in the text, too", "unproven" in done.out, done)


def checked(shop, original):
    done = shop.rehearse("plan", "plain", "--check-verifier", "--output", "json")
    plain = shop.rehearse("plan", "plain", "--output", "json")
    promise("it is in the plan, and in its hash", done.document["hash"] != plain.document["hash"] and
            done.document["plan"]["verify"]["check_verifier"] is True, done)
    done = shop.rehearse("plan", "plain", "--check-verifier")
    promise("the plan says so, and how to run it", "once more" in done.out and "--check-verifier" in done.out, done)
    done = shop.rehearse("run", "plain", "--yes", "--check-verifier", "--output", "json")
    drill = done.document
    fidelity = drill.get("fidelity", {})
    promise("a good verifier is seen to fail, and the drill recovers",
            done.code == 0 and drill["verdict"] == "recovered" and fidelity["verifier"] == "checked" and fidelity["equal"], done)
    broken = {one["resource"]: one for one in fidelity.get("perturbed", [])}
    promise("in each resource that was destroyed", set(broken) == {step["resource"] for step in drill["steps"]
                                                                   if step["stage"] == "destroy"}, fidelity)
    promise("and it told each", all(one["seen"] for one in broken.values()), broken)
    later = [step for step in drill["steps"] if step["stage"] in ("perturb", "put_back")]
    promise("after every clock was read", later and all(step["began_ms"] >= drill["clocks"]["serving_ms"] and step["began_ms"] >=
                                                        drill["clocks"]["verified_ms"] for step in later), drill["clocks"])
    shop.unchanged("the shop is whole", original)
    done = shop.rehearse("report", "--format", "html,junit", "--directory", shop.folder)
    for kind in ("html", "xml"):
        with open(f"{shop.folder}/rehearse-report.{kind}", encoding="utf-8") as file:
            promise(f"the {kind} report says so", "checked: it saw that" in file.read(), done)
    done = shop.rehearse("show", drill["drill"])
    promise("show says what it saw", "checked" in done.out and broken["config"]["item"] in done.out, done)


def blind(shop, original):
    shop.playbook("blind", replace=[("verify: { fidelity: exact,", 'verify: { fidelity: exact, accept: ["config/*"],')])
    done = shop.rehearse("run", "blind", "--yes")
    promise("unasked, nobody sees that it would accept anything", done.code == 0 and "unproven" in done.out + done.err, done)
    done = shop.rehearse("run", "blind", "--yes", "--check-verifier", "--output", "json")
    drill = done.document
    promise("a verifier that accepts everything is no pass", done.code == 1 and drill["verdict"] == "inconclusive", done)
    promise("it is called blind, in config alone", drill["fidelity"]["verifier"] == "blind" and
            {one["resource"] for one in drill["fidelity"]["perturbed"] if not one["seen"]} == {"config"}, drill["fidelity"])
    promise("the finding names it", any("blind to config" in str(finding) for finding in drill["findings"]), drill["findings"])
    shop.unchanged("the shop is whole all the same", original)
    done = shop.rehearse("run", "plain", "--yes")
    promise("no drill starts until a person looked", done.code == 3, done)
    done = shop.rehearse("clear", ENVIRONMENT, "--reason", "the playbook accepts too much")
    promise("then one does", done.code == 0 and shop.rehearse("run", "plain", "--yes").code == 0, done)


def killed(shop, original):
    """Killed when the first item was broken for the check: it is put back by resume, which checks nothing."""
    for _ in range(5):
        child = shop.start("run", "plain", "--yes", "--check-verifier")
        seen = next((line for line in child.stderr if "perturb-" in line), "")
        if end_by(child, signal.SIGKILL).code != 0:  # else it had ended before
            break
    promise("killed right after something was broken for the check", seen and child.returncode == -signal.SIGKILL, seen)
    done = shop.rehearse("resume", "--output", "json")
    promise("resume finishes the drill", done.code == 0, done)
    shop.unchanged("and the shop is whole", original)
    done = shop.rehearse("show", shop.last_drill(), "--output", "json")
    drill = done.document.get("result", done.document)
    promise("it recovered, in the time that was measured before", drill["verdict"] == "recovered" and
            drill["clocks"]["serving_ms"] <= min(step["began_ms"] for step in drill["steps"] if step["stage"] == "perturb"), done)
    promise("its verifier is unproven", drill["fidelity"]["verifier"] == "unproven" and drill["fidelity"]["equal"] is True, done)


with Shop(rows=300, files=30) as shop:
    original = shop.fingerprint()
    done = shop.rehearse("enroll", ENVIRONMENT)
    if promise("enrolled", done.code == 0, done):
        section(unasked, shop)
        section(checked, shop, original)
        section(killed, shop, original)
        section(blind, shop, original)
conclude()
