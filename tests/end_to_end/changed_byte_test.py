# One changed byte in the restored tree is found, named, and quarantines the shop, until a person ends that.
import os

from shop import ENVIRONMENT, Shop, conclude, promise, section

FLIP = "import sys; f = open(sys.argv[1], 'r+b'); b = f.read(1); f.seek(0); f.write(bytes([b[0] ^ 1]))"


def changed_byte(shop):
    name = "catalogue/000/product-00007.json"
    victim = os.path.join(shop.config, name)
    hook = f'hooks:\n  after_restore: [ {{ command: [python3, -c, "{FLIP}", "{victim}"] }} ]\n'
    shop.playbook("flip", hook)
    alarm = os.path.join(shop.folder, "alarm")
    done = shop.rehearse("run", "flip", "--yes", "--output", "json")
    drill = done.document
    promise("a changed byte: recovered_different, exit 1", done.code == 1 and drill.get("verdict") == "recovered_different", done)
    differences = str(drill.get("fidelity", {}).get("differences"))
    promise("the file is named, and no other", name in differences and differences.count("product-") == 1, differences)
    promise("the alarm was called, with the drill in its text", os.path.exists(alarm) and drill.get("drill", "?") in
            open(alarm, encoding="utf-8").read(), done)
    done = shop.rehearse("diff", ENVIRONMENT, f"refs/drills/{drill.get('drill')}/before")
    promise("diff names it, too", done.code == 1 and name in done.out, done)
    shop.playbook("plain")
    before = shop.fingerprint()
    done = shop.rehearse("run", "plain", "--yes")
    promise("the next run is refused: quarantined", done.code == 3 and "quarantine" in done.out + done.err, done)
    shop.unchanged("and touches nothing", before)
    done = shop.rehearse("gate", ENVIRONMENT)
    promise("the gate is closed", done.code == 1 and "quarantined" in done.out, done)
    done = shop.rehearse("doctor")
    promise("doctor tells of the quarantine", "quarantine" in done.out, done)


def clearing(shop, original):
    done = shop.rehearse("clear", ENVIRONMENT, "--reason", "seen", environment={"REHEARSE_ACTOR_KIND": "automation"})
    promise("automation can't clear it", done.code == 3, done)
    done = shop.rehearse("clear", ENVIRONMENT, "--reason", " ")
    promise("nor anybody without a reason", done.code == 2, done)
    done = shop.rehearse("run", "plain", "--yes")
    promise("it is still quarantined", done.code == 3, done)
    subject = os.path.join(shop.config, "catalogue/000/product-00007.json")
    done = shop.rehearse("clear", ENVIRONMENT, "--reason", "looked at it")
    promise("a person with a reason can", done.code == 0, done)
    done = shop.rehearse("run", "plain", "--yes")
    promise("then drills run again", done.code == 0, done)
    promise("the state with the changed byte was what that one restored", os.path.exists(subject))
    first = [line for line in shop.rehearse("snapshots", ENVIRONMENT, "--limit", "0", "--output", "json").document["snapshots"]][-1]
    done = shop.rehearse("restore", ENVIRONMENT, first.get("commit") or first.get("id") or first.get("snapshot"), "--yes")
    promise("restore brings the first state back", done.code == 0, done)
    shop.unchanged("byte for byte", original)


with Shop(rows=500, files=40) as shop:
    original = shop.fingerprint()
    done = shop.rehearse("enroll", ENVIRONMENT)
    if promise("enrolled", done.code == 0, done):
        section(changed_byte, shop)
        section(clearing, shop, original)
conclude()
