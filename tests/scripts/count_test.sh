#!/usr/bin/env bash
# scripts/count_tests: what failed is never counted as passed, whatever way it failed.
# shellcheck source=tests/scripts/harness.sh disable=SC2317
. "$(dirname "${BASH_SOURCE[0]}")/harness.sh"
command -v python3 >/dev/null || skip "python3"

mkdir "$work/dev"
junit() { # a file with these test cases
    printf '<?xml version="1.0"?>\n<testsuite name="x">%s</testsuite>\n' "$*" >"$work/dev/junit.xml"
}
case_of() { # case_of NAME STATUS OUTPUT
    printf '<testcase name="%s" classname="%s" time="0.1" status="%s"><system-out>%s</system-out></testcase>' "$1" "$1" "$2" "$3"
}
count() { "$repo/scripts/count_tests" "$@" "$work/dev/junit.xml"; }
ends_with() { # ends_with STATUS LINE COUNT-ARGUMENT...
    local status=$1 line=$2 output actual=0
    shift 2
    output=$(count "$@") || actual=$?
    equal "$actual" "$status" && equal "$(tail -n 1 <<<"$output")" "$line"
}
doctest() { printf '[doctest] test cases:  %s |  %s passed | %s failed | 0 skipped\n' $(($1 + $2)) "$1" "$2"; }

junit "$(case_of a run "")" "$(case_of b run "")"
promise "programs that print no count are one test each" ends_with 0 "2 passed, 0 failed"
junit "$(case_of a run "$(doctest 12 0)")" "$(case_of b run "7 promises kept, 0 broken")"
promise "the cases inside a program are counted" ends_with 0 "19 passed, 0 failed"
junit "$(case_of a fail "$(doctest 12 2)")"
promise "failed cases are counted" ends_with 1 "12 passed, 2 failed"
junit "$(case_of a fail "$(doctest 12 0)")"
promise "a program that crashed after its count has failed" ends_with 1 "12 passed, 1 failed"
junit "$(case_of a run "")" '<testcase name="b" status="notrun"><skipped message="Unable to find executable"/></testcase>'
promise "a program that is not there has failed" ends_with 1 "1 passed, 1 failed"
junit "$(case_of a run "")" '<testcase name="b" status="notrun"><skipped message="SKIP_RETURN_CODE=77"/><system-out>skipped: needs docker.io</system-out></testcase>'
promise "a skipped program is counted as skipped" ends_with 0 "1 passed, 0 failed, 1 skipped"
promise "and named with what it needs" test "$(count | head -n 1)" = "skipped: dev: b: skipped: needs docker.io"
junit "$(case_of a run "skipped: needs moto_server&#10;$(doctest 3 0)")"
promise "what a program skips inside is counted, too" ends_with 0 "3 passed, 0 failed, 1 skipped"
junit "$(case_of a run "[doctest] test cases: 3 | 3 passed | 0 failed | 2 skipped")"
promise "and what it leaves out by a mark" ends_with 0 "3 passed, 0 failed, 2 skipped"
junit ""
promise "no test at all is no success" ends_with 1 "0 passed, 0 failed"
junit "$(case_of a run "")"
promise "a stage that failed is one failed test" ends_with 1 "1 passed, 1 failed" --failed "build dev"
rm "$work/dev/junit.xml"
promise "a run that wrote no file has failed" ends_with 1 "0 passed, 1 failed"
conclude
