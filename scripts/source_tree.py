"""What the source checks share: which files there are, C++ without its comments and strings, and how a finding reads."""

import os
import re
import subprocess
import sys
from pathlib import Path

CPP = {".cpp", ".h"}


class Findings:
    """Collects findings and prints them as file:line, so that a terminal and an editor can jump there."""

    def __init__(self, checked):
        self.checked = checked
        self.count = 0

    def add(self, path, line, message):
        print(f"{path}:{line}: {message}")
        self.count += 1

    def exit(self):
        sys.exit(1 if self.count else 0)


def root_from_arguments(description):
    """The tree to check: the only argument, or the one that this script stands in."""
    if len(sys.argv) > 2 or sys.argv[1:] in (["-h"], ["--help"]):
        print(f"usage: {sys.argv[0]} [ROOT]\n\n{description}")
        sys.exit(0 if len(sys.argv) == 2 else 2)
    return Path(sys.argv[1] if len(sys.argv) == 2 else Path(__file__).resolve().parent.parent)


def files_of(root):
    """Paths below root, as text, sorted: what git tracks or would track; without git, all but what is built."""
    command = ["git", "-c", "safe.directory=*", "-C", str(root), "ls-files", "-z", "-co", "--exclude-standard"]
    try:
        listed = subprocess.run(command, capture_output=True, check=True).stdout.decode(errors="surrogateescape")
        paths = [path for path in listed.split("\0") if path]
    except (OSError, subprocess.CalledProcessError):
        paths = []
        for folder, folders, names in os.walk(root):
            folders[:] = [name for name in folders if name not in {"build", ".git"}]
            paths += [str((Path(folder) / name).relative_to(root)) for name in names]
    return sorted(path for path in set(paths) if (root / path).is_file() and not (root / path).is_symlink())


def read(root, path):
    return (root / path).read_text(encoding="utf-8", errors="replace")


def language(root, path):
    """cpp, shell, python, perl, cmake, yaml or None; by the name, else by the first line."""
    suffix = Path(path).suffix
    if suffix in CPP:
        return "cpp"
    if Path(path).name == "CMakeLists.txt" or suffix == ".cmake":
        return "cmake"
    if suffix in {".yaml", ".yml"}:
        return "yaml"
    if suffix in {".sh", ".py"}:
        return {".sh": "shell", ".py": "python"}[suffix]
    if suffix == "":
        with open(root / path, "rb") as file:
            first = file.readline(200)
        if first.startswith(b"#!"):
            for name in ("python", "perl", "sh"):
                if re.search(rb"\b(ba|da)?" + name.encode() + rb"\d*\s*$", first):
                    return "shell" if name == "sh" else name
    return None


_TOKENS = re.compile(
    r"""(?P<raw>R"(?P<mark>[^()\\\s]{0,16})\(.*?\)(?P=mark)")"""
    r"""|(?P<line>//[^\n]*)"""
    r"""|(?P<block>/\*.*?\*/)"""
    r"""|(?P<text>"(?:\\.|[^"\\\n])*")"""
    r"""|(?P<char>(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+')""",
    re.DOTALL,
)


def without_comments_and_strings(text, keep_strings=False):
    """The same text, line for line and column for column, with blanks in their place."""

    def blank(match):
        if keep_strings and match.lastgroup in {"raw", "text", "char", "mark"}:
            return match.group()
        return re.sub(r"[^\n]", " ", match.group())

    return _TOKENS.sub(blank, text)


def line_at(text, offset):
    return text.count("\n", 0, offset) + 1
