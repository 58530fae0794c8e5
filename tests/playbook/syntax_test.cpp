// What the loader says about files that are not the YAML it takes: each complaint with its exact place.
#include <doctest/doctest.h>

#include <chrono>
#include <string>

#include "tests/playbook/sample.h"

using namespace rehearse;
using namespace rehearse::test;

namespace {

std::string said(const std::string& text) { return problems_of(workspace(text)); }

/// Only the first complaint: the rest follows from it.
std::string first_said(const std::string& text) {
    const std::string all = said(text);
    return all.substr(0, all.find('\n'));
}

}  // namespace

TEST_SUITE("playbook") {
    TEST_CASE("a file that is no text is refused before a parser sees it") {
        CHECK(said("workspace: \xE4\n") ==
              "1:12: this is not UTF-8 text: byte 0xE4 is in no character; save the file as UTF-8");
        CHECK(first_said("\xFF\xFEw\0o").starts_with("1:1: this is not UTF-8 text: byte 0xFF"));
        CHECK(first_said("workspace: \xED\xA0\x80").starts_with("1:12: this is not UTF-8"));  // a surrogate
        CHECK(first_said("workspace: \xC0\xAF").starts_with("1:12: this is not UTF-8"));      // overlong
        CHECK(first_said("workspace: \xE2\x82").starts_with("1:12: this is not UTF-8"));      // cut off
        CHECK(first_said(std::string("workspace: a\0b", 14)) ==
              "1:13: there is a character here that does not show: U+0000; remove it; inside a text write it "
              "as an escape in double quotes");
        CHECK(first_said("workspace: a\xE2\x80\xAE"
                         "b")
                  .starts_with("1:13: there is a character here that does not show: U+202E"));
        CHECK(first_said("workspace: x\nalarm\rfreeze\n").starts_with("2:6: there is a character here"));
    }

    TEST_CASE("a tab is refused where it stands, but may be in a comment") {
        CHECK(
            said("workspace: x\nalarm:\n\tcommand: [a]\n") ==
            "3:1: there is a tab here, and YAML does not indent with tabs; write spaces; inside a text write "
            "\"\\t\" in double quotes");
        CHECK(said("#\ta comment\nworkspace: x\n") == "");
    }

    TEST_CASE("what other systems put into files is taken: a byte order mark, their line breaks") {
        CHECK(said("\xEF\xBB\xBFworkspace: x\n") == "");
        CHECK(said("workspace: x\r\nalarm: { command: [true] }\r\n") == "");
        CHECK(said("workspace: x") == "");
        CHECK(said("---\nworkspace: x\n...\n") == "");
    }

    TEST_CASE("columns count characters, not bytes") {
        CHECK(said("workspace: x\nalarm: { command: [\"äöü\"], timeout: 5 }\n") ==
              "2:37: 'timeout' is 5, without a unit; write \"5s\" for seconds or \"5m\" for minutes");
    }

    TEST_CASE("an empty file, a list and a lone text are no settings") {
        const std::string empty =
            "1:1: the file is empty; write what it should say; 'rehearse init' shows an example";
        CHECK(said("") == empty);
        CHECK(said("# nothing yet\n\n") == empty);
        CHECK(said("---\n") == empty);
        CHECK(said("- a\n- b\n") ==
              "1:1: rehearse.yaml must be a mapping, and here is a list; write 'key: value'; the keys are "
              "workspace, alarm, freeze, audit");
        CHECK(first_said("hello\n").starts_with("1:1: rehearse.yaml must be a mapping, and here is 'hello'"));
    }

    TEST_CASE("a second document is refused") {
        CHECK(said("workspace: a\n---\nworkspace: b\n") ==
              "2:1: a second document begins here, and a file holds one; move it to a file of its own, or "
              "remove "
              "the line with '---'");
    }

    TEST_CASE("a duplicate key is refused in both notations") {
        CHECK(said("workspace: a\nworkspace: b\n") ==
              "2:1: the key 'workspace' stands here a second time; the first is in line 1; keep one of them");
        CHECK(said("workspace: x\nalarm: { command: [a], timeout: 1s, \"command\": [b] }\n") ==
              "2:37: the key 'command' stands here a second time; the first is in line 2; keep one of them");
    }

    TEST_CASE("anchors, aliases, merges, tags and directives are refused") {
        CHECK(said("workspace: &name x\n") ==
              "1:12: '&' begins an anchor here, and anchors are refused; write the value out wherever it is "
              "needed; put a text that begins with '&' in quotes");
        CHECK(first_said("workspace: &a x\nalarm: *a\n").starts_with("1:12: '&' begins an anchor"));
        const std::string alias =
            "'*' begins an alias here, and aliases are refused; write the value itself; put a pattern in "
            "quotes, "
            "like \"*.conf\"";
        CHECK(said("workspace: *a\n") == "1:12: " + alias);
        CHECK(said("workspace: [**]\n") == "1:13: " + alias);
        CHECK(said("workspace: *.conf\n") == "1:12: " + alias);
        CHECK(said("workspace: x\n<<: { alarm: 1 }\n") ==
              "2:1: '<<' merges mappings, and merging is refused; write the keys out where they are needed");
        CHECK(said("workspace: !!python/object/apply:os.system x\n") ==
              "1:12: '!' begins a tag here, and tags are refused; remove the tag; put a text that begins "
              "with '!' "
              "in quotes");
        CHECK(first_said("workspace: !<x\n").find("'!' begins a tag here") != std::string::npos);
        CHECK(said("%YAML 1.2\n---\nworkspace: x\n") ==
              "1:1: a line that begins with '%' is a YAML directive, and none is allowed; remove the line");
    }

    TEST_CASE("what is opened and never closed is named where it was opened") {
        CHECK(said("workspace: \"x\nalarm: { command: [a] }\n") ==
              "1:12: the text that begins here is never closed; add the missing \"");
        CHECK(said("workspace: 'it''s\n") ==
              "1:12: the text that begins here is never closed; add the missing '");
        CHECK(said("workspace: [a, \"b]\n").starts_with("1:16: the text that begins here is never closed"));
        CHECK(said("workspace: [a\n") ==
              "1:12: the list that begins here is never closed; add the missing ']'");
        CHECK(said("workspace: { a: 1\n") ==
              "1:12: the mapping that begins here is never closed; add the missing '}'");
        CHECK(said("workspace: [a, b\nalarm: 1\n") ==
              "2:6: a ',' or ']' is missing before this place; the list began in line 1; add it, and put "
              "texts with "
              "special characters in quotes");
        CHECK(said("workspace: [a]]\n") == "1:15: this ']' closes nothing; remove it, or add what opens it");
    }

    TEST_CASE("indentation and special characters are explained in a person's words") {
        CHECK(said("alarm:\n   command: [a]\n  timeout: 1s\n") ==
              "3:3: this line does not fit the lines above it; indent it like the key or '-' that it belongs "
              "beside");
        CHECK(said("workspace: a: b\n") ==
              "1:13: a ':' is not expected here; put a value that holds ': ' in quotes, and check the "
              "indentation");
        CHECK(said("workspace: \"a\" b\n") ==
              "1:16: there is more text after the end of the value; put the whole value in quotes");
        CHECK(said("workspace: @x\n") ==
              "1:12: a text cannot begin with '@'; put a text that begins with '@' in quotes");
        CHECK(said("workspace: \"\\q\"\n") ==
              "1:13: this is no escape that a text in double quotes knows; write \"\\\\\" for a backslash, "
              "or use "
              "single quotes");
        CHECK(said("workspace: x\n? [a]\n: b\n") == "2:3: this key is not a text; write keys as plain words");
    }

    TEST_CASE("a huge or deeply nested file is refused quickly, not parsed until something breaks") {
        const auto began = std::chrono::steady_clock::now();
        CHECK(said(std::string((1U << 20U) + 1, '#')).find("the file is larger than 1 MiB") !=
              std::string::npos);
        for (const std::string unit :
             {"[", "{", "[{", "- ", "? ", "{a: ", "[\"]\",", ": ", "!", "&a ", "*a "}) {
            CAPTURE(unit);
            std::string text;
            while (text.size() + unit.size() <= (1U << 20U)) text += unit;
            CHECK(said(text).find(": ") != std::string::npos);
        }
        std::string stairs;
        for (int depth = 0; depth < 1000; ++depth)
            stairs += std::string(static_cast<std::size_t>(depth), ' ') + "a:\n";
        CHECK(said(stairs) ==
              "65:65: this is nested deeper than 64 levels; nothing in these files needs so many; check the "
              "brackets "
              "and the indentation");
        CHECK(said("workspace: " + std::string(65, '[')) ==
              "1:76: this is nested deeper than 64 levels; close the brackets before it");
        CHECK(std::chrono::steady_clock::now() - began < std::chrono::seconds(60));
    }

    TEST_CASE("a file full of mistakes shows the first hundred") {
        std::string text = "workspace: x\n";
        for (int i = 0; i < 5000; ++i) text += "key" + std::to_string(i) + ": 1\n";
        const Loaded<WorkspaceSettings> loaded = workspace(text);
        CHECK(loaded.problems.size() == 100);
        CHECK(loaded.problems.back().message == "4901 more problems follow");
    }
}
