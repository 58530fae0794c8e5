// Snapshots written: what git thinks of them, what is refused, what is not written twice.
#include <sys/stat.h>

#include <thread>

#include "tests/snapshots/store_fixture.h"

using namespace rehearse;
using namespace rehearse::test;

TEST_CASE_FIXTURE(StoreFixture, "git itself reads a snapshot: fsck, log, diff, clone and the same tree ids") {
    const Files files{{"a.conf", "one\n"},
                      {"sub/b.conf", "two\n"},
                      {"sub/deep/c", ""},
                      {"sub.conf", "between\n"},
                      {"sub-x", "x"},
                      {"text", std::string(100'000, 'z')},
                      {"noise", random_bytes(300'000, 1)}};
    const SnapshotId first = take_snapshot(*store, files, 0, {"refs/drills/d1/before"});
    Files changed = files;
    changed["a.conf"] = "uno\n";
    const SnapshotId second = take_snapshot(*store, changed, 1);
    check_fsck();

    CHECK(trimmed(git("log --format=%H shop").output) == second.text() + "\n" + first.text());
    CHECK(git("log --format=%an:%s -1 shop").output == "Rehearse:before the drill\n");
    CHECK(git("diff --name-only shop~1 shop").output == "resources/config/a.conf\n");
    CHECK(trimmed(git("rev-parse refs/drills/d1/before").output) == first.text());
    CHECK(trimmed(git("rev-parse HEAD").output) == second.text());

    const fs::path clone = folder.path() / "clone";
    CHECK(shell("git clone -q '" + path.string() + "' '" + clone.string() + "'").status == 0);
    CHECK(trimmed(shell("cat '" + (clone / "resources/config/a.conf").string() + "'").output) == "uno");
    // git's own idea of the tree, made from the checked out files alone
    CHECK(trimmed(shell("cd '" + clone.string() + "' && git add -A && git write-tree").output) ==
          trimmed(git("rev-parse shop^{tree}").output));
    CHECK(files.size() == this->files(first).size());
    CHECK(this->files(first) == files);
    CHECK(this->files(second) == changed);
}

TEST_CASE_FIXTURE(StoreFixture, "the store is private, and no foreign program may delete from it") {
    struct stat status {};
    REQUIRE(::stat(path.c_str(), &status) == 0);
    CHECK((status.st_mode & 07777) == 0700);
    take_snapshot(*store, {{"a", "1"}});
    for (const fs::path& pack : packs()) CHECK(fs::status(pack).permissions() == fs::perms::owner_read);
    CHECK(git("config extensions.preciousObjects").output == "true\n");
    CHECK(git("prune").status != 0);
    CHECK(git("repack -a -d").status != 0);
}

TEST_CASE_FIXTURE(StoreFixture, "what the store has already is not written again") {
    Files files;
    for (unsigned i = 0; i < 200; ++i) files["file" + std::to_string(i)] = random_bytes(2000, i);
    take_snapshot(*store, files, 0);
    REQUIRE(packs().size() == 1);
    const auto first_size = fs::file_size(packs()[0]);
    CHECK(first_size > 400'000);
    files["file7"] = "changed";
    files["copy of file8"] = files["file8"];
    take_snapshot(*store, files, 1);
    std::uintmax_t all = 0;
    for (const fs::path& pack : packs()) all += fs::file_size(pack);
    CHECK(all - first_size < 12'000);
    check_fsck();
}

TEST_CASE_FIXTURE(StoreFixture, "the branch's earlier tip is the parent, and other refs follow") {
    const SnapshotId first = take_snapshot(*store, {{"a", "1"}}, 0);
    const SnapshotId second = take_snapshot(*store, {{"a", "1"}}, 5, {"refs/drills/x/before"});
    CHECK(trimmed(git("log -1 --format=%P%n%ct " + second.text()).output) == first.text() + "\n1700000005");
    CHECK(trimmed(git("log -1 --format=%P " + first.text()).output).empty());
    store->set_ref("refs/drills/x/after", first);
    CHECK(trimmed(git("rev-parse refs/drills/x/after").output) == first.text());
    store->set_ref("refs/drills/x/after", second);
    CHECK(trimmed(git("rev-parse refs/drills/x/after").output) == second.text());
    CHECK(failure_of([&] { store->set_ref("refs/drills/../x", first); }).kind == FailureKind::invalid_input);
    CHECK(failure_of([&] { store->set_ref("drills", first); }).kind == FailureKind::invalid_input);
}

TEST_CASE_FIXTURE(StoreFixture, "a snapshot that is dropped before its commit leaves nothing") {
    {
        const std::unique_ptr<SnapshotWriter> snapshot = store->begin();
        const std::unique_ptr<TreeWriter> writer = snapshot->resource(ResourceName("config"));
        writer->blob("a", "1");
        writer->finish();
    }
    CHECK(fs::is_empty(path / "objects/pack"));
    CHECK(store->list(EnvironmentName("shop"), 0).empty());
}

TEST_CASE_FIXTURE(StoreFixture, "an empty directory below another is dropped, an empty resource is kept") {
    const SnapshotId id = take_snapshot(*store, {{"a/b/c/", ""}, {"x", "1"}});
    CHECK(files(id) == Files{{"x", "1"}});
    const SnapshotId empty = take_snapshot(*store, {}, 1);
    CHECK(files(empty).empty());
    check_fsck();
}

TEST_CASE_FIXTURE(StoreFixture, "what cannot be a snapshot is refused with its path") {
    const std::unique_ptr<SnapshotWriter> snapshot = store->begin();
    const std::unique_ptr<TreeWriter> writer = snapshot->resource(ResourceName("config"));
    const auto commit = [&] { return snapshot->commit({}, "m", at_second(0), {"refs/heads/shop"}); };

    SUBCASE("names that git refuses") {
        for (const char* name : {"", ".", "..", ".git", ".GIT", "git~1", "a/b", ".gitmodules"}) {
            CHECK(failure_of([&] { writer->blob(name, "x"); }).kind == FailureKind::invalid_input);
            CHECK(failure_of([&] { static_cast<void>(writer->directory(name)); }).kind ==
                  FailureKind::invalid_input);
        }
    }
    SUBCASE("one name for two entries, of whatever kind") {
        writer->blob("a", "1");
        writer->blob("a.b", "1");
        const std::unique_ptr<TreeWriter> twin = writer->directory("a");
        twin->blob("x", "1");
        twin->finish();
        CHECK(failure_of([&] { writer->finish(); }).object == "resources/config/a");
    }
    SUBCASE("a blob above the limit") {
        CHECK(failure_of([&] { writer->blob("big", std::string(largest_blob + 1, 'x')); }).object ==
              "resources/config/big");
        writer->blob("just right", std::string(largest_blob, 'x'));
    }
    SUBCASE("a directory that was never finished") {
        { const std::unique_ptr<TreeWriter> lost = writer->directory("lost"); }
        CHECK(failure_of([&] { writer->finish(); }).message.find("lost") != std::string::npos);
        CHECK(failure_of(commit).object == "config");
    }
    SUBCASE("a resource that is not finished") { CHECK(failure_of(commit).object == "config"); }
    SUBCASE("a resource given twice") {
        CHECK(failure_of([&] { static_cast<void>(snapshot->resource(ResourceName("config"))); }).object ==
              "config");
    }
    SUBCASE("a second commit, and writing after one") {
        writer->finish();
        commit();
        CHECK(failure_of(commit).kind == FailureKind::invalid_input);
        CHECK(failure_of([&] { static_cast<void>(snapshot->resource(ResourceName("more"))); }).kind ==
              FailureKind::invalid_input);
        CHECK(failure_of([&] { writer->blob("late", "x"); }).kind == FailureKind::invalid_input);
    }
    SUBCASE("refs that git refuses, a manifest of another format, a time before 1970") {
        writer->finish();
        CHECK(failure_of([&] {
                  static_cast<void>(snapshot->commit({}, "m", at_second(0), {"refs/heads/a..b"}));
              }).object == "refs/heads/a..b");
    }
    SUBCASE("a manifest of another format") {
        writer->finish();
        CHECK(failure_of([&] {
                  static_cast<void>(snapshot->commit({{"format", 2}}, "m", at_second(0), {}));
              }).object == "manifest.json");
    }
    SUBCASE("a time before 1970") {
        writer->finish();
        CHECK(failure_of([&] {
                  static_cast<void>(snapshot->commit({}, "m", WallTime{std::chrono::hours(-1)}, {}));
              }).kind == FailureKind::invalid_input);
    }
    CHECK(fs::exists(path / "HEAD"));
}

TEST_CASE_FIXTURE(StoreFixture, "a resource is taken over from an earlier snapshot by its tree") {
    const SnapshotId first = take_snapshot(*store, {{"a", "1"}, {"d/b", "2"}});
    const TreeId tree = store->open(first, ResourceName("config"))->id();
    const std::unique_ptr<SnapshotWriter> snapshot = store->begin();
    snapshot->reuse(ResourceName("config"), tree);
    CHECK(failure_of([&] { snapshot->reuse(ResourceName("other"), TreeId(std::string(40, 'a'))); }).kind ==
          FailureKind::permanent);
    CHECK(failure_of([&] { snapshot->reuse(ResourceName("other"), TreeId("nonsense")); }).kind ==
          FailureKind::invalid_input);
    const SnapshotId second = snapshot->commit({}, "again", at_second(1), {"refs/heads/shop"});
    CHECK(files(second) == files(first));
    check_fsck();
}

TEST_CASE_FIXTURE(StoreFixture, "directories are written from several threads at once") {
    const std::unique_ptr<SnapshotWriter> snapshot = store->begin();
    const std::unique_ptr<TreeWriter> top = snapshot->resource(ResourceName("config"));
    Files expected;
    for (unsigned thread = 0; thread < 4; ++thread) {
        for (unsigned i = 0; i < 300; ++i) {
            // contents shared between threads, so that they meet at the same objects
            const std::size_t size = i % 50 == 0 ? 400'000 : 1500;
            expected["t" + std::to_string(thread) + "/f" + std::to_string(i)] = random_bytes(size, i);
        }
    }
    {
        std::vector<std::jthread> threads;
        for (unsigned thread = 0; thread < 4; ++thread) {
            threads.emplace_back([&, thread] {
                const std::string name = "t" + std::to_string(thread);
                const std::unique_ptr<TreeWriter> directory = top->directory(name);
                for (unsigned i = 0; i < 300; ++i) {
                    const std::string file = "f" + std::to_string(i);
                    directory->blob(file, expected.at(name + "/" + file));
                }
                directory->finish();
            });
        }
    }
    top->finish();
    const SnapshotId id = snapshot->commit({}, "threads", at_second(0), {"refs/heads/shop"});
    CHECK(files(id) == expected);
    check_fsck();
}

TEST_CASE_FIXTURE(StoreFixture, "two snapshots of one environment at once become a chain of two") {
    std::vector<SnapshotId> ids(2);
    {
        std::vector<std::jthread> threads;
        for (unsigned i = 0; i < 2; ++i) {
            threads.emplace_back([&, i] { ids[i] = take_snapshot(*store, {{"a", std::to_string(i)}}, i); });
        }
    }
    CHECK(store->list(EnvironmentName("shop"), 0).size() == 2);
    for (const SnapshotId& id : ids) CHECK_NOTHROW(static_cast<void>(store->verify(id)));
    check_fsck();
}
