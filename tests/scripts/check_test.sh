#!/usr/bin/env bash
# scripts/check and what it calls: each rule goes red where it should, at the right line, and stays green beside it.
# shellcheck source=tests/scripts/harness.sh disable=SC2317
. "$(dirname "${BASH_SOURCE[0]}")/harness.sh"
command -v clang-format >/dev/null || skip "clang-format"
command -v python3 >/dev/null || skip "python3"

tree=$work/tree
new_tree() {
    rm -rf "$tree"
    mkdir -p "$tree"
    cp "$repo/.clang-format" "$tree/"
}
put() { # put PATH TEXT: TEXT with \n in it
    mkdir -p "$tree/$(dirname "$1")"
    printf '%b\n' "$2" >"$tree/$1"
}
findings() { "$repo/scripts/check" "$tree" 2>"$work/errors"; }
exactly() { # exactly PATH:LINE WORDS: this one finding and no other
    local output
    if output=$(findings); then echo "it ended with 0"; return 1; fi
    [[ $(wc -l <<<"$output") == 1 && $output == "$1: "*"$2"* ]] || { printf '%s\n' "$output"; cat "$work/errors"; return 1; }
}
nothing() {
    local output
    if output=$(findings) && [[ -z $output ]]; then return; fi
    printf '%s\n' "$output"
    cat "$work/errors"
    return 1
}
# red TEXT PATH:LINE WORDS CONTENT: a tree with this file alone has this finding alone.
red() {
    new_tree
    put "${2%:*}" "$4"
    promise "$1" exactly "$2" "$3"
}
green() { # green TEXT PATH CONTENT
    new_tree
    put "$2" "$3"
    promise "$1" nothing
}
opening='// What lives here.\n'

new_tree
promise "an empty tree has no findings" nothing

# --- format and syntax
red "a file that is not formatted" orchestrator/base/a.cpp:2 "scripts/check --fix" "${opening}int  a;"
promise "--fix formats it" "$repo/scripts/check" --fix "$tree"
promise "and then nothing is found" nothing
red "a shell script that does not parse" scripts/a:3 "not bash" '#!/usr/bin/env bash\n# Does nothing.\nif then'
red "a Python script that does not parse" scripts/a:3 "not Python" '#!/usr/bin/env python3\n# Does nothing.\nif :'
red "a shell script that shellcheck warns of" scripts/a:3 "SC2164" '#!/usr/bin/env bash\n# Goes elsewhere, or not.\ncd /elsewhere\ntouch a'
red "a Python script with an import that nothing uses" scripts/a:3 "imported but unused" '#!/usr/bin/env python3\n# Does nothing.\nimport os'
red "a Python module with a name that nothing defines" tests/a.py:2 "undefined name" '# Does nothing.\nprint(missing)'
red "a Perl script that does not parse" scripts/a:1 "not perl" '#!/usr/bin/perl\n# Does nothing.\nif if;'

# --- opening
red "a source without a comment at its top" orchestrator/base/a.cpp:1 "opens with a comment" 'int a;'
red "a script without a comment under its first line" scripts/a:2 "opens with a comment" '#!/bin/sh\nexit 0'
red "a playbook without a comment at its top" playbooks/a.yaml:1 "opens with a comment" 'playbook: a'

# --- floors
red "a lower floor that includes a higher one" orchestrator/base/a.h:3 "includes up" "${opening}#pragma once\n#include \"orchestrator/model/plan.h\""
red "two folders of floor 3 that include each other" orchestrator/guard/a.cpp:2 "includes sideways" "${opening}#include \"orchestrator/ledger/ledger.h\""
red "two folders of floor 1 that include each other" orchestrator/model/a.cpp:2 "includes sideways" "${opening}#include \"orchestrator/commands/command.h\""
red "an adapter that includes a port's user" adapters/files/a.cpp:2 "floors 0 to 2" "${opening}#include \"orchestrator/snapshots/store.h\""
red "an adapter that includes another one" adapters/files/a.cpp:2 "never include each other" "${opening}#include \"adapters/process/process.h\""
red "the exec adapter that includes another one" adapters/exec/a.cpp:2 "never include each other" "${opening}#include \"adapters/files/files.h\""
red "support that knows an adapter" adapters/support/a.cpp:2 "knows no adapter" "${opening}#include \"adapters/files/files.h\""
red "a drill that knows an adapter" orchestrator/drill/a.cpp:2 "only orchestrator/app/" "${opening}#include \"adapters/files/files.h\""
red "a command that knows the registry" orchestrator/cli/a.cpp:2 "only orchestrator/app/" "${opening}#include \"adapters/registry.h\""
red "app that knows one adapter instead of the registry" orchestrator/app/a.cpp:2 "by adapters/registry.h" "${opening}#include \"adapters/files/files.h\""
red "a folder that has no floor" orchestrator/attic/a.cpp:1 "has no floor" "${opening}int a;"
red "an include of a folder that has no floor" orchestrator/app/a.cpp:2 "has no floor" "${opening}#include \"orchestrator/attic/a.h\""
red "an include that does not start at the root" orchestrator/drill/a.cpp:2 "start at the root" "${opening}#include \"plan.h\""
red "an include that climbs" orchestrator/drill/a.cpp:2 "start at the root" "${opening}#include \"../base/failure.h\""
red "our own header in angle brackets" orchestrator/drill/a.cpp:2 "angle brackets" "${opening}#include <orchestrator/base/failure.h>"
red "the binary that includes the tests" orchestrator/drill/a.cpp:2 "only tests" "${opening}#include \"tests/support/fake.h\""
red "a library that belongs in .cpp files, in a header" orchestrator/playbook/a.h:3 "yaml-cpp" "${opening}#pragma once\n#include <yaml-cpp/yaml.h>"
green "the next floor down" orchestrator/drill/a.cpp "${opening}#include \"orchestrator/guard/guard.h\"\n#include \"orchestrator/ports/adapter.h\""
green "one's own folder" orchestrator/guard/a.cpp "${opening}#include \"orchestrator/guard/guard.h\""
green "an adapter on the ports and on support" adapters/files/a.cpp "${opening}#include \"adapters/support/item_name.h\"\n#include \"orchestrator/ports/adapter.h\""
green "the registry, which knows every adapter" adapters/registry.cpp "${opening}#include \"adapters/files/files.h\"\n#include \"adapters/process/process.h\""
green "app, which knows the registry" orchestrator/app/main.cpp "${opening}#include \"adapters/registry.h\"\n#include \"orchestrator/cli/cli.h\""
green "tests, which include anything" tests/drill/a_test.cpp "${opening}#include \"adapters/files/files.h\"\n#include \"tests/support/fake.h\""
green "an include in a comment" orchestrator/base/a.h "${opening}#pragma once\n// #include \"orchestrator/cli/cli.h\"\n/*\n#include \"orchestrator/cli/cli.h\"\n*/"
new_tree
put orchestrator/probes/a.cpp "${opening}#include <boost/beast.hpp>"
put orchestrator/api/a.cpp "${opening}#include <boost/beast/core.hpp>"
promise "one library in two folders: both are named" test "$(findings | grep -c "Beast belongs to one folder")" == 2

# --- banned patterns
body() { printf '%s' "${opening}void act() { $1; }"; }
red "sleeping" orchestrator/drill/a.cpp:2 "Sleeper" "$(body 'std::this_thread::sleep_for(a)')"
red "sleeping in a test" tests/drill/a_test.cpp:2 "fake clock" "$(body 'usleep(1000)')"
red "reading the environment" adapters/files/a.cpp:2 "[environment]" "$(body 'std::getenv(name)')"
red "calling a shell" adapters/exec/a.cpp:2 "[system]" "$(body 'std::system(line)')"
red "opening a pipe to a shell" adapters/exec/a.cpp:2 "[system]" "$(body 'popen(line, mode)')"
red "forking" orchestrator/commands/a.cpp:2 "[fork]" "$(body '::fork()')"
red "asking the wall clock" orchestrator/drill/a.cpp:2 "[clock]" "$(body 'std::chrono::system_clock::now()')"
red "asking the steady clock" orchestrator/base/a.cpp:2 "[clock]" "$(body 'std::chrono::steady_clock::now()')"
red "asking the kernel's clock" adapters/process/a.cpp:2 "[clock]" "$(body 'clock_gettime(CLOCK_MONOTONIC, &t)')"
red "asking for the time" adapters/process/a.cpp:2 "[clock]" "$(body 'time(nullptr)')"
red "spawning without an owner, over two lines" orchestrator/drill/a.cpp:3 "[detached]" "${opening}void act() {\n    boost::asio::co_spawn(executor_with_quite_a_long_name, run_the_drill_with_a_long_name(first, second),\n                          boost::asio::detached);\n}"
red "letting a thread go" orchestrator/drill/a.cpp:2 "[detach]" "$(body 'thread.detach()')"
red "a mark of unfinished work" orchestrator/drill/a.cpp:2 "[leftover]" "${opening}// TO""DO: finish"
red "such a mark in a script" scripts/a:3 "[leftover]" "#!/bin/sh\n# Does nothing.\n# FIX""ME"
red "an exception without a reason" orchestrator/drill/a.cpp:3 "[fork]" "${opening}// check: allow fork:\nint a = fork();"
red "an exception for another rule" orchestrator/drill/a.cpp:3 "[fork]" "${opening}// check: allow clock: it is needed\nint a = fork();"
green "sleeping in app" orchestrator/app/a.cpp "$(body 'std::this_thread::sleep_for(a)')"
green "the environment in app" orchestrator/app/a.cpp "$(body 'std::getenv(name)')"
green "the environment in a test" tests/drill/a_test.cpp "$(body 'std::getenv(name)')"
green "the clock in a test" tests/drill/a_test.cpp "$(body 'std::chrono::steady_clock::now()')"
green "spawning in the task group" orchestrator/base/task_group.cpp "$(body 'co_spawn(a, b, detached)')"
green "an exception with its reason" orchestrator/drill/a.cpp "${opening}// check: allow fork: the test of fork itself\nint a = fork();"
green "a pattern in a comment" orchestrator/drill/a.cpp "${opening}// posix_spawn, never fork() or system().\n/* getenv(x) */"
green "a pattern in a string" orchestrator/drill/a.cpp "${opening}auto a = \"select pg_sleep(1), system(2), fork()\";\nauto b = R\"(getenv(\"x\"))\";"
green "methods and namespaces of the same name" orchestrator/drill/a.cpp "${opening}void act() {\n    x.fork();\n    y->system(1);\n    boost::system::error_code e;\n    notify_fork(1);\n    uptime(0);\n}"
green "digits with separators" orchestrator/drill/a.cpp "${opening}int a = 1'000'000;\nint b = 2'000;"

# --- which files
new_tree
put build/dev/a.cpp 'int  a;'
promise "what is built is not checked" nothing
new_tree
git -C "$tree" init -q
printf 'ignored/\n' >"$tree/.gitignore"
put ignored/a.cpp 'int  a;'
promise "what git ignores is not checked" nothing
put orchestrator/base/new.cpp 'int a;'
promise "what git does not know yet is checked" exactly orchestrator/base/new.cpp:1 "opens with a comment"
promise "an unknown option is refused" refuses_saying "unknown option" "$repo/scripts/check" --nonsense
conclude
