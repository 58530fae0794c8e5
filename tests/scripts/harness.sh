# What the script tests share: promises that pass or fail by name, a fresh folder, a count at the end. Sourced, never run.
# shellcheck shell=bash disable=SC2034

set -uo pipefail
repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/rehearse-scripts.XXXXXX")
chmod 755 "$work" # the shop's servers run as other users
passed=0 failed=0

# A test may define clean_up for what it started.
at_exit() {
    if declare -F clean_up >/dev/null; then clean_up; fi
    rm -rf "$work"
}
trap at_exit EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# promise TEXT COMMAND...: holds where COMMAND ends with 0.
promise() {
    local text=$1 output
    shift
    if output=$("$@" 2>&1); then
        passed=$((passed + 1))
        printf 'ok: %s\n' "$text"
    else
        failed=$((failed + 1))
        printf 'NOT OK: %s\n    %s\n' "$text" "$*"
        [[ -z $output ]] || printf '%s\n' "$output" | head -n 30 | sed 's/^/    | /'
    fi
}
# refuses_saying TEXT COMMAND...: COMMAND fails, and its output holds TEXT.
refuses_saying() {
    local text=$1 output
    shift
    if output=$("$@" 2>&1); then printf 'it ended with 0\n%s\n' "$output"; return 1; fi
    [[ $output == *"$text"* ]] || { printf '%s\n' "$output"; return 1; }
}
equal() { [[ $1 == "$2" ]] || { printf 'have: %s\nwant: %s\n' "$1" "$2"; return 1; }; }
not() { ! "$@"; }
skip() {
    printf 'skipped: needs %s\n' "$1"
    exit 77
}
conclude() {
    printf '%d promises kept, %d broken\n' "$passed" "$failed"
    ((failed == 0)) || exit 1
    exit 0
}
