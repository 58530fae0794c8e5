# Trees of many small files: restored against git checkout, captured against git add and git commit.
import os
import random
import shutil
import subprocess

from bench import Table, Workspace, paired, say, scratch, timed


def make_tree(folder, files, folders):
    """Files of 1 to 8 KiB, half of each compressible, the same ones each time."""
    chance = random.Random(1)
    words = [bytes(chance.choices(b"abcdefghijklmnopqrstuvwxyz", k=chance.randint(2, 9))) for _ in range(3000)]
    for number in range(files):
        place = os.path.join(folder, f"d{number % folders:03}")
        if number < folders:
            os.makedirs(place)
        size = chance.randint(1024, 8192)
        text = b" ".join(chance.choices(words, k=size // 12))[: size // 2]
        with open(os.path.join(place, f"f{number:06}"), "wb") as file:
            file.write(text + chance.randbytes(size - len(text)))


def git(folder, *arguments):
    return timed(["git", "-c", "user.name=bench", "-c", "user.email=bench@example.org", "-c", "gc.auto=0", "-c", "init.defaultBranch=main", *arguments], cwd=folder)


def restore(binary, rounds, table):
    files = 20_000
    say(f"{files} files: restore")
    with scratch("/dev/shm") as folder:  # on some file systems creating files after a mass delete measures the delete
        tree, other = os.path.join(folder, "tree"), os.path.join(folder, "git")
        make_tree(tree, files, 100)
        shutil.copytree(tree, other)
        git(other, "init", "-q")
        git(other, "add", ".")
        git(other, "commit", "-q", "-m", "all")
        git(other, "repack", "-a", "-d", "-q")
        workspace = Workspace(binary, os.path.join(folder, "workspace"), f"  tree: {{ adapter: files, root: {tree} }}\n",
                              drop='destroy: [{ resource: tree, items: ["**"] }]\n')

        def checked_out():
            subprocess.run("rm -rf d*", shell=True, cwd=other, check=True)
            return git(other, "checkout", "-q", "-f", "HEAD", "--", ".").wall

        figures = paired(rounds, ours=lambda: workspace.drill("drop")[1]["resources"][0]["restore_ms"] / 1000, peer=checked_out)
        table.compare(f"{files:,} files gone: restore, against `git checkout -f`", figures["ours"], figures["peer"], 1.0)


def snapshot(binary, rounds, table):
    files = 100_000
    say(f"{files} files: snapshot")
    with scratch() as folder:
        tree, other = os.path.join(folder, "tree"), os.path.join(folder, "git")
        make_tree(tree, files, 300)
        shutil.copytree(tree, other)
        workspace = Workspace(binary, os.path.join(folder, "workspace"), f"  tree: {{ adapter: files, root: {tree} }}\n",
                              enrolled=False)

        def theirs():
            shutil.rmtree(os.path.join(other, ".git"), ignore_errors=True)
            git(other, "init", "-q")
            return git(other, "add", ".").wall + git(other, "commit", "-q", "-m", "all").wall

        figures = paired(rounds, ours=lambda: workspace.first_snapshot().wall, peer=theirs)
        table.compare(f"{files:,} files: first snapshot, against `git add` and `git commit`", figures["ours"], figures["peer"], 1.0)


def run(binary, rounds):
    table = Table("Files", f"scripts/bench files --rounds {rounds}", [
        "Files of 1 to 8 KiB. Restore on tmpfs, as the drill measured it: with owners, modes, times, attributes, each file hashed. Snapshot on "
        "disk, the whole command, fsynced; git does not sync what it adds."])
    restore(binary, rounds, table)
    snapshot(binary, rounds, table)
    return table
