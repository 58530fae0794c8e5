#!/usr/bin/env bash
# scripts/lint: what clang-tidy finds goes red at its line, in headers too, and what was clean is asked again only when it changed.
# shellcheck source=tests/scripts/harness.sh disable=SC2317
. "$(dirname "${BASH_SOURCE[0]}")/harness.sh"
for tool in clang-tidy cmake ninja; do command -v "$tool" >/dev/null || skip "$tool"; done

tree=$work/tree
mkdir -p "$tree/orchestrator" "$tree/scripts"
cp "$repo/.clang-tidy" "$tree/"
cp "$repo/scripts/lint" "$tree/scripts/"
put() { printf '%b\n' "$2" >"$tree/$1"; }
put CMakeLists.txt 'cmake_minimum_required(VERSION 3.25)\nproject(tree CXX)\nset(CMAKE_EXPORT_COMPILE_COMMANDS ON)\nadd_library(tree orchestrator/a.cpp orchestrator/b.cpp)'
put orchestrator/a.h '#pragma once\n#include <string>\nint size_of(const std::string& text);'
put orchestrator/a.cpp '#include "a.h"\nint size_of(const std::string& text) { return static_cast<int>(text.size()); }'
put orchestrator/b.cpp 'int b() { return 1; }'
build() { cmake -S "$tree" -B "$tree/build/dev" -G Ninja >/dev/null && ninja -C "$tree/build/dev" >/dev/null; }
says() { # says STATUS WORDS: what lint ends with, and what it prints
    local output actual=0
    output=$("$tree/scripts/lint" 2>&1) || actual=$?
    [[ $actual == "$1" && $output == *"$2"* ]] || { printf '%s\nended with %s\n' "$output" "$actual"; return 1; }
}

promise "a tree that was not configured is refused, with what to do" says 1 "scripts/build dev"
build
promise "clean sources have no findings" says 0 "2 sources, 2 of them changed, nothing found"
promise "and are not asked again" says 0 "2 sources, 0 of them changed, nothing found"
put orchestrator/b.cpp '#include <string>\nint b(std::string text) { return static_cast<int>(text.size()); }'
build
promise "a finding is named by file and line" says 1 "orchestrator/b.cpp:2: the parameter 'text' is copied"
promise "and again as long as it stands" says 1 "1 of them changed, 1 found"
put orchestrator/b.cpp 'int b() { return 1; }'
put orchestrator/a.h '#pragma once\n#include <string>\nint size_of(const std::string& text);\nstruct Any {\n    Any(int) {}\n};'
build
promise "a finding in a header is found through what includes it" says 1 "orchestrator/a.h:5: single-argument constructors must be marked explicit"
put orchestrator/a.h '#pragma once\n#include <string>\nint size_of(const std::string& text);\nstruct Any {\n    explicit Any(int) {}\n};'
build
promise "a changed header has its sources asked again, and no others" says 0 "2 sources, 1 of them changed, nothing found"
put orchestrator/a.cpp '#include "gone.h"'
promise "a source that can't be read is a finding" says 1 "orchestrator/a.cpp:1: 'gone.h' file not found"
conclude
