# Documented accidents, each by its name: what went wrong there is tried here on a real shop, with rights that would allow it.
# The interlock that must have stopped it does, names itself, and nothing is destroyed; nor does the robot's next try get past it.
import os
import re
import socket
import subprocess

from shop import ENVIRONMENT, PSQL, REPO, Shop, conclude, promise, section

FILE = f"environments/{ENVIRONMENT}.yaml"
POSTGRES = os.path.dirname(PSQL)
FREEZE = 'freeze:\n  - { reason: code freeze, starts: "2020-01-01T00:00:00Z", ends: "2099-01-01T00:00:00Z" }\n'
POLICY = f"""\
policy: accidents
persons: {{ tester: {{ accounts: [tester] }} }}
automations: {{ robot: {{ accounts: [robot] }} }}
roles: {{ operators: {{ members: [tester, robot] }}, approvers: {{ members: [tester] }} }}
may: {{ propose: [operators], approve: [approvers], run: [operators], clear: [approvers], lift: [approvers] }}
environments: {{ {ENVIRONMENT}: {{ resources: [config, frontend] }} }}
caps: {{ automations: {{ max_items: 3 }} }}
production: ["*orders*"]
"""


ROBOT = {"REHEARSE_ACTOR": "robot", "REHEARSE_ACTOR_KIND": "automation"}


def stopped(shop, original, text, says, arguments=("run", "accident", "--yes"), codes=(3,), environment=None):
    """The command is refused, says `says`, and the shop is as it was."""
    done = shop.rehearse(*arguments, environment=environment)
    promise(f"{text}: stopped, and it says by what", done.code in codes and re.search(says, done.out + done.err), done)
    shop.unchanged(f"{text}: nothing was destroyed", original)


class Twin:
    """A copy of the shop's cluster as a replica's or a base backup's is: the same system identifier, databases, passwords."""

    def __init__(self, shop):
        self.folder = os.path.join(shop.folder, "twin")
        self.shop = shop

    def run(self, program, *arguments):
        user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", "--"] if os.getuid() == 0 else []
        return subprocess.run([*user, os.path.join(POSTGRES, program), *arguments], cwd="/", capture_output=True, text=True,
                              env=self.shop.environment)

    def copy(self):
        """Of a cluster that does not run."""
        subprocess.run(["cp", "-a", os.path.join(self.shop.shop, "postgresql"), self.folder], check=True)

    def start(self):
        """On a free port; where somebody else took it meanwhile, on another one."""
        os.makedirs(f"{self.folder}/socket", exist_ok=True)
        for _ in range(5):
            with socket.create_server(("127.0.0.1", 0)) as free:
                self.port = free.getsockname()[1]
            options = f"-p {self.port} -k {self.folder}/socket -c cluster_name=twin"
            started = self.run("pg_ctl", "-D", f"{self.folder}/data", "-l", f"{self.folder}/log", "-w", "-s", "-o", options, "start")
            if started.returncode == 0:
                break
        return started

    def stop(self):
        self.run("pg_ctl", "-D", f"{self.folder}/data", "-m", "immediate", "-w", "-s", "stop")


def gitlab_2017(shop, original):
    """Meant for the secondary, typed on the primary: both hold the same database, of the same system identifier."""
    good = shop.read(FILE)
    port = shop.settings["SHOP_PG_PORT"]
    shop.write(FILE, good.replace(f"port={port}", f"port={shop.twin.port}"))
    orders = shop.sql("select count(*) from orders")
    stopped(shop, original, "GitLab 2017, the primary wiped instead of the secondary", "marker: orders: it carries no marker")
    for command in (("restore", ENVIRONMENT, "latest", "--yes"), ("plan", "accident")):
        stopped(shop, original, f"GitLab 2017: {command[0]} is stopped, too", "marker", command)
    on_twin = shop.settings["SHOP_CONNECTION"].replace(f"port={port}", f"port={shop.twin.port}")
    shop.settings["TWIN"] = on_twin
    promise("GitLab 2017: the other cluster holds all of its rows", shop.sql("select count(*) from orders", "TWIN") == orders)
    shop.write(FILE, good)


def s3_2017(shop, original):
    """One wrong argument: a few items were meant, and the pattern took most of them."""
    few = [("  - { resource: frontend }\n", ""), ("  - { resource: orders }\n", "")]
    narrow = ('items: ["**"]', 'items: ["nginx/mime.types"]')
    wide = ('items: ["**"]', 'items: ["*/**"]')
    shop.playbook("few", replace=[*few, narrow, ("max_items: 10000", "max_items: 5")])
    planned = shop.rehearse("plan", "few")
    promise("AWS S3 2017: the few items that were meant would pass", planned.code == 0, planned)
    os.remove(shop.path("playbooks/few.yaml"))
    for limit, says in ((("max_items: 10000", "max_items: 5"), "items"), (('max_share: "100%"', 'max_share: "10%"'), "%")):
        shop.playbook("accident", replace=[*few, wide, limit])
        stopped(shop, original, f"AWS S3 2017, one wrong argument ({limit[1]})", f"blast radius: .*{says}")


def atlassian_2022(shop, original):
    """Identifiers of one kind, passed where another kind was meant: the script took both."""
    orders, config = "- { resource: orders }", 'items: ["**"]'
    shop.playbook("accident", replace=[(orders, '- { resource: orders, items: ["nginx/mime.types"] }')])
    stopped(shop, original, "Atlassian 2022, a file's name for a database", r"targets: (.|\n)*nginx/mime\.types")
    shop.playbook("accident", replace=[(config, 'items: ["public.orders"]')])
    stopped(shop, original, "Atlassian 2022, a table's name for a file tree", r"targets: (.|\n)*public\.orders")
    shop.playbook("accident", replace=[(orders, "- { resource: order }")])
    stopped(shop, original, "Atlassian 2022, the name of no resource", r"accident\.yaml:\d+:\d+: .*'order'", codes=(2,))
    shop.playbook("accident", replace=[(config, 'operation: truncate')])
    stopped(shop, original, "Atlassian 2022, a database's operation for a file tree", r"accident\.yaml:\d+:\d+: .*'operation'", codes=(2,))


def azure_devops_2023(shop, original):
    """The server was deleted instead of what lay on it: the narrower thing was lost, and the wider one was taken."""
    orders = "- { resource: orders }"
    for text, step, says, codes in (
            ("a misspelt narrowing is not the whole", '- { resource: orders, item: ["payments"] }', r"accident\.yaml:\d+:\d+: .*'item'", (2,)),
            ("an empty list is not the whole", "- { resource: orders, items: [] }", r"accident\.yaml:\d+:\d+: .*items", (2,)),
            ("a pattern that finds nothing is not the whole", '- { resource: orders, items: ["nothing"] }', "targets: .*nothing", (3,)),
            ("a condition without its operation is not the whole", '- { resource: orders, where: "id < 3" }', "where", (2, 3))):
        shop.playbook("accident", replace=[(orders, step)])
        stopped(shop, original, f"Azure DevOps 2023, {text}", says, codes=codes)


def r2_2025(shop, original):
    """The environment was left out, and the command took the default: there is none here."""
    shop.playbook("accident")
    body = shop.read("playbooks/accident.yaml")
    shop.write("playbooks/accident.yaml", re.sub(r"^environment: .*\n", "", body, flags=re.MULTILINE))
    stopped(shop, original, "Cloudflare R2 2025, a playbook without environment", r"accident\.yaml:\d+:\d+: .*'environment'", codes=(2,))
    shop.playbook("accident")
    for command in (("restore", "--yes"), ("enroll",), ("clear", "--reason", "x"), ("gate",)):
        stopped(shop, original, f"Cloudflare R2 2025, {command[0]} without environment", "(?i)environment", command, (2,))


def replit_2025(shop, original):
    """A code freeze that was an instruction, and an agent that went on: here it is a window, and nothing talks past it."""
    settings = shop.read("rehearse.yaml")
    shop.write("rehearse.yaml", settings + FREEZE)
    stopped(shop, original, "Replit 2025, a drill in a code freeze", "freeze: .*code freeze", environment=ROBOT)
    pinned = shop.json("plan", "accident").get("hash", "none")
    stopped(shop, original, "Replit 2025, the hash of the very plan opens nothing", "freeze: .*code freeze",
            ("run", "accident", "--yes", "--plan-hash", pinned), environment=ROBOT)
    shop.write("rehearse.yaml", settings)
    # A robot may write to the workspace. The window that it can't take out stands in the policy.
    shop.write("policy.yaml", POLICY + FREEZE)
    stopped(shop, original, "Replit 2025, a policy whose keys are missing is none", "allowed_signers(.|\\n)*ssh-keygen", ("policy", "adopt", "--yes"), (2,))
    shop.write("allowed_signers", "")
    adopted = shop.rehearse("policy", "adopt", "--yes")
    promise("Replit 2025: a person puts the window into the policy", adopted.code == 0, adopted)
    shop.write("policy.yaml", POLICY)
    stopped(shop, original, "Replit 2025, the robot took it out of the file", "freeze: .*code freeze", environment=ROBOT)
    stopped(shop, original, "Replit 2025, and would put that in force", "approvals", ("policy", "adopt", "--yes"), environment=ROBOT)
    os.remove(shop.path("policy.yaml"))
    stopped(shop, original, "Replit 2025, and took the whole file away", "freeze: .*code freeze|policy: ", environment=ROBOT)
    shop.write("policy.yaml", POLICY + FREEZE)


def broad_token_2026(shop, original):
    """An agent whose token reaches far more than its task: scope, live identity and caps are asked, not the token."""
    for text, says in (("a resource that is not in its scope", "policy: .*orders"), ("production, whatever the file calls it", "production: .*orders"),
                       ("more than a robot may break", "caps: .*3")):
        stopped(shop, original, f"an over-broad token 2026, {text}", says, environment=ROBOT)
    stopped(shop, original, "an over-broad token 2026, a robot that nobody knows", "policy: .*stranger",
            environment={"REHEARSE_ACTOR": "stranger", "REHEARSE_ACTOR_KIND": "automation"})
    good = shop.read(FILE)
    shop.write(FILE, good.replace("class: staging", "class: production"))
    stopped(shop, original, "an over-broad token 2026, production", "class: .*production", environment=ROBOT)
    shop.write(FILE, good)


def prepare(shop):
    """The copy is made before the enrolment: the other cluster never got this workspace's marker."""
    twin = Twin(shop)
    scripts = os.path.join(REPO, "scripts/shop")
    subprocess.run([os.path.join(scripts, "stop"), shop.shop], check=True, capture_output=True, env=shop.environment)
    twin.copy()
    subprocess.run([os.path.join(scripts, "start"), shop.shop], check=True, capture_output=True, env=shop.environment)
    started = twin.start()
    promise("the other cluster runs", started.returncode == 0, started.stdout + started.stderr)
    promise("the shop is enrolled", shop.rehearse("enroll", ENVIRONMENT).code == 0)
    promise("and has a snapshot", shop.rehearse("snapshot", ENVIRONMENT).code == 0)
    shop.playbook("accident")
    planned = shop.rehearse("plan", "accident")
    promise("without an accident its plan passes", planned.code == 0, planned)
    return twin


with Shop(rows=300, files=40) as shop:
    shop.twin = prepare(shop)
    try:
        original = shop.fingerprint()
        for accident in (gitlab_2017, s3_2017, atlassian_2022, azure_devops_2023, r2_2025, replit_2025, broad_token_2026):
            section(accident, shop, original)
    finally:
        shop.twin.stop()
conclude()
