// Which names a snapshot's tree refuses; git's own verdict is asked in tests/snapshots.
#include "orchestrator/ports/tree_name.h"

#include <doctest/doctest.h>

#include <string>

using rehearse::why_not_a_tree_name;
using namespace std::string_literals;

TEST_CASE("names that git takes for its own are refused in every disguise") {
    for (const std::string& name : {""s,
                                    "."s,
                                    ".."s,
                                    "a/b"s,
                                    "a\0b"s,
                                    ".git"s,
                                    ".GIT"s,
                                    ".Git "s,
                                    ".git..."s,
                                    ".git::$INDEX_ALLOCATION"s,
                                    "git~1"s,
                                    "GIT~1 ."s,
                                    "a\\.git"s,
                                    "a\\git~1\\b"s,
                                    ".g\u200cit"s,
                                    ".git\ufeff"s,
                                    ".gitmodules"s,
                                    ".gitmodules ."s,
                                    "gitmod~1"s,
                                    "gi7eba~1"s,
                                    "gi7eb~12"s,
                                    "GI7D29~9"s,
                                    ".GitAttributes"s,
                                    "x\\.gitattributes:a"s,
                                    ".git\u200fmodules"s}) {
        CAPTURE(name);
        CHECK_FALSE(why_not_a_tree_name(name).empty());
    }
}

TEST_CASE("names that only look like git's own are accepted") {
    for (const std::string& name : {".gitignore"s,
                                    ".github"s,
                                    "git"s,
                                    ".gi"s,
                                    "git~2"s,
                                    ".git~"s,
                                    "...git"s,
                                    "a.git"s,
                                    "gitmod~5"s,
                                    "gitmodules"s,
                                    " .git"s,
                                    "\xff\xfe"s,
                                    "a\nb"s,
                                    "\\"s,
                                    "git~1x"s,
                                    ".gitx"s,
                                    ".rehearse-meta.jsonl"s,
                                    "caf\u00e9"s,
                                    "gi7eba~"s,
                                    "gi7eba~0"s}) {
        CAPTURE(name);
        CHECK(why_not_a_tree_name(name) == "");
    }
}
