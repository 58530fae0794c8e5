#!/usr/bin/env python3
# Approvals and the policy from end to end: the built binary, real keys, ssh-keygen and ssh-agent. A plan that needs two
# people runs with two, and with nothing less; what was approved once is approved once.
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

from shop import Result, conclude, promise, section, skip

POLICY = """\
policy: shop
persons:
  ada:  { accounts: [ada],  principals: [ada@example.org] }
  ben:  { accounts: [ben],  principals: [ben@example.org] }
  cleo: { accounts: [cleo], principals: [cleo@example.org] }
  dora: { accounts: [dora], principals: [dora@example.org] }
automations:
  robot:    { accounts: [robot], principals: [robot@example.org] }
  schedule: {}
roles:
  operators: { members: [ada, robot, schedule] }
  approvers: { members: [ada, ben, cleo, robot] }
may:
  propose: [operators]
  approve: [approvers]
  run: [operators]
  clear: [approvers]
  lift: [approvers]
environments:
  example: { approvals: 2 }
caps:
  automations: { max_items: 1000 }
"""
PEOPLE = ["ada", "ben", "cleo", "dora", "robot", "mallory"]


class Workspace:
    def __enter__(self):
        if len(sys.argv) < 2 or not os.access(sys.argv[1], os.X_OK):
            sys.exit("usage: FILE_test.py PATH-OF-REHEARSE")
        if not shutil.which("ssh-keygen") or not shutil.which("ssh-agent"):
            skip("openssh-client")
        self.binary = os.path.abspath(sys.argv[1])
        self.folder = tempfile.mkdtemp(prefix="rehearse-approval.", dir="/var/tmp")
        self.place = os.path.join(self.folder, "w")
        self.environment = {name: value for name, value in os.environ.items()
                            if not name.startswith(("REHEARSE_", "SSH_")) and name not in ("CI", "INVOCATION_ID")}
        self.environment.update(REHEARSE_HOST_DIRECTORY=os.path.join(self.folder, "host"))
        for name in PEOPLE:
            self.make_key(name)
        self.by("ada", "init", self.place, cwd=self.folder)
        self.environment_name = re.search(r"^environment: (\S+)", self.text(self.first("environments")), re.M)[1]
        self.playbook = re.search(r"^playbook: (\S+)", self.text(self.first("playbooks")), re.M)[1]
        self.write("policy.yaml", POLICY.replace("  example:", f"  {self.environment_name}:"))
        self.write("allowed_signers", "".join(self.signer(name) for name in PEOPLE if name != "mallory"))
        return self

    def __exit__(self, *_):
        subprocess.run(["chmod", "-R", "u+w", self.folder], capture_output=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def first(self, folder):
        return sorted(os.path.join(self.place, folder, name) for name in os.listdir(os.path.join(self.place, folder))
                      if name.endswith(".yaml"))[0]

    def text(self, path):
        with open(path) as file:
            return file.read()

    def write(self, name, text):
        with open(os.path.join(self.place, name), "w") as file:
            file.write(text)

    def key(self, name):
        return os.path.join(self.folder, f"key_{name}")

    def make_key(self, name, *options):
        subprocess.run(["ssh-keygen", "-q", *(options or ("-t", "ed25519")), "-N", "", "-C", name, "-f", self.key(name)],
                       check=True)

    def signer(self, name, options=""):
        return f"{name}@example.org {options}{' ' if options else ''}{self.text(self.key(name) + '.pub')}"

    def by(self, who, *arguments, environment=None, cwd=None):
        kind = "automation" if who in ("robot", "schedule") else "person"
        done = subprocess.run([self.binary, *arguments], cwd=cwd or self.place, stdin=subprocess.DEVNULL, text=True,
                              capture_output=True, timeout=120,
                              env={**self.environment, "REHEARSE_ACTOR": who, "REHEARSE_ACTOR_KIND": kind,
                                   **(environment or {})})
        return Result(arguments, done.returncode, done.stdout, done.stderr)

    def plan(self, who="ada", *more):
        result = self.by(who, "plan", self.playbook, "--output", "json", *more)
        return result.document.get("hash", ""), result

    def approve(self, who, subject, key=None, *more):
        return self.by(who, "approve", subject, "--yes", "--key", self.key(key or who), "--output", "json", *more)

    def run(self, who, *more):
        return self.by(who, "run", self.playbook, "--yes", "--output", "json", *more)

    def refusal(self, result):
        return [lock["interlock"] for lock in result.document.get("interlocks", []) if not lock["passed"]]


def adopting(w):
    promise("a workspace with a policy that nobody adopted refuses to run",
            "never adopted" in w.by("ada", "plan", w.playbook).err, w.by("ada", "plan", w.playbook))
    promise("automation does not adopt the first policy", w.by("robot", "policy", "adopt", "--yes").code == 3)
    checked = w.by("ada", "check")
    promise("check explains the policy", checked.code == 0 and "may approve: ada, ben, cleo, robot" in checked.out, checked)
    adopted = w.by("ada", "policy", "adopt", "--yes")
    promise("a person adopts it", adopted.code == 0, adopted)
    enrolled = w.by("ada", "enroll", w.environment_name)
    promise("enrolling still works", enrolled.code == 0, enrolled)


def two_of_two(w):
    subject, planned = w.plan()
    promise("a plan that needs two approvals waits", planned.code == 3 and "0 of 2 approvals" in planned.err, planned)
    listed = w.by("ben", "approve")
    promise("what waits is listed", subject in listed.out, listed)
    run = w.run("ada")
    promise("it does not run with none", run.code == 3 and "approvals" in run.err, run)
    own = w.approve("ada", subject)
    promise("the requester's own approval does not count", own.code == 3 and "who asks" in own.err, own)
    borrowed = w.approve("ben", subject, "ada")
    promise("nor does it from somebody else's account", borrowed.code == 3 and "who asks" in borrowed.err, borrowed)
    robot = w.approve("ben", subject, "robot")
    promise("automation's key does not count", robot.code == 3 and "automation" in robot.err, robot)
    promise("automation does not get to sign", w.approve("robot", subject, "ben").code == 3)
    stranger = w.approve("ben", subject, "mallory")
    promise("a stranger's key does not count", stranger.code == 3 and "nobody's" in stranger.err, stranger)
    unrolled = w.approve("dora", subject)
    promise("a person without the role does not count", unrolled.code == 3 and "may not approve" in unrolled.err, unrolled)
    one = w.approve("ben", subject)
    promise("one approval is one of two", one.code == 0 and one.document["approved_by"] == ["ben"], one)
    shown = w.by("ben", "approve", subject[7:20], "--key", w.key("ben"), "--yes")
    promise("an approver sees every item before signing", "Destroys" in shown.err or "destroy" in shown.err, shown)
    again = w.run("ada")
    promise("the same person twice is one, and the plan does not run", again.code == 3 and "1 of 2 approvals (ben)" in again.err,
            again)
    two = w.approve("cleo", subject)
    promise("another person makes two", two.code == 0 and sorted(two.document["approved_by"]) == ["ben", "cleo"], two)
    promise("another's plan hash does not run", w.run("ada", "--plan-hash", "sha256:" + "0" * 64).code == 3)
    not_runner = w.run("dora")
    promise("who may not run does not run it", not_runner.code == 3 and "may not run" in not_runner.err, not_runner)
    ran = w.run("ada", "--plan-hash", subject)
    promise("with two it runs and recovers", ran.code == 0 and ran.document.get("verdict") == "recovered", ran)
    replay = w.run("ada")
    promise("what was approved once runs once", replay.code == 3 and "approvals" in replay.err, replay)


def denied(w):
    subject, _ = w.plan()
    w.approve("ben", subject)
    w.approve("cleo", subject)
    said_no = w.by("dora", "deny", subject, "--reason", "not during the sale")
    promise("anybody may deny", said_no.code == 0, said_no)
    run = w.run("ada")
    promise("one denial is enough", run.code == 3 and "not during the sale" in run.err, run)
    late = w.approve("ben", subject)
    # The refused run has proposed it anew: its approvals begin at none.
    promise("a denied plan is approved from the start again", late.code == 0 and late.document["approved_by"] == ["ben"], late)
    w.by("dora", "deny", subject)


def elsewhere(w):
    w.plan()
    subject, _ = w.plan()
    file = os.path.join(w.folder, "text")
    w.by("ben", "approve", subject, "--text", file)
    text = json.loads(w.text(file))
    promise("the text says what is approved", text["subject"] == subject and len(text["nonce"]) == 32, text)
    for name_space, good in (("git", False), ("rehearse-approve-v1", True)):
        subprocess.run(["ssh-keygen", "-q", "-Y", "sign", "-n", name_space, "-f", w.key("ben"), file], check=True)
        taken = w.by("ben", "approve", subject, "--yes", "--signature", file + ".sig")
        promise(f"a signature made elsewhere for {name_space} {'counts' if good else 'does not count'}",
                (taken.code == 0) == good, taken)
        os.replace(file + ".sig", file + ".old")
    armored = w.text(file + ".old")
    with open(file + ".cut", "w") as cut:
        cut.write(armored[:len(armored) // 2])
    promise("a cut signature does not count", w.by("cleo", "approve", subject, "--yes", "--signature", file + ".cut").code == 3)
    subprocess.run(["ssh-keygen", "-q", "-Y", "sign", "-n", "rehearse-approve-v1", "-f", w.key("cleo"), "-q"],
                   input=w.text(file), text=True, stdout=open(file + ".sig", "w"), check=True)
    checked = subprocess.run(["ssh-keygen", "-Y", "verify", "-f", os.path.join(w.place, "allowed_signers"), "-I",
                              "cleo@example.org", "-n", "rehearse-approve-v1", "-s", file + ".sig"],
                             input=w.text(file), text=True, capture_output=True)
    promise("ssh-keygen itself verifies it", checked.returncode == 0, checked.stdout + checked.stderr)
    # Replayed against another proposal of the very same plan.
    w.by("dora", "deny", subject)
    w.plan()
    replayed = w.by("cleo", "approve", subject, "--yes", "--signature", file + ".sig")
    promise("a signature is not replayed against a new proposal of the same plan", replayed.code == 3, replayed)
    w.by("dora", "deny", subject)


def agent(w):
    started = subprocess.run(["ssh-agent", "-c"], capture_output=True, text=True, check=True).stdout
    socket, pid = re.search(r"SSH_AUTH_SOCK (\S+);", started)[1], re.search(r"SSH_AGENT_PID (\d+);", started)[1]
    with_agent = {"SSH_AUTH_SOCK": socket, "SSH_AGENT_PID": pid}
    try:
        subprocess.run(["ssh-add", "-q", w.key("ben")], env={**w.environment, **with_agent}, check=True)
        subject, _ = w.plan()
        signed = w.by("ben", "approve", subject, "--yes", "--output", "json", environment=with_agent)
        promise("the agent signs", signed.code == 0 and signed.document["approved_by"] == ["ben"], signed)
        w.by("dora", "deny", subject)
    finally:
        subprocess.run(["ssh-agent", "-k"], env={**w.environment, **with_agent}, capture_output=True)


def changed_policy(w):
    before = w.text(os.path.join(w.place, "policy.yaml"))
    w.write("policy.yaml", before.replace("approvals: 2", "approvals: 0"))
    promise("a changed policy is inert", "of 2 approvals" in w.by("ada", "plan", w.playbook).err)
    waits = w.by("ada", "policy", "adopt")
    promise("and is not adopted without approval", waits.code == 3 and "0 of 1 approvals" in waits.err, waits)
    subject = re.search(r"sha256:[0-9a-f]{64}", waits.err)[0]
    own = w.approve("ada", subject)
    promise("who changes it does not approve it", own.code == 3, own)
    approved = w.approve("ben", subject)
    promise("the approver sees the changed line", re.search(r"^\+ .*approvals: 0", approved.err, re.M), approved)
    adopted = w.by("ada", "policy", "adopt")
    promise("approved under the old one it is adopted", adopted.code == 0, adopted)
    ran = w.run("ada")
    promise("and holds", ran.code == 0, ran)
    w.write("policy.yaml", before)
    waits = w.by("ada", "policy", "adopt")
    w.approve("ben", re.search(r"sha256:[0-9a-f]{64}", waits.err)[0])
    promise("so does the way back", w.by("ada", "policy", "adopt").code == 0)
    w.write("policy.yaml", before.replace("approvals: 2", "aprovals: 2"))
    wrong = w.by("ada", "check")
    promise("an unknown key is named with its place",
            wrong.code == 2 and re.search(r"policy\.yaml:\d+:\d+: .*'aprovals'.*did you mean 'approvals'", wrong.err), wrong)
    w.write("policy.yaml", before.replace("members: [ada, robot, schedule]", "members: []"))
    wrong = w.by("ada", "check")
    promise("a role that nobody holds is refused", wrong.code == 2 and "nobody holds the role 'operators'" in wrong.err, wrong)
    w.write("policy.yaml", before)


def standing(w):
    planned = w.by("ada", "plan", w.playbook, "--standing", "--runs", "2", "--valid-for", "1d")
    subject = re.search(r"rehearse approve (sha256:[0-9a-f]{64})", planned.err)[1]
    w.approve("ben", subject)
    promise("a standing approval wants as many people", w.run("schedule").code == 3)
    signed = w.approve("cleo", subject)
    promise("two people give it", signed.code == 0 and signed.document["kind"] == "standing", signed)
    for number in ("first", "second"):
        ran = w.run("schedule")
        promise(f"the {number} run needs nobody awake", ran.code == 0, ran)
    third = w.run("schedule")
    promise("a run beyond its number is refused", third.code == 3 and "approvals" in third.err, third)


def never_in_the_way(w):
    halted = w.by("mallory", "halt", "--reason", "looks wrong")
    promise("anybody may halt", halted.code == 0, halted)
    lifted = w.by("mallory", "halt", "--lift")
    promise("not anybody may lift it", lifted.code == 3 and "may not lift" in lifted.err, lifted)
    promise("who may, does", w.by("ben", "halt", "--lift").code == 0)
    restored = w.by("mallory", "restore", w.environment_name, "--yes")
    promise("restore needs no approval and no grant", restored.code == 0, restored)
    promise("resume neither", w.by("mallory", "resume").code == 0)
    explained = w.by("ada", "plan", w.playbook, "--explain")
    promise("plan --explain says what each interlock saw",
            "REFUSES approvals" in explained.out and "passes  class" in explained.out and "later   snapshot_proof" in explained.out,
            explained)


if __name__ == "__main__":
    with Workspace() as workspace:
        for work in (adopting, two_of_two, denied, elsewhere, agent, changed_policy, standing, never_in_the_way):
            section(work, workspace)
    conclude()
