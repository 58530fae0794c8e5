# What the end-to-end tests share: a staging shop of their own with the built binary, promises that are counted, and a
# fingerprint of the shop that asks PostgreSQL and the file system themselves, not our adapters.
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
import urllib.request

REPO = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PSQL = "/usr/lib/postgresql/15/bin/psql"
ENVIRONMENT = "shop-staging"
TABLES = ["suppliers", "products", "customers", "addresses", "orders", "order_lines", "payments", "shipments"]

kept, broken = 0, []


def skip(need):
    print(f"skipped: needs {need}")
    sys.exit(77)


def promise(text, holds, seen=""):
    """Counts one promise; `seen` is printed where it was broken."""
    global kept
    if holds:
        kept += 1
        print(f"ok      {text}", flush=True)
    else:
        broken.append(text)
        print(f"BROKEN  {text}\n{str(seen)[-3000:]}", flush=True)
    return bool(holds)


def section(work, *arguments):
    """Runs one group of promises: an error in it breaks one promise and does not hide the groups after it."""
    try:
        work(*arguments)
    except Exception:  # noqa: BLE001
        promise(f"{work.__name__} runs to its end", False, traceback.format_exc())


def conclude():
    for text in broken:
        print(f"broken: {text}")
    print(f"{kept} promises kept, {len(broken)} broken", flush=True)
    sys.exit(1 if broken or not kept else 0)


class Result:
    def __init__(self, arguments, code, out, err):
        self.arguments, self.code, self.out, self.err = arguments, code, out, err

    @property
    def document(self):
        try:
            return json.loads(self.out)
        except ValueError:
            return {}

    def __str__(self):
        return f"rehearse {' '.join(self.arguments)}\nexit {self.code}\n--- out\n{self.out[-1200:]}\n--- err\n{self.err[-1500:]}"


class Shop:
    """A shop in a folder of its own, with its own host directory; `with` stops and removes it."""

    def __init__(self, rows=2000, files=60):
        if len(sys.argv) < 2 or not os.access(sys.argv[1], os.X_OK):
            sys.exit("usage: FILE_test.py PATH-OF-REHEARSE")
        if not os.path.exists(PSQL):
            skip("postgresql-15")
        if not (shutil.which("nginx") or os.path.exists("/usr/sbin/nginx")):
            skip("nginx-light")
        self.binary = os.path.abspath(sys.argv[1])
        self.rows, self.files = rows, files

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix="rehearse-end-to-end.", dir="/var/tmp")
        os.chmod(self.folder, 0o711)
        self.shop = os.path.join(self.folder, "shop")
        self.workspace = os.path.join(self.shop, "workspace")
        self.config = os.path.join(self.shop, "config")
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "REHEARSE_"))}
        self.environment.update(PATH=os.environ.get("PATH", "") + ":/usr/sbin:/sbin", REHEARSE_ACTOR="tester",
                                REHEARSE_ACTOR_KIND="person", REHEARSE_HOST_DIRECTORY=os.path.join(self.folder, "host"))
        try:
            made = subprocess.run([os.path.join(REPO, "scripts/shop/start"), "--rows", str(self.rows), "--files",
                                   str(self.files), self.shop], env=self.environment, capture_output=True, text=True)
            if made.returncode:
                raise RuntimeError(made.stderr)
            self.settings = dict(re.findall(r"^(\w+)='(.*)'$", made.stdout, re.MULTILINE))
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        subprocess.run([os.path.join(REPO, "scripts/shop/stop"), self.shop], capture_output=True, env=self.environment)
        subprocess.run(["chmod", "-R", "u+w", self.folder], capture_output=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    # --- the binary ---------------------------------------------------------------------------------------------
    def start(self, *arguments, environment=None, **options):
        return subprocess.Popen([self.binary, *arguments], cwd=options.pop("cwd", self.workspace), stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace",
                                env={**self.environment, **(environment or {})}, start_new_session=True, **options)

    def rehearse(self, *arguments, timeout=180, **options):
        child = self.start(*arguments, **options)
        try:
            out, err = child.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            child.kill()
            out, err = child.communicate()
            err += f"\n(killed by the test after {timeout} s)"
        return Result(arguments, child.returncode, out, err)

    def json(self, *arguments, **options):
        return self.rehearse(*arguments, "--output", "json", **options).document

    def last_drill(self):
        drills = self.json("history", "--limit", "1").get("drills") or [{}]
        return drills[0].get("drill", "")

    # --- files of the workspace -----------------------------------------------------------------------------------
    def path(self, name):
        return os.path.join(self.workspace, name)

    def read(self, name):
        with open(self.path(name), encoding="utf-8") as file:
            return file.read()

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)

    def playbook(self, name, text="", replace=()):
        """A playbook that deletes all of the shop and asks for one passing try; `text` is added at its end."""
        body = self.read("playbooks/delete-and-recreate.yaml")
        body = re.sub(r"^playbook: .*$", f"playbook: {name}", body, flags=re.MULTILINE)
        body = re.sub(r"^alarm: .*$", f"alarm: {{ command: [tee, -a, {self.folder}/alarm] }}", body, flags=re.MULTILINE)
        body = body.replace("consecutive: 3", "consecutive: 1, within: 30s")
        for old, new in replace:
            assert old in body, f"{old} is not in the playbook"
            body = body.replace(old, new)
        self.write(f"playbooks/{name}.yaml", body + text)

    # --- the shop itself ------------------------------------------------------------------------------------------
    def sql(self, statement, connection="SHOP_CONNECTION"):
        done = subprocess.run([PSQL, "-X", "-At", "-v", "ON_ERROR_STOP=1", "-d", self.settings[connection], "-c", statement],
                              capture_output=True, text=True, env=self.environment)
        if done.returncode:
            raise RuntimeError(done.stderr)
        return done.stdout

    def fingerprint(self):
        """What the files and the database hold, and whether the shop answers; an error is part of it."""
        lines = []
        for folder, folders, files in os.walk(os.fsencode(self.config)):
            for path in [folder] + [os.path.join(folder, name) for name in files]:
                at = os.lstat(path)
                held = os.readlink(path) if os.path.islink(path) else b""
                if not held and path in {os.path.join(folder, name) for name in files}:
                    with open(path, "rb") as file:
                        held = hashlib.sha256(file.read()).digest()
                lines.append(repr((path, oct(at.st_mode), at.st_uid, at.st_gid, at.st_mtime_ns, held)))
        try:
            for table in TABLES:
                lines.append(table + self.sql(f"select count(*), md5(string_agg(t::text, '|' order by t::text)) from {table} t"))
        except RuntimeError as error:
            lines.append(str(error))
        return "\n".join(sorted(lines))

    def healthy(self):
        try:
            with urllib.request.urlopen(self.settings["SHOP_HTTP_URL"], timeout=5) as answer:
                return answer.status == 200
        except OSError:
            return False

    def unchanged(self, text, before):
        """Promises that the shop is as it was; says in what it is not."""
        now = self.fingerprint()
        lost = sorted(set(before.split("\n")) ^ set(now.split("\n")))
        return promise(text, now == before and self.healthy(), "\n".join(lost[:10]) + f"\nhealthy: {self.healthy()}")


def wait_until(holds, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if holds():
            return True
        time.sleep(0.02)
    return bool(holds())


def end_by(child, number, seconds=180):
    """Sends the signal and waits for the end: Result without its arguments."""
    child.send_signal(number)
    return finish(child, seconds)


def finish(child, seconds=180):
    try:
        out, err = child.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        child.send_signal(signal.SIGKILL)
        out, err = child.communicate()
        err += "\n(killed by the test: it did not end)"
    return Result(child.args[1:], child.returncode, out, err)
