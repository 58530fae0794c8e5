// Snapshots found by every name they have, listed, and read from several threads.
#include <thread>

#include "tests/snapshots/store_fixture.h"

using namespace rehearse;
using namespace rehearse::test;

namespace {
const EnvironmentName shop{"shop"};
}

TEST_CASE_FIXTURE(StoreFixture,
                  "a snapshot is found by id, beginning of an id, ref, drill, latest and steps back") {
    const SnapshotId first =
        take_snapshot(*store, {{"a", "1"}}, 0, {"refs/drills/20261123T214500Z-abc123/before"});
    const SnapshotId second = take_snapshot(*store, {{"a", "2"}}, 1);
    const auto found = [&](const std::string& name) { return store->find(shop, name).id; };
    CHECK(found(first.text()) == first);
    CHECK(found(first.text().substr(0, 10)) == first);
    CHECK(found("latest") == second);
    CHECK(found("latest~1") == first);
    CHECK(found("latest~") == first);
    CHECK(found(second.text().substr(0, 8) + "~1") == first);
    CHECK(found("refs/heads/shop") == second);
    CHECK(found("shop") == second);
    CHECK(found("refs/drills/20261123T214500Z-abc123/before") == first);
    CHECK(found("drills/20261123T214500Z-abc123/before") == first);
    CHECK(found("20261123T214500Z-abc123/before") == first);
    CHECK(found("20261123T214500Z-abc123") == first);

    for (const char* name : {"latest~2", "latest~x", "latest~-1", "nothing", "abc", "", "deadbeef",
                             "refs/heads/other", "..", "a b", "-x", "HEAD:"}) {
        CAPTURE(name);
        CHECK(failure_of([&] { static_cast<void>(found(name)); }).kind == FailureKind::invalid_input);
    }
    CHECK(failure_of([&] { static_cast<void>(store->find(EnvironmentName("other"), "latest")); }).kind ==
          FailureKind::invalid_input);
    // another environment's snapshot is no snapshot of this one
    CHECK(failure_of([&] {
              static_cast<void>(store->find(EnvironmentName("other"), first.text()));
          }).message.find("shop") != std::string::npos);
    CHECK(store->find(EnvironmentName(), first.text()).id == first);
    // a tree's id is no snapshot
    const std::string tree = trimmed(git("rev-parse shop^{tree}").output);
    CHECK(failure_of([&] { static_cast<void>(found(tree.substr(0, 12))); }).kind ==
          FailureKind::invalid_input);
}

TEST_CASE_FIXTURE(StoreFixture,
                  "a summary gives back what was committed, and equal resources have equal trees") {
    const std::unique_ptr<SnapshotWriter> snapshot = store->begin();
    const WallTime at = at_second(7) + std::chrono::milliseconds(123);
    snapshot->resource(ResourceName("r"))->finish();
    const std::string message = "before drill x\n\nwith a \x01 second paragraph";
    const SnapshotId id = snapshot->commit({{"environment", "shop"}, {"drill", "x"}, {"deep", {{"n", 1}}}},
                                           message, at, {"refs/heads/shop"});
    const SnapshotSummary summary = store->find(shop, "latest");
    CHECK(summary.id == id);
    CHECK(summary.at == at);
    CHECK(summary.message == "before drill x\n\nwith a \\x01 second paragraph");
    CHECK(summary.manifest.at("format").as_int64() == 1);
    CHECK(summary.manifest.at("drill").as_string() == "x");
    CHECK(summary.resources_tree.text() == trimmed(git("rev-parse shop:resources").output));
    CHECK(git("cat-file blob shop:manifest.json").output ==
          "{\"deep\":{\"n\":1},\"drill\":\"x\",\"environment\":\"shop\",\"format\":1}\n");
    const std::string log = git("log -1 --format=%B shop").output;
    CHECK(log.find("Rehearse-Manifest-drill: x") != std::string::npos);
    CHECK(log.find("Rehearse-Resource: r 4b825dc642cb6eb9a060e54bf8d69288fbee4904") != std::string::npos);

    const SnapshotId one = take_snapshot(*store, {{"a", "1"}}, 8);
    const SnapshotId same = take_snapshot(*store, {{"a", "1"}}, 9);
    CHECK(store->find(shop, one.text()).resources_tree == store->find(shop, same.text()).resources_tree);
    CHECK(one != same);
}

TEST_CASE_FIXTURE(StoreFixture, "an environment's snapshots are listed newest first, up to the limit") {
    CHECK(store->list(shop, 0).empty());
    std::vector<SnapshotId> ids;
    for (int i = 0; i < 5; ++i) ids.push_back(take_snapshot(*store, {{"a", std::to_string(i)}}, i));
    const std::vector<SnapshotSummary> all = store->list(shop, 0);
    REQUIRE(all.size() == 5);
    for (std::size_t i = 0; i < 5; ++i) CHECK(all[i].id == ids[4 - i]);
    CHECK(store->list(shop, 2).size() == 2);
    CHECK(store->list(EnvironmentName("other"), 0).empty());
}

TEST_CASE_FIXTURE(StoreFixture, "a reader gives entries in git's order and says what is not there") {
    const SnapshotId id = take_snapshot(*store, {{"a.b", "1"}, {"a/x", "2"}, {"a0", "3"}});
    const std::unique_ptr<TreeReader> reader = store->open(id, ResourceName("config"));
    std::vector<std::string> names;
    for (const TreeEntry& entry : reader->entries())
        names.push_back(entry.name + (entry.is_directory ? "/" : ""));
    CHECK(names == std::vector<std::string>{"a.b", "a/", "a0"});
    CHECK(reader->has("a"));
    CHECK(reader->has("a.b"));
    CHECK_FALSE(reader->has("b"));
    CHECK_FALSE(reader->has(""));
    CHECK(reader->directory("a")->blob("x") == "2");
    CHECK(failure_of([&] { static_cast<void>(reader->blob("b")); }).object.find("resources/config/b") !=
          std::string::npos);
    CHECK(failure_of([&] { static_cast<void>(reader->blob("a")); }).kind == FailureKind::permanent);
    CHECK(failure_of([&] { static_cast<void>(reader->directory("a0")); }).kind == FailureKind::permanent);
    CHECK(failure_of([&] { static_cast<void>(store->open(id, ResourceName("none"))); }).kind ==
          FailureKind::invalid_input);
    CHECK(failure_of([&] { static_cast<void>(store->open(SnapshotId("x"), ResourceName("config"))); }).kind ==
          FailureKind::invalid_input);
    CHECK(failure_of([&] {
              static_cast<void>(store->open(SnapshotId(std::string(40, '1')), ResourceName("config")));
          }).kind == FailureKind::permanent);
}

TEST_CASE_FIXTURE(StoreFixture, "an executable file keeps its bit") {
    const std::unique_ptr<SnapshotWriter> snapshot = store->begin();
    const std::unique_ptr<TreeWriter> writer = snapshot->resource(ResourceName("config"));
    writer->blob("run", "#!", true);
    writer->blob("read", "#!", false);
    writer->finish();
    const SnapshotId id = snapshot->commit({}, "m", at_second(0), {"refs/heads/shop"});
    const std::vector<TreeEntry> entries = store->open(id, ResourceName("config"))->entries();
    CHECK_FALSE(entries.at(0).executable);
    CHECK(entries.at(1).executable);
    check_fsck();
}

TEST_CASE_FIXTURE(StoreFixture, "one reader serves several threads, while snapshots are taken") {
    Files files;
    for (unsigned i = 0; i < 200; ++i)
        files["d" + std::to_string(i % 7) + "/f" + std::to_string(i)] = random_bytes(3000, i);
    const SnapshotId id = take_snapshot(*store, files);
    const std::unique_ptr<TreeReader> reader = store->open(id, ResourceName("config"));
    std::vector<Files> seen(4);
    {
        std::vector<std::jthread> threads;
        for (Files& mine : seen) threads.emplace_back([&] { mine = read_files(*reader); });
        threads.emplace_back([&] {
            for (int i = 1; i < 10; ++i) take_snapshot(*store, {{"other", std::to_string(i)}}, i);
        });
    }
    for (const Files& mine : seen) CHECK(mine == files);
}

TEST_CASE_FIXTURE(StoreFixture,
                  "a store that was cloned by git, all deltas and loose objects, reads the same") {
    Files files;
    std::string text = random_bytes(20'000, 1);
    for (unsigned i = 0; i < 20; ++i) {
        text[i * 100] = static_cast<char>(text[i * 100] + 1);
        files["f" + std::to_string(i)] = text;
    }
    const SnapshotId id = take_snapshot(*store, files);
    const Verification proof = store->verify(id);
    const fs::path copy = folder.path() / "copy.git";
    SUBCASE("packed with deltas") {
        REQUIRE(shell("git clone -q --bare --no-local '" + path.string() + "' '" + copy.string() +
                      "' && git -C '" + copy.string() + "' repack -q -a -d -f --depth=50")
                    .status == 0);
        CHECK(shell("cat '" + copy.string() + "'/objects/pack/*.pack | wc -c").output.size() < 7);
    }
    SUBCASE("packed with deltas by id") {
        REQUIRE(shell("git clone -q --bare --no-local '" + path.string() + "' '" + copy.string() +
                      "' && git -C '" + copy.string() +
                      "' -c repack.usedeltabaseoffset=false repack -q -a -d -f --depth=50")
                    .status == 0);
    }
    SUBCASE("loose") {
        REQUIRE(shell("git clone -q --bare --no-local '" + path.string() + "' '" + copy.string() +
                      "' && cd '" + copy.string() +
                      "' && mv objects/pack/*.pack .. && rm -f objects/pack/* && cat ../*.pack | git "
                      "unpack-objects -q")
                    .status == 0);
        CHECK(fs::is_empty(copy / "objects/pack"));
    }
    const std::unique_ptr<SnapshotStore> other = open_git_store(copy, false);
    CHECK(read_files(*other->open(id, ResourceName("config"))) == files);
    CHECK(other->verify(id).digest == proof.digest);
    CHECK(other->find(shop, "latest").id == id);
    CHECK(other->find(shop, id.text().substr(0, 9)).id == id);
    // and goes on from there
    files["new"] = "1";
    const SnapshotId next = take_snapshot(*other, files, 1);
    CHECK(read_files(*other->open(next, ResourceName("config"))) == files);
    CHECK(shell("git -C '" + copy.string() + "' fsck --strict --full").status == 0);
}

TEST_CASE("a place that is no store is told from one that is not there") {
    const TemporaryFolder folder;
    const fs::path path = folder.path() / "snapshots.git";
    const auto open = [&](bool create) {
        return failure_of([&] { static_cast<void>(open_git_store(path, create)); });
    };
    CHECK(open(false).kind == FailureKind::invalid_input);
    CHECK(open(false).remedy.find("backup") != std::string::npos);
    SUBCASE("a folder with something else in it") {
        fs::create_directories(path / "something");
        CHECK(open(false).kind == FailureKind::permanent);
        CHECK(open(true).kind == FailureKind::permanent);
    }
    SUBCASE("a file") {
        std::ofstream(path) << "x";
        CHECK(open(true).kind == FailureKind::permanent);
    }
    SUBCASE("a working tree") {
        REQUIRE(shell("git init -q '" + path.string() + "'").status == 0);
        CHECK(open(true).kind != FailureKind::transient);
    }
    SUBCASE("a store whose HEAD is gone") {
        static_cast<void>(open_git_store(path, true));
        fs::remove(path / "HEAD");
        CHECK(open(false).kind == FailureKind::permanent);
    }
    SUBCASE("a store whose configuration was cut short") {
        static_cast<void>(open_git_store(path, true));
        fs::resize_file(path / "config", 100);
        std::ofstream(path / "config", std::ios::app) << "[broken";
        CHECK(open(false).kind == FailureKind::permanent);
    }
    SUBCASE("opened for creation many times at once, it is made once") {
        std::vector<std::jthread> threads;
        for (int i = 0; i < 4; ++i) threads.emplace_back([&] { CHECK_NOTHROW(open_git_store(path, true)); });
        threads.clear();
        CHECK(std::distance(fs::directory_iterator(folder.path()), fs::directory_iterator()) == 1);
    }
}
