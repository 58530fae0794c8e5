# kind rollback: what the team's own rollback leaves behind is listed, item by item, and then restored.
import os

from shop import ENVIRONMENT, Shop, conclude, promise, section


def a_clean_rollback(shop, original):
    done = shop.rehearse("run", "bad-release", "--yes", "--release", "2.0", "--output", "json")
    drill = done.document
    promise("the release goes wrong and is rolled back", drill.get("kind") == "rollback" and done.code in (0, 1), done)
    promise("the release is recorded", drill.get("release", {}).get("id") == "2.0", drill.get("release"))
    promise("the time to roll back is measured against its target", drill.get("recovery_time", {}).get("actual_ms") is not None
            and drill["recovery_time"].get("met") is True, drill.get("recovery_time"))
    promise("in the end all is equal", drill.get("fidelity", {}).get("equal") is True, drill.get("fidelity"))
    shop.unchanged("and the shop is what it was", original)
    done = shop.rehearse("report", "--format", "junit")
    promise("the release is in JUnit", done.code == 0 and "2.0" in done.out, done)


def residue(shop, original):
    leaf = os.path.join(shop.config, "www", "release-notes.txt")
    body = shop.read("playbooks/bad-release.yaml").replace("playbook: bad-release", "playbook: leftover").replace(
        "change:\n", f'change:\n  - {{ command: [cp, /etc/hostname, "{leaf}"] }}\n')
    shop.write("playbooks/leftover.yaml", body)
    done = shop.rehearse("run", "leftover", "--yes", "--output", "json")
    drill = done.document
    promise("what the rollback left behind is listed", "release-notes.txt" in str(drill), done)
    promise("and it is a finding, not a success", done.code == 1 and drill.get("verdict") == "recovered_different", done)
    promise("and then taken out", not os.path.exists(leaf), done)
    shop.unchanged("and the shop is what it was", original)


with Shop(rows=500, files=40) as shop:
    original = shop.fingerprint()
    done = shop.rehearse("enroll", ENVIRONMENT)
    if promise("enrolled", done.code == 0, done):
        section(a_clean_rollback, shop, original)
        section(residue, shop, original)
conclude()
