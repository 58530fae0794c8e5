// The trees in memory that adapters are tested with give git's own ids.
#include <doctest/doctest.h>

#include "tests/support/memory_tree.h"

using namespace rehearse;

TEST_CASE("a tree in memory has the id that git gives it") {
    test::MemoryTrees trees;
    auto root = trees.writer();
    auto below = root->directory("a");
    below->blob("x", "hello\n");
    below->finish();
    root->blob("a.txt", "hello\n");
    root->blob("a0", "", true);
    root->directory("empty")->finish();
    const TreeId id = root->finish();
    CHECK(id.text() == "f26437a7519c608ed57101962f7b1cad2504df5c");
    CHECK(trees.open(id)->directory("a")->blob("x") == "hello\n");
    CHECK_FALSE(trees.open(id)->has("empty"));
    CHECK(trees.files(id).size() == 3);
}

TEST_CASE("a tree in memory refuses what git refuses") {
    test::MemoryTrees trees;
    auto root = trees.writer();
    for (const char* name : {"", ".", "..", ".git", ".GIT", "git~1", ".git. ", "a/b", ".g\u200cit"}) {
        CAPTURE(name);
        CHECK_THROWS_AS(root->blob(name, "x"), Failure);
    }
    root->blob("once", "x");
    CHECK_THROWS_AS(root->blob("once", "x"), Failure);
    auto below = root->directory("below");
    CHECK_THROWS_AS(root->finish(), Failure);
}

TEST_CASE("a flipped byte in a stored blob is found when it is read") {
    test::MemoryTrees trees;
    auto root = trees.writer();
    const BlobId blob = root->blob("a", "content");
    const auto reader = trees.open(root->finish());
    CHECK(reader->blob("a") == "content");
    CHECK(trees.flip_byte(blob));
    CHECK_THROWS_AS(static_cast<void>(reader->blob("a")), Failure);
}
