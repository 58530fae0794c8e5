# Whole drills on trees that real machines have: names that no tool likes, links, mounts, flags, rights, what is left out. Each comes
# back as find, getfacl, getfattr and lsattr saw it, or is refused before anything is touched.
import os
import shutil
import socket
import subprocess
import threading

from shop import conclude, promise, section, wait_until
from tree import Tree, run

LONG = "n" * 255
NOBODY = 65534


def recovers(tree, text, *arguments):
    before = tree.seen()
    done = tree.rehearse("enroll", "tree-staging")
    if not promise(f"{text}: enrolled", done.code == 0, done):
        return
    done = tree.drill(*arguments)
    after = tree.seen()
    lost = sorted(set(before) ^ set(after))
    promise(f"{text}: recovered", done.code == 0 and done.document.get("verdict") == "recovered", done)
    promise(f"{text}: the tools see no difference", not lost, lost[:8])


def refuses(tree, text, words, kept=None):
    """`kept`: says what must still be there, where the tools can't look at the tree."""
    kept = kept or tree.seen
    before = kept()
    done = tree.rehearse("enroll", "tree-staging")
    if done.code == 0:
        done = tree.drill()
    said = done.out + done.err
    promise(f"{text}: refused", done.code == 3 and all(word in said for word in words), done)
    promise(f"{text}: nothing was touched", kept() == before)


def everything():
    with Tree() as tree:
        for name in ["-rf", "--", "a b", "new\nline", "tab\t", "'quote\"", "$(touch x)", "*", "?", "[a]", "\\", "..a", "...", "é",
                     "e\u0301", ".rehearse", "entries", ".gitignore", ".gitattributes", ".gitmodules", "git~1", ".GIT", LONG,
                     "CON", "a:b", "\u200bzero", ".git./x", f"{LONG[:200]}/{LONG}"]:
            tree.put(name)
        root = os.fsencode(tree.root)
        for name in [b"\xff\xfe", b"\x01\x7f", b"half\xc3"]:
            with open(os.path.join(root, name), "wb") as file:
                file.write(name)
        run("git", "init", "-q", tree.path("checkout"))
        tree.put("checkout/.git/hooks/post-checkout", "#!/bin/sh\ntouch /nowhere\n")
        tree.put("module/.git", "gitdir: ../checkout/.git/modules/module\n")
        os.symlink("../checkout/.git", tree.path("linked-git")), os.mkdir(tree.path("git")), os.symlink("/etc", tree.path("git/.git"))
        for source, target in [("loop-a", "loop-b"), ("loop-b", "loop-a"), ("self", "self"), ("dangling", "/nowhere/at all"),
                               ("up", ".."), ("root", "/"), ("outside", "../../..")]:
            os.symlink(target, tree.path(source))
        os.mkfifo(tree.path("fifo"), 0o622)
        listening = socket.socket(socket.AF_UNIX)
        listening.bind(tree.path("socket"))
        for at, group in enumerate([["one", "two"], ["three", "deep/er/four"]]):
            first = tree.put(group[0], f"group {at}\n")
            os.makedirs(os.path.dirname(tree.path(group[1])), exist_ok=True)
            os.link(first, tree.path(group[1]))
        os.mkdir(tree.path("empty"), 0o3770)
        for name, mode in [("setuid", 0o4755), ("setgid", 0o2755), ("sticky", 0o1777), ("nothing", 0)]:
            os.chmod(tree.put(name), mode)
        os.utime(tree.put("old"), ns=(-1, -86400_000_000_001)), os.utime(tree.put("new"), ns=(5, 4102444800_999999999))
        with open(tree.path("sparse"), "wb") as file:
            file.seek(10 << 20), file.write(b"end")
        os.makedirs(tree.path("acl/below"))
        run("setfacl", "-m", "u:12345:rwx,d:u:54321:r-x,d:m::r", tree.path("acl"))
        run("setfacl", "-m", "g:7777:-wx", tree.put("acl/file"))
        os.setxattr(tree.path("acl/file"), "user.empty", b""), os.setxattr(tree.path("acl"), "user.bytes\xe9", bytes(range(256)))
        if os.geteuid() == 0:
            os.chown(tree.path("old"), 4000000001, 4000000002), os.lchown(tree.path("self"), 31337, 31337)
            run("setcap", "cap_net_raw+ep", tree.put("capable"))
            os.setxattr(tree.path("self"), "trusted.link", b"x", follow_symlinks=False)
            os.mknod(tree.path("null"), 0o20640, os.makedev(1, 3)), os.mknod(tree.path("disk"), 0o60600, os.makedev(7, 99))
        inside = subprocess.Popen(["sleep", "infinity"], cwd=tree.path("deep/er"))
        try:
            recovers(tree, "every oddity", "--check-verifier")
        finally:
            inside.kill(), inside.wait(), listening.close()


def roots():
    with Tree() as tree:
        tree.put("a"), os.rename(tree.root, tree.folder + "/real"), os.symlink("real", tree.root)
        refuses(tree, "a root that is a symlink", ["symlink"], lambda: os.listdir(tree.folder + "/real"))
    with Tree() as tree:
        tree.put("a")
        real, tree.root = tree.root, tree.root + "/./../root//"
        tree.environment()
        recovers(tree, "a root that ends in slashes")
        tree.root = real
    with Tree() as tree:
        os.makedirs(tree.folder + "/deep/real/root"), os.symlink("deep/real", tree.folder + "/link")
        tree.root = tree.folder + "/link/root"
        tree.put("a"), tree.environment()
        recovers(tree, "a root below a symlink")
        os.unlink(tree.folder + "/link"), os.makedirs(tree.folder + "/other/root"), os.symlink("other", tree.folder + "/link")
        tree.put("foreign", "not yours\n")
        done = tree.drill()
        promise("the link leads elsewhere now: refused, and the other folder is untouched",
                done.code == 3 and tree.read("foreign") == "not yours\n", done)


def locked():
    for flag, word in [("+i", "immutable"), ("+a", "append-only")]:
        with Tree() as tree:
            tree.put("b/file"), tree.put("a")
            if subprocess.run(["chattr", flag, tree.path("b/file")], capture_output=True, check=False).returncode:
                return print("left out: chattr does not work here")
            refuses(tree, f"a file with chattr {flag}", [word, "b/file"])
            run("chattr", "-i", "-a", tree.path("b/file")), run("chattr", flag, tree.path("b"))
            refuses(tree, f"a folder with chattr {flag}", [word, "/b"])


def left_out():
    with Tree(options='    exclude: ["cache/**", "**/*.log", "shared-out"]\n') as tree:
        for name in ["a/keep", "a/b/x.log", "a/b/y", "cache/big", "cache/deep/er", "z.log", "only/x.log", "shared-in"]:
            tree.put(name)
        os.link(tree.path("shared-in"), tree.path("shared-out"))
        out = {name: (os.stat(tree.path(name)).st_ino, tree.read(name)) for name in
               ["a/b/x.log", "cache/big", "cache/deep/er", "z.log", "only/x.log", "shared-out"]}
        done = tree.rehearse("enroll", "tree-staging")
        plan = tree.rehearse("plan", "all")
        promise("a hard link to outside is warned of", "links outside" in plan.out, plan)
        done = tree.drill()
        promise("with excludes inside of what is destroyed: recovered", done.code == 0, done)
        promise("what is left out is the very same file", out == {name: (os.stat(tree.path(name)).st_ino, tree.read(name)) for name in out})
        promise("what is in is back", tree.read("a/keep") == tree.read("a/b/y") == tree.read("shared-in") == "content\n")


def mounted(what, *mount):
    with Tree() as tree:
        tree.put("a"), tree.put("below/file"), os.makedirs(tree.folder + "/outside/work"), os.makedirs(tree.folder + "/upper")
        with open(tree.folder + "/outside/precious", "w", encoding="utf-8") as file:
            file.write("precious\n")
        place = tree.path("a") if what == "a file" else tree.path("below")
        arguments = [word.format(folder=tree.folder) for word in mount]
        if subprocess.run(["mount", *arguments, place], capture_output=True, check=False).returncode:
            return print(f"left out: {what} can't be mounted here")
        try:
            refuses(tree, f"{what} mounted inside", ["mount"], lambda: (os.listdir(tree.root), os.listdir(tree.folder + "/outside")))
        finally:
            run("umount", place)
        recovers(tree, f"{what} unmounted again")


def mounts():
    mounted("a tmpfs", "-t", "tmpfs", "none")
    mounted("a folder", "--bind", "{folder}/outside")
    mounted("a file", "--bind", "{folder}/outside/precious")
    mounted("an overlay", "-t", "overlay", "-o", "lowerdir={folder}/outside,upperdir={folder}/upper,workdir={folder}/outside/work", "none")


def root_on(what, image_size, make, options, work):
    """The tree on a file system of its own, made for this."""
    with Tree() as tree:
        image, at = tree.folder + "/image", tree.folder + "/disk"
        os.mkdir(at)
        with open(image, "wb") as file:
            file.truncate(image_size)
        if subprocess.run([*make, image], capture_output=True, check=False).returncode or subprocess.run(
                ["mount", "-o", f"loop,{options}", image, at], capture_output=True, check=False).returncode:
            return print(f"left out: {what} can't be made here")
        try:
            tree.root = at + "/root"
            os.mkdir(tree.root)
            tree.environment()
            work(tree, at)
        finally:
            run("umount", "-l", at)


def disks():
    def folded(tree, _):
        if subprocess.run(["chattr", "+F", tree.root], capture_output=True, check=False).returncode:
            return print("left out: no folding of case here")
        tree.put("Readme"), tree.put("Folder/X")
        promise("the file system folds case", os.path.exists(tree.path("README")))
        recovers(tree, "where case is folded")

    def read_only(tree, at):
        tree.put("a")
        done = tree.rehearse("enroll", "tree-staging")
        run("mount", "-o", "remount,ro", at)
        before = tree.seen()
        done = tree.drill()
        promise("on a file system that is read-only: refused", done.code == 3 and "read-only" in (done.out + done.err).lower(), done)
        promise("and untouched", tree.seen() == before)

    def full(tree, _):
        tree.put("small")
        done = tree.rehearse("enroll", "tree-staging")
        with open(tree.path("big"), "wb", buffering=0) as file:
            try:
                while file.write(b"x" * 65536):
                    pass
            except OSError:
                pass
        before = tree.seen()
        done = tree.drill()
        promise("on a full file system: refused for room, or recovered", done.code == 0 or (done.code == 3 and "disk" in done.out), done)
        promise("and whole either way", tree.seen() == before)

    root_on("case folding", 64 << 20, ["mkfs.ext4", "-q", "-O", "casefold"], "rw", folded)
    root_on("a read-only disk", 128 << 20, ["mkfs.ext4", "-q"], "rw", read_only)
    root_on("a full disk", 128 << 20, ["mkfs.ext4", "-q"], "rw", full)


def unreadable():
    if os.geteuid() != 0 or not shutil.which("setpriv"):
        return print("left out: needs root, to become somebody else")
    for what, make in {"a file that can't be read": lambda tree: os.chmod(tree.put("secret"), 0o600),
                       "a folder that can't be listed": lambda tree: (tree.put("closed/x"), os.chmod(tree.path("closed"), 0o700))}.items():
        with Tree() as tree:
            tree.put("a")
            run("chown", "-R", f"{NOBODY}:{NOBODY}", tree.folder)
            make(tree)
            before = tree.seen()
            for verb in (["enroll", "tree-staging"], ["run", "all", "--yes"]):
                done = tree.rehearse(*verb, user=NOBODY)
            name = "secret" if "file" in what else "closed"
            promise(f"{what}: refused, and named", done.code == 3 and name in done.out + done.err, done)
            promise(f"{what}: nothing was touched", tree.seen() == before)


def restless():
    """Captures while somebody writes: what is captured held at one instant, or the capture says what moved."""
    with Tree() as tree:
        for at in range(200):
            tree.put(f"quiet/{at}", "q" * 5000)
        tree.put("restless")
        tree.rehearse("enroll", "tree-staging")
        over = threading.Event()

        def grows():
            with open(tree.path("restless"), "a", encoding="utf-8") as file:
                while not over.is_set():
                    file.write("x"), file.flush()

        def flickers():
            while not over.is_set():
                tree.put("flicker/now", "y"), shutil.rmtree(tree.path("flicker"))

        def turns():
            while not over.is_set():
                tree.put("turning"), os.unlink(tree.path("turning")), os.mkdir(tree.path("turning")), os.rmdir(tree.path("turning"))

        for work, name in [(grows, "restless"), (flickers, "flicker"), (turns, "turning")]:
            over.clear()
            writer = threading.Thread(target=work)
            writer.start()
            # A writer that the machine does not let run for the length of a capture moves nothing in it: taken again then.
            for _ in range(50):
                done = tree.rehearse("snapshot", "tree-staging")
                if done.code != 0:
                    break
            over.set(), writer.join()
            said = done.out + done.err
            promise(f"a capture beside what {work.__name__} fails, and says where", done.code != 0 and tree.root in said and
                    "stop what writes" in said, done)
            done = tree.rehearse("snapshot", "tree-staging")
            promise("  and works when it is quiet", done.code == 0, done)


WRITER = """  writer:
    adapter: process
    directory: {folder}
    command: [sh, {folder}/writer.sh, {root}]
    ready: {{ command: [test, -e, {folder}/ready] }}
"""


def a_folder_became_a_link():
    with Tree(options="    needs: [writer]\n") as tree:
        tree.resources = WRITER.format(folder=tree.folder, root=tree.root)
        os.mkdir(tree.folder + "/outside")
        with open(tree.folder + "/outside/file", "w", encoding="utf-8") as file:
            file.write("not ours\n")
        with open(os.path.join(tree.folder, "writer.sh"), "w", encoding="utf-8") as file:
            file.write(f'[ -e "$1/folder" ] || ln -s {tree.folder}/outside "$1/folder"\ntouch {tree.folder}/ready; sleep 1000000 & wait\n')
        tree.environment()
        tree.put("folder/file", "ours\n"), tree.put("folder/more"), tree.put("a")
        tree.playbook("all", destroy="  - { resource: files }\n  - { resource: writer }\n")
        subprocess.Popen(["sh", f"{tree.folder}/writer.sh", tree.root], cwd=tree.folder)
        wait_until(lambda: os.path.exists(f"{tree.folder}/ready"))
        before = tree.seen()
        tree.rehearse("enroll", "tree-staging")
        done = tree.drill()
        promise("a folder that became a link to outside: named", "files/folder" in str(done.document.get("reasons")), done)
        promise("  restored as a folder", tree.seen() == before)
        with open(tree.folder + "/outside/file", encoding="utf-8") as file:
            promise("  and the outside is untouched", file.read() == "not ours\n" and os.listdir(tree.folder + "/outside") == ["file"])


for work in [everything, roots, locked, left_out, mounts, disks, unreadable, restless, a_folder_became_a_link]:
    section(work)
conclude()
