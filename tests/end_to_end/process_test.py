# Processes that don't behave: whole drills with the built binary on real ones. Each is stopped with all that it started and comes
# back, or is refused with a message that says why, and nothing of the stranger is touched.
import os
import signal
import socket
import subprocess
import sys

from shop import conclude, promise, section, wait_until
from tree import Tree

PORT = r"""
import os, socket, sys, time
port = int(open(sys.argv[1]).read())
def serve():
    server = socket.socket(); server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind(("127.0.0.1", port)); server.listen()
    while True: server.accept()[0].close()
"""


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def alive(process):
    try:
        with open(f"/proc/{process}/stat", encoding="utf-8") as file:
            return file.read().rsplit(")", 1)[1].split()[0] not in "ZX"
    except OSError:
        return False


class Service(Tree):
    """A tree whose second resource is a Python process with `code` after PORT, ready by its port."""

    def __init__(self, code, more="", ready=None):
        super().__init__()
        self.port = free_port()
        with open(self.folder + "/port", "w", encoding="utf-8") as file:
            file.write(str(self.port))
        with open(self.folder + "/service.py", "w", encoding="utf-8") as file:
            file.write(PORT + code)
        ready = ready or f"{{ tcp: {{ host: 127.0.0.1, port: {self.port} }}, within: 10s }}"
        self.resources = f"""  service:
    adapter: process
    directory: {self.folder}
    command: [{sys.executable}, {self.folder}/service.py, {self.folder}/port]
    ready: {ready}
{more}"""
        self.put("a")

    def __enter__(self):
        super().__enter__()
        self.playbook("all", destroy="  - { resource: service }\n")
        return self

    def begin(self, **options):
        """Started by somebody else than rehearse."""
        self.first = subprocess.Popen([sys.executable, self.folder + "/service.py", self.folder + "/port"], cwd=self.folder,
                                      stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True, **options)
        wait_until(self.answers, 20)
        return self.rehearse("enroll", "tree-staging")

    def answers(self):
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
            return True
        except OSError:
            return False

    def recovers(self, text, twice=True):
        """The second drill is of one that rehearse itself has started."""
        for which in ["started by somebody else", "started by rehearse"][:2 if twice else 1]:
            before = set(self.processes())
            done = self.drill()
            promise(f"{text}, {which}: recovered", done.code == 0 and done.document["verdict"] == "recovered" and self.answers(), done)
            left = [one for one in before if alive(one)]
            promise(f"{text}, {which}: nothing of before is left", not left, left)


def stubborn():
    with Service("import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nserve()\n", "    stop_timeout: 1s\n") as service:
        service.begin()
        service.recovers("one that ignores SIGTERM")


CHILD = "if os.fork() == 0:\n    serve()\ntime.sleep(1e6)\n"
DAEMON = """
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0: serve()
    os._exit(0)
os.wait()
time.sleep(1e6)
"""


def families():
    with Service(CHILD) as service:
        service.begin()
        service.recovers("a child that holds the port")
    with Service(DAEMON) as service:
        service.begin()
        before = service.processes()
        done = service.drill()
        promise("a daemon that left its family, started by somebody else: refused, naming both", done.code == 3 and
                "several processes" in done.err, done)
        promise("  both run on", before and all(alive(one) for one in before), before)


def escaped():
    """The first is stopped whole by the test; what follows was started by rehearse, whose tag the daemon inherits."""
    with Service("if os.path.exists('/proc/self') and not os.path.exists(os.path.dirname(sys.argv[1]) + '/daemon'):\n    serve()\n" + DAEMON) as service:
        service.begin()
        open(service.folder + "/daemon", "w", encoding="utf-8").close()
        service.recovers("a daemon that left the family", twice=True)
        before = set(service.processes())
        done = service.drill()
        promise("a daemon of a third start: recovered", done.code == 0, done)
        promise("  the one of before is gone", not [one for one in before if alive(one)], before)


def never_back():
    for what, code, words in [("dies at its start", "if os.path.exists(os.path.dirname(sys.argv[1]) + '/again'): sys.exit('no way')\nserve()\n", ["no way"]),
                              ("is never ready", "if os.path.exists(os.path.dirname(sys.argv[1]) + '/again'): time.sleep(1e6)\nserve()\n", ["not ready within"])]:
        with Service(code) as service:
            service.resources = service.resources.replace("within: 10s", "within: 1s")
            service.environment()
            service.begin()
            open(service.folder + "/again", "w", encoding="utf-8").close()
            done = service.drill()
            promise(f"one that {what}: not recovered, and it says why", done.code == 4 and all(word in done.out for word in words), done)
            os.unlink(service.folder + "/again")
            done = service.rehearse("restore", "tree-staging", "--yes")
            promise("  the emergency restore brings it back once it can start", done.code == 0 and service.answers(), done)


def late():
    with Service("time.sleep(2)\nserve()\n") as service:
        service.begin()
        service.recovers("one that is ready late", twice=False)


def loud():
    with Service("if os.fork() == 0:\n    serve()\nwhile True: os.write(1, b'x' * 65536)\n") as service:
        service.begin()
        service.recovers("one with endless output")
        done = service.rehearse("plan", "all")
        promise("the plan warns of what it has written", "MiB to" in done.out and "output.log" in done.out, done)


def stopped():
    with Service("serve()\n") as service:
        service.begin()
        os.kill(service.first.pid, signal.SIGSTOP)
        done = service.drill()
        promise("one that is stopped as the snapshot is taken: refused for its steady state or its readiness, or brought back",
                done.code == 0 or (done.code == 3 and "service" in done.out), done)


def supervised():
    with Service("serve()\n") as service:
        with open(service.folder + "/supervisor", "w", encoding="utf-8") as file:
            file.write(f"while [ ! -e over ]; do {sys.executable} {service.folder}/service.py {service.folder}/port; done\n")
        keeper = subprocess.Popen(["sh", "supervisor"], cwd=service.folder, stderr=subprocess.DEVNULL)
        wait_until(service.answers)
        service.rehearse("enroll", "tree-staging")
        done = service.drill()
        idle = [one["items_restored"] for one in done.document["resources"] if one["resource"] == "service"] == [0]
        promise("one that somebody restarts: no time is claimed for a way back that was not gone", done.code == 0 and not idle or
                done.code in (1, 3, 4) and done.document["verdict"] != "recovered", done)
        promise("  it serves", service.answers())
        open(service.folder + "/over", "w", encoding="utf-8").close()
        keeper.kill(), keeper.wait()


def secrets():
    with Service("serve()\n") as service:
        secret = "hunter2hunter2"
        with open(service.folder + "/variables", "w", encoding="utf-8") as file:
            file.write(f"SHOP_PASSWORD={secret}\n")
        service.resources += f"    environment_file: {service.folder}/variables\n"
        service.environment()
        service.begin(env={**os.environ, "SHOP_PASSWORD": secret})
        done = service.drill()
        promise("secrets in its environment: recovered", done.code == 0, done)
        told = done.out + done.err + "".join(service.rehearse(*verb).out for verb in (["plan", "all"], ["show", done.document["drill"]]))
        promise("  and told nowhere", secret not in told)
        found = subprocess.run(["git", "--git-dir", f"{service.workspace}/.rehearse/snapshots.git", "log", "-p", "--all"],
                               capture_output=True, text=True, check=True).stdout
        promise("  nor in the snapshot", secret not in found and "service" in found)


for work in [stubborn, families, escaped, never_back, late, loud, stopped, supervised, secrets]:
    section(work)
conclude()
