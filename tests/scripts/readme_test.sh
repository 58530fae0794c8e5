#!/usr/bin/env bash
# README.md says what the program does: its commands and options exist, none is left out, and its examples are loaded.
# REHEARSE names the binary.
# shellcheck source=tests/scripts/harness.sh disable=SC2317 # functions go by name
. "$(dirname "${BASH_SOURCE[0]}")/harness.sh"
[[ -x ${REHEARSE:-} ]] || skip "the binary, in REHEARSE"
export REHEARSE repo work

# The pages' commands against --help; prints one line for each thing that is wrong.
cat >"$work/compare.py" <<'PYTHON'
import os, re, shlex, subprocess, sys

repo, program = os.environ["repo"], os.environ["REHEARSE"]
what, pages = sys.argv[1], sys.argv[2:] or ["README.md"]


def help_of(*arguments):
    return subprocess.run([program, *arguments, "--help"], capture_output=True, text=True, check=True).stdout


commands = re.findall(r"^  ([a-z]+) ", help_of().split("Subcommands:")[1].split("\n\n")[0], re.M)
options = {name: set(re.findall(r"--[a-z-]+", help_of(name).split("\nExample:")[0])) for name in commands}
problems = []


def check_command(words, place):
    if words[:1] in ([], ["COMMAND"]) or words[0].startswith("--"):
        return
    if words[0] not in commands:
        problems.append(f"{place}: there is no command '{words[0]}'")
        return
    for word in words[1:]:
        if word in ("|", ">", ">>", "&&", "||", ";"):
            break
        if word.startswith("--") and word.split("=")[0] not in options[words[0]]:
            problems.append(f"{place}: '{words[0]}' has no option {word}")


def commands_in(page):
    """What stands behind the word rehearse, in code blocks and in `code`."""
    text = open(os.path.join(repo, page)).read()
    blocks = re.findall(r"^```[a-z]*\n(.*?)^```", text, re.M | re.S)
    lines = [line for block in blocks for line in block.splitlines()]
    spans = [(span, False) for span in re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.M | re.S))]
    for line, in_block in [(line, True) for line in lines] + spans:
        line = re.sub(r"(^|\s)#.*", "", line)
        for found in re.finditer(r"(?:^|[\s(\-/])rehearse ([a-z][^()]*)" if in_block else r"^rehearse ([a-z].*)", line):
            try:
                yield shlex.split(found[1]), page
            except ValueError:
                yield found[1].split(), page


if what == "exist":
    count = 0
    for page in pages:
        for words, place in commands_in(page):
            count += 1
            check_command(words, place)
    if count < 5:
        problems.append("hardly any command was found: is this test blind?")
elif what == "complete":
    text = open(os.path.join(repo, "README.md")).read()
    named = re.findall(r"^\| `rehearse ([a-z]+)[^`]*` \|", text, re.M)
    problems += [f"not in the README's table: {name}" for name in commands if name not in named]
    problems += [f"in the README's table, but not a command: {name}" for name in named if name not in commands]
elif what == "examples":
    for name in commands:
        example = help_of(name).split("\nExample:")[1].strip()
        check_command(shlex.split(example)[1:], f"{name} --help")
elif what == "interlocks":
    source = open(os.path.join(repo, "orchestrator/guard/guard.cpp")).read()
    there = re.findall(r'^\s*\{"([a-z_]+)", "', source, re.M)
    text = open(os.path.join(repo, "README.md")).read()
    named = re.findall(r"^\| `([a-z_]+)` \|", text[text.index("| interlock |") : text.index("**What holds")], re.M)
    if there != named:
        problems.append(f"the guard has {there}\nthe README {named}")
elif what == "codes":
    text = open(os.path.join(repo, "README.md")).read()
    table = text[text.index("| exit code |") : text.index("| verdict |")]
    named = re.findall(r"^\| (\d+) \|", table, re.M)
    there = re.findall(r"(?:codes:|;)\s+(\d+) ", " ".join(help_of().split()))
    if not there or named != there:
        problems.append(f"--help has {there}, the README {named}")
print("\n".join(problems))
sys.exit(1 if problems else 0)
PYTHON
compare() { python3 "$work/compare.py" "$@"; }
promise "every command and option of the README exists" compare exist README.md
promise "every command and option of the other pages exists" compare exist CHANGELOG.md playbooks/README.md playbooks/the-way-back.md \
    adapters/README.md CONTRIBUTING.md orchestrator/README.md
promise "every command is in the README's table, and nothing else" compare complete
promise "every example of --help uses options that there are" compare examples
promise "the README names every interlock, in the guard's order" compare interlocks
promise "the README names every exit code" compare codes

# The README's own environment and playbook are what the loader takes.
promise "a workspace is made" "$REHEARSE" init "$work/drills"
awk '/^```yaml/ { n++; inside = 1; next } /^```/ { inside = 0 } inside && n == 1' "$repo/README.md" >"$work/drills/environments/shop-staging.yaml"
awk '/^```yaml/ { n++; inside = 1; next } /^```/ { inside = 0 } inside && n == 2' "$repo/README.md" >"$work/drills/playbooks/delete-and-recreate.yaml"
promise "the README's environment and playbook are valid" "$REHEARSE" check --workspace "$work/drills"

# Links lead to files that are there.
links() {
    local page link missing=0
    for page in README.md CONTRIBUTING.md playbooks/README.md playbooks/the-way-back.md adapters/README.md orchestrator/README.md; do
        while IFS= read -r link; do
            [[ $link == http* || -e $repo/$(dirname "$page")/${link%%#*} ]] || { printf '%s: %s\n' "$page" "$link"; missing=1; }
        done < <(grep -oE '\]\([^)#][^)]*\)' "$repo/$page" | sed 's/^](//; s/)$//')
    done
    return $missing
}
promise "no link of the pages is dead" links
conclude
