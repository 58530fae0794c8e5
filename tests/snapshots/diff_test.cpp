// What a diff calls missing, extra, changed and metadata, and how it names large files and sidecar entries.
#include "orchestrator/ports/tree.h"
#include "tests/snapshots/store_fixture.h"

using namespace rehearse;
using namespace rehearse::test;

namespace {

const std::string sidecar(sidecar_name);
constexpr auto chunk = "0000000000000000-00100000";
constexpr auto next_chunk = "0000000000100000-00000001";

struct DiffFixture : StoreFixture {
    std::vector<std::string> differences(const Files& before, const Files& after, std::size_t limit = 0) {
        const SnapshotId a = take_snapshot(*store, before, 0);
        const SnapshotId b = take_snapshot(*store, after, 1);
        std::vector<std::string> found;
        for (const TreeDifference& difference : store->diff(a, b, limit)) {
            CHECK(difference.resource.text() == "config");
            if (difference.kind == ChangeKind::extra) CHECK(difference.before_id.empty());
            if (difference.kind == ChangeKind::missing) CHECK(difference.after_id.empty());
            if (difference.kind != ChangeKind::extra) CHECK(difference.before_id.size() == 40);
            found.push_back(std::string(to_string(difference.kind)) + " " + difference.path);
        }
        return found;
    }
};

using Found = std::vector<std::string>;

}  // namespace

TEST_CASE_FIXTURE(DiffFixture, "equal trees do not differ") {
    CHECK(differences({{"a", "1"}, {"d/b", "2"}}, {{"a", "1"}, {"d/b", "2"}}).empty());
    CHECK(differences({}, {}).empty());
}

TEST_CASE_FIXTURE(DiffFixture, "files are missing, extra or changed, sorted by path") {
    CHECK(differences({{"gone", "1"}, {"d/same", "1"}, {"d/x", "1"}, {"lost/a", "1"}, {"lost/b/c", "1"}},
                      {{"d/same", "1"}, {"d/x", "2"}, {"d.new", "3"}, {"new/deep/er", "1"}}) ==
          Found{"extra d.new", "changed d/x", "missing gone", "missing lost/a", "missing lost/b/c",
                "extra new/deep/er"});
}

TEST_CASE_FIXTURE(DiffFixture, "a file that became a directory is missing, and what is below is extra") {
    CHECK(differences({{"a", "1"}}, {{"a/b", "1"}}) == Found{"missing a", "extra a/b"});
    CHECK(differences({{"a/b", "1"}}, {{"a", "1"}}) == Found{"extra a", "missing a/b"});
}

TEST_CASE_FIXTURE(DiffFixture, "a limit gives the first ones") {
    Files before;
    for (int i = 0; i < 4000; ++i) before["f" + std::to_string(10'000 + i)] = "x";
    const Found found = differences(before, {}, 3);
    CHECK(found == Found{"missing f10000", "missing f10001", "missing f10002"});
}

TEST_CASE_FIXTURE(DiffFixture, "the content of a large file is one file, however it is cut") {
    const std::string one(std::string("big/") + chunk), two(std::string("big/") + next_chunk);
    CHECK(differences({{one, "a"}, {two, "b"}}, {{one, "a"}, {two, "c"}}) == Found{"changed big"});
    CHECK(differences({{one, "a"}, {two, "b"}}, {}) == Found{"missing big"});
    CHECK(differences({}, {{one, "a"}}) == Found{"extra big"});
    CHECK(differences({{"big", "a"}}, {{one, "a"}}) == Found{"changed big"});
    CHECK(differences({{one, "a"}}, {{"big", "a"}}) == Found{"changed big"});
    // a real directory that holds one such name stays a directory
    CHECK(differences({{one, "a"}, {"big/x", ""}}, {{one, "b"}, {"big/x", ""}}) == Found{"changed " + one});
}

TEST_CASE_FIXTURE(DiffFixture, "a changed sidecar is shown entry by entry") {
    const std::string before =
        "{\"mode\":\"0755\",\"name\":\".\"}\n"
        "{\"mode\":\"0644\",\"name\":\"a\"}\n"
        "{\"name\":\"fifo\",\"type\":\"fifo\"}\n"
        "{\"name\":\"link\",\"target\":\"x\",\"type\":\"link\"}\n"
        "{\"mode\":\"0644\",\"name\":\"same\"}\n";
    SUBCASE("mode of a file") {
        std::string after = before;
        after.replace(after.find("0644"), 4, "0600");
        CHECK(differences({{"d/a", "1"}, {"d/" + sidecar, before}},
                          {{"d/a", "1"}, {"d/" + sidecar, after}}) == Found{"metadata d/a"});
        // content says more than metadata, and says it once
        CHECK(differences({{"d/a", "1"}, {"d/" + sidecar, before}},
                          {{"d/a", "2"}, {"d/" + sidecar, after}}) == Found{"changed d/a"});
    }
    SUBCASE("mode of the directory, at the top and below") {
        std::string after = before;
        after.replace(after.find("0755"), 4, "0700");
        CHECK(differences({{sidecar, before}}, {{sidecar, after}}) == Found{"metadata ."});
        CHECK(differences({{"d/" + sidecar, before}}, {{"d/" + sidecar, after}}) == Found{"metadata d"});
    }
    SUBCASE("what is nothing but a line: a link that points elsewhere, a pipe that is gone or new") {
        std::string after = before;
        after.replace(after.find("\"x\""), 3, "\"y\"");
        CHECK(differences({{sidecar, before}}, {{sidecar, after}}) == Found{"changed link"});
        const std::size_t fifo = before.find("{\"name\":\"fifo\"");
        std::string without = before;
        without.erase(fifo, before.find('\n', fifo) - fifo + 1);
        CHECK(differences({{sidecar, before}}, {{sidecar, without}}) == Found{"missing fifo"});
        CHECK(differences({{sidecar, without}}, {{sidecar, before}}) == Found{"extra fifo"});
    }
    SUBCASE("an empty directory that is gone") {
        const std::string self = "{\"name\":\".\"}\n";
        CHECK(differences({{"e/" + sidecar, self}, {"x", ""}}, {{"x", ""}}) == Found{"missing e"});
        CHECK(differences({{"x", ""}}, {{"e/" + sidecar, self}, {"x", ""}}) == Found{"extra e"});
    }
    SUBCASE("a line that is gone while the file is there") {
        CHECK(differences({{"a", "1"}, {sidecar, "{\"name\":\"a\"}\n"}}, {{"a", "1"}}) ==
              Found{"metadata a"});
    }
    SUBCASE("a sidecar in parts") {
        const std::size_t cut = before.find('\n') + 1;
        const Files parts{{sidecar + "/000000", before.substr(0, cut)},
                          {sidecar + "/000001", before.substr(cut)}};
        CHECK(differences(parts, {{sidecar, before + "{\"name\":\"z\"}\n"}}) == Found{"extra z"});
    }
    SUBCASE("one that cannot be read, or that says the same in other words, is itself the finding") {
        CHECK(differences({{sidecar, before}}, {{sidecar, "nonsense"}}) == Found{"metadata " + sidecar});
        const Files parts{{sidecar + "/000000", before}};
        CHECK(differences(parts, {{sidecar, before}}) == Found{"metadata " + sidecar});
    }
}

TEST_CASE_FIXTURE(DiffFixture, "names that are not text are shown so that they can be read") {
    CHECK(differences({{"a\xff\n", "1"}}, {}) == Found{"missing a\\xff\\x0a"});
}

TEST_CASE_FIXTURE(DiffFixture, "a tree deeper than any stack is walked") {
    std::string deep;
    for (int i = 0; i < 3000; ++i) deep += "d/";
    const SnapshotId a = take_snapshot(*store, {{deep + "f", "1"}}, 0);
    const SnapshotId b = take_snapshot(*store, {{deep + "f", "2"}}, 1);
    const std::vector<TreeDifference> found = store->diff(a, b, 0);
    REQUIRE(found.size() == 1);
    CHECK(found[0].path == deep + "f");
    CHECK(store->verify(b).objects == 3006);
}

TEST_CASE_FIXTURE(StoreFixture,
                  "resources that one snapshot lacks are missing or extra with all their files") {
    const SnapshotId a = take_snapshot(*store, {{"x", "1"}});
    const std::unique_ptr<SnapshotWriter> snapshot = store->begin();
    const std::unique_ptr<TreeWriter> writer = snapshot->resource(ResourceName("other"));
    write_files(*writer, {{"y", "1"}});
    writer->finish();
    const SnapshotId b = snapshot->commit({}, "m", at_second(1), {"refs/heads/shop"});
    const std::vector<TreeDifference> found = store->diff(a, b, 0);
    REQUIRE(found.size() == 2);
    CHECK(found[0].resource.text() == "config");
    CHECK(found[0].kind == ChangeKind::missing);
    CHECK(found[1].resource.text() == "other");
    CHECK(found[1].kind == ChangeKind::extra);
}
