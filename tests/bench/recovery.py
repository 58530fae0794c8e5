# The measured time to recover against the truth: a server that comes back at an instant that it writes down itself.
import json
import os
import random
import socket
import subprocess

from bench import Table, Workspace, median, say, scratch

SHORT, LONG = 40, 2

# Takes the port at once where it may begin now; else leaves it closed, and says when it listens (CLOCK_BOOTTIME, ns: before, after).
SERVER = '''
import http.server, json, os, sys, time
port, delay, place = int(sys.argv[1]), float(sys.argv[2]), sys.argv[3]
if os.fork():
    while delay == 0 and not os.path.exists(place):
        time.sleep(0.001)
    os._exit(0)
os.setsid()
null = os.open("/dev/null", os.O_RDWR)
for number in (0, 1, 2):
    os.dup2(null, number)

class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

class Server(http.server.HTTPServer):
    allow_reuse_address = True

time.sleep(delay)
server = Server(("127.0.0.1", port), Answer, bind_and_activate=False)
server.server_bind()
before = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
server.server_activate()
after = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
with open(place + ".part", "w") as file:
    json.dump({"pid": os.getpid(), "before": before, "after": after}, file)
os.rename(place + ".part", place)
server.serve_forever()
'''


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Trials:
    def __init__(self, binary, folder):
        self.folder, self.place = folder, os.path.join(folder, "server.json")
        self.port = free_port()
        os.makedirs(os.path.join(folder, "tree"))
        for name, text in (("tree/one", "one\n"), ("server.py", SERVER)):
            with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
                file.write(text)
        self.start(0)
        self.workspace = Workspace(
            binary, os.path.join(folder, "workspace"), f"  tree: {{ adapter: files, root: {folder}/tree }}\n",
            probe=f'answers: {{ http: {{ url: "http://127.0.0.1:{self.port}/" }}, timeout: "2s" }}')

    def command(self, delay):
        return ["/usr/bin/python3", f"{self.folder}/server.py", str(self.port), str(delay), self.place]

    def start(self, delay):
        subprocess.run(self.command(delay), check=True)

    def server(self):
        with open(self.place, encoding="utf-8") as file:
            return json.load(file)

    def stop(self):
        os.kill(self.server()["pid"], 9)

    def trial(self, delay):
        """One drill in which the server comes back after `delay` seconds: whether the truth lies inside, width, recovery, processor time."""
        kill = ["/bin/sh", "-c", f"kill -9 {self.server()['pid']} && rm {self.place}"]
        self.workspace.playbook("down", 'destroy: [{ resource: tree, items: ["**"] }]\n'
                                'verify: { steady_state: { consecutive: 3, within: "5m" } }\n'
                                f"hooks:\n  after_destroy: [{{ command: {json.dumps(kill)} }}]\n"
                                f"  after_restore: [{{ command: {json.dumps(self.command(delay))} }}]\n")
        figures, document = self.workspace.drill("down")
        events = json.loads(self.workspace.run("show", document["drill"], "--journal", "--output", "json").out)["journal"]
        serving = next(e["body"] for e in events if e["kind"] == "clock" and e["body"].get("clock") == "serving")
        truth = self.server()
        inside = serving["earliest_ns"] <= truth["after"] and truth["before"] <= serving["at_ns"]
        width = (serving["at_ns"] - serving["earliest_ns"]) / 1e6
        return inside, width, document["recovery_time"]["actual_ms"], figures


def run(binary, rounds):
    chance = random.Random(2)
    table = Table("Time to recover", f"scripts/bench recovery --rounds {rounds}", [
        "A server is killed and comes back after 0.05 to 3 s (short) or 20 s (long); it writes down the instants right before and after it "
        "listens. Truth: that instant lies in the interval from which the drill's time to recover is made. Processor time: of the whole "
        "`rehearse run` in the long outages, for each second of outage."])
    with scratch() as folder:
        trials = Trials(binary, folder)
        try:
            short, long = [], []
            for number in range(SHORT * rounds // 3 or 1):
                short.append(trials.trial(round(chance.uniform(0.05, 3), 3)))
                if not short[-1][0]:
                    say(f"trial {number}: the truth lies outside the interval")
            say("long outages")
            for _ in range(LONG):
                long.append(trials.trial(20))
        finally:
            trials.stop()
    all_inside = sum(t[0] for t in short + long)
    count = len(short) + len(long)
    table.row("the truth lies inside the interval", f"{all_inside} of {count}", "", f"{all_inside} of {count}", "all", all_inside == count)
    widths = sorted(t[1] for t in short)
    table.row("width of the interval, short outages: largest", f"{widths[-1]:.2f} ms (median {median(widths):.2f} ms)", "", f"{widths[-1]:.2f} ms",
              "5 ms", widths[-1] <= 5)
    part = max(t[1] / t[2] for t in long) * 100
    table.row("width, 20 s outages: largest", f"{max(t[1] for t in long):.1f} ms", "", f"{part:.2f} % of the time", "1 %", part <= 1)
    cpu = max(t[3].cpu / (t[2] / 1000) for t in long) * 100
    table.row("processor time while waiting", f"{cpu:.1f} % of a core", "", f"{cpu:.1f} %", "5 %", cpu < 5)
    return table

