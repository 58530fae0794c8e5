// Writers that are killed at every step, disks that are full, stores that cannot be written, and others who
// work on the same store.
#include <limits>

#include "tests/snapshots/child.h"

using namespace rehearse;
using namespace rehearse::test;

namespace {

const EnvironmentName shop{"shop"};
const Files some_files{{"a", "1"}, {"d/b", "2"}, {"noise", random_bytes(30'000, 9)}};
constexpr std::size_t never = std::numeric_limits<std::size_t>::max();

std::vector<std::string> leftovers(const fs::path& repository) {
    std::vector<std::string> found;
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(repository)) {
        const std::string name = entry.path().filename();
        const bool lock_of_git = name.ends_with(".lock") && name != "rehearse-refs.lock";
        if (name.starts_with("tmp_") || lock_of_git) found.push_back(entry.path());
    }
    return found;
}

}  // namespace

TEST_CASE_FIXTURE(StoreFixture,
                  "a writer killed before any of its steps leaves the earlier snapshots and a sound store") {
    const SnapshotId first = take_snapshot(*store, some_files, 0);
    const std::string proof = store->verify(first).digest;
    Files files = some_files;
    std::size_t kills = 0;
    for (std::size_t step = 0;; ++step) {
        CAPTURE(step);
        files["a"] = "step " + std::to_string(step);
        const std::vector<SnapshotSummary> before = store->list(shop, 0);
        const std::string drill = "refs/drills/d" + std::to_string(step) + "/before";
        const TracedRun run = run_traced(
            [&] {
                const std::unique_ptr<SnapshotStore> mine = open_git_store(path, false);
                take_snapshot(*mine, files, static_cast<std::int64_t>(step) + 1, {drill});
            },
            step);
        if (!run.possible) {
            MESSAGE("skipped: needs the right to trace a child");
            return;
        }
        if (!run.effects.empty()) CAPTURE(run.effects.back().call + " " + run.effects.back().path);
        check_fsck();
        const std::unique_ptr<SnapshotStore> fresh = open_git_store(path, false);
        CHECK(fresh->verify(first).digest == proof);
        // all or nothing, and what is there is whole
        const std::vector<SnapshotSummary> after = fresh->list(shop, 0);
        REQUIRE(after.size() >= before.size());
        REQUIRE(after.size() <= before.size() + 1);
        CHECK_NOTHROW(static_cast<void>(fresh->verify(after[0].id)));
        if (after.size() > before.size()) {
            CHECK(read_files(*fresh->open(after[0].id, ResourceName("config"))) == files);
        }
        if (run.finished) {
            CHECK(fresh->find(shop, drill).id == after[0].id);
            break;
        }
        ++kills;
        // the next one is not held up by what the dead one left, and tidies it
        files["a"] = "after " + std::to_string(step);
        const SnapshotId next = take_snapshot(*fresh, files, 1000, {drill});
        CHECK(fresh->find(shop, drill).id == next);
        CHECK(leftovers(path).empty());
    }
    CHECK(kills > 25);
    for (const fs::path& pack : packs()) CHECK(fs::exists(fs::path(pack).replace_extension(".idx")));
}

TEST_CASE_FIXTURE(
    StoreFixture,
    "the pack is on the disk before its index, both before their names, and all before the refs") {
    const TracedRun run = run_traced(
        [&] {
            const std::unique_ptr<SnapshotStore> mine = open_git_store(path, false);
            take_snapshot(*mine, some_files, 0, {"refs/drills/d/before"});
        },
        never);
    if (!run.possible) {
        MESSAGE("skipped: needs the right to trace a child");
        return;
    }
    REQUIRE(run.finished);
    // The effects in their order, each looked for after the one before.
    std::size_t at = 0;
    const auto then = [&](const std::string& call, const std::string& part) {
        while (at < run.effects.size() &&
               (run.effects[at].call != call || run.effects[at].path.find(part) == std::string::npos)) {
            ++at;
        }
        CAPTURE(call + " " + part);
        CHECK(at < run.effects.size());
        ++at;
    };
    then("write", "tmp_rehearse_pack_");
    then("fsync", "tmp_rehearse_pack_");
    const std::size_t pack_synced = at;
    then("fsync", "tmp_rehearse_idx_");
    then("rename", ".pack");
    then("rename", ".idx");
    then("fsync", "objects/pack");
    const std::size_t names_synced = at;
    then("fsync", "refs/heads/shop");
    then("rename", "refs/heads/shop");
    then("fsync", "refs/heads");
    then("rename", "refs/drills/d/before");
    then("fsync", "refs/drills/d");
    then("fsync", "refs/drills");
    for (std::size_t i = 0; i < run.effects.size(); ++i) {
        CAPTURE(i);
        const Effect& effect = run.effects[i];
        if (i >= pack_synced) {
            CHECK_FALSE(
                (effect.call == "write" && effect.path.find("tmp_rehearse_pack_") != std::string::npos));
        }
        if (i < names_synced) CHECK(effect.path.find("/refs/") == std::string::npos);
    }
}

TEST_CASE("a store whose making is killed at any step is made by the next") {
    const TemporaryFolder folder(fast_folder());
    for (std::size_t step = 0;; ++step) {
        CAPTURE(step);
        const fs::path path = folder.path() / std::to_string(step) / "snapshots.git";
        const TracedRun run = run_traced([&] { static_cast<void>(open_git_store(path, true)); }, step);
        if (!run.possible) {
            MESSAGE("skipped: needs the right to trace a child");
            return;
        }
        const std::unique_ptr<SnapshotStore> store = open_git_store(path, true);
        const SnapshotId id = take_snapshot(*store, some_files);
        CHECK_NOTHROW(static_cast<void>(store->verify(id)));
        if (run.finished) break;
    }
}

TEST_CASE_FIXTURE(StoreFixture, "several processes at once each add their snapshots to the chain") {
    std::vector<pid_t> children;
    for (int child = 0; child < 3; ++child) {
        children.push_back(start_child([&] {
            const std::unique_ptr<SnapshotStore> mine = open_git_store(path, false);
            for (int i = 0; i < 5; ++i) {
                const std::string name = std::to_string(child) + "-" + std::to_string(i);
                take_snapshot(*mine, {{"a", name}}, i, {"refs/drills/" + name + "/before"});
            }
        }));
    }
    for (const pid_t child : children) CHECK(wait_for(child) == 0);
    CHECK(store->list(shop, 0).size() == 15);
    CHECK_NOTHROW(static_cast<void>(store->verify(store->find(shop, "latest").id)));
    CHECK_NOTHROW(static_cast<void>(store->find(shop, "refs/drills/2-4/before")));
    check_fsck();
    CHECK(leftovers(path).empty());
}

TEST_CASE_FIXTURE(StoreFixture, "a writer that lives keeps its files when another starts") {
    const std::unique_ptr<SnapshotWriter> snapshot = store->begin();
    const std::unique_ptr<TreeWriter> writer = snapshot->resource(ResourceName("config"));
    write_files(*writer, some_files);
    CHECK(leftovers(path).size() == 1);
    take_snapshot(*open_git_store(path, false), {{"x", "1"}}, 0);
    CHECK(leftovers(path).size() == 1);
    writer->finish();
    const SnapshotId id = snapshot->commit({}, "slow", at_second(1), {"refs/heads/shop"});
    CHECK(files(id) == some_files);
    CHECK(store->list(shop, 0).size() == 2);
    CHECK(leftovers(path).empty());
}

TEST_CASE("a disk that fills at any moment gives a failure with a remedy, and nothing half visible") {
    const TemporaryFolder folder;
    bool failed = false;
    bool succeeded = false;
    for (std::size_t pages = 8; pages <= 24 || !succeeded; pages += pages < 24 ? 1 : 20) {
        CAPTURE(pages);
        REQUIRE(pages < 2000);
        const std::string outcome = on_small_disk(folder.path(), pages, [&]() -> std::string {
            const fs::path path = folder.path() / "snapshots.git";
            std::unique_ptr<SnapshotStore> store;
            SnapshotId first;
            try {
                store = open_git_store(path, true);
                first = take_snapshot(*store, {{"a", "1"}}, 0, {"refs/drills/one/before"});
            } catch (const Failure& failure) {
                return failure.fields().native_code == "ENOSPC" ? "too small" : failure.what();
            }
            try {
                Files files;
                for (unsigned i = 0; i < 20; ++i) files["f" + std::to_string(i)] = random_bytes(1500, i);
                take_snapshot(*store, files, 1, {"refs/drills/two/before"});
                if (shell("git -C '" + path.string() + "' fsck --strict --full").status != 0)
                    return "fsck fails";
                return "done";
            } catch (const Failure& failure) {
                if (failure.fields().native_code != "ENOSPC") return failure.what();
                if (failure.fields().remedy.find("df -h") == std::string::npos) return "no remedy";
            }
            const std::unique_ptr<SnapshotStore> fresh = open_git_store(path, false);
            if (fresh->list(shop, 0).size() != 1) return "half visible";
            if (fs::exists(path / "refs/drills/two/before")) return "a ref is left";
            static_cast<void>(fresh->verify(first));
            if (!leftovers(path).empty()) return "left " + leftovers(path).front();
            if (shell("git -C '" + path.string() + "' fsck --strict --full").status != 0) return "fsck fails";
            return "full";
        });
        if (outcome.starts_with("skipped")) {
            MESSAGE(outcome);
            return;
        }
        CAPTURE(outcome);
        CHECK((outcome == "done" || outcome == "full" || outcome == "too small"));
        failed |= outcome == "full";
        succeeded |= outcome == "done";
    }
    CHECK(failed);
}

TEST_CASE("a store that cannot be written to is read, verified, and refuses snapshots") {
    const TemporaryFolder folder;
    const std::string outcome = on_small_disk(folder.path(), 500, [&]() -> std::string {
        const fs::path path = folder.path() / "snapshots.git";
        const SnapshotId id = take_snapshot(*open_git_store(path, true), some_files);
        if (::mount("none", folder.path().c_str(), nullptr, MS_REMOUNT | MS_RDONLY, nullptr) != 0) {
            return "skipped: needs the right to mount";
        }
        const std::unique_ptr<SnapshotStore> store = open_git_store(path, false);
        static_cast<void>(store->verify(id));
        if (read_files(*store->open(id, ResourceName("config"))) != some_files) return "reads wrong";
        for (const auto& action : std::vector<std::function<void()>>{
                 [&] {
                     take_snapshot(*store, {{"new", "1"}}, 1);
                 },
                 [&] { store->set_ref("refs/drills/x/before", id); },
                 [&] { static_cast<void>(open_git_store(folder.path() / "other.git", true)); }}) {
            try {
                action();
                return "nothing failed";
            } catch (const Failure& failure) {
                if (failure.kind() != FailureKind::refused) return failure.what();
                if (failure.fields().native_code != "EROFS") return failure.what();
            }
        }
        return "fine";
    });
    if (outcome.starts_with("skipped")) {
        MESSAGE(outcome);
    } else {
        CHECK(outcome == "fine");
    }
}

TEST_CASE_FIXTURE(StoreFixture,
                  "git's own gc and repack, even forced, take nothing from a reader or a writer") {
    Files files = some_files;
    for (unsigned i = 0; i < 50; ++i)
        files["f" + std::to_string(i)] = random_bytes(2000, i % 10) + std::to_string(i);
    const SnapshotId first = take_snapshot(*store, files, 0);
    const std::string proof = store->verify(first).digest;
    const std::unique_ptr<TreeReader> reader = store->open(first, ResourceName("config"));
    const std::unique_ptr<SnapshotWriter> snapshot = store->begin();
    const std::unique_ptr<TreeWriter> writer = snapshot->resource(ResourceName("config"));
    writer->blob("a", "half way");
    write_files(*writer->directory("unfinished"), {});

    SUBCASE("as they are") {
        static_cast<void>(git("gc --prune=now"));
        static_cast<void>(git("repack -a -f"));
    }
    SUBCASE("after somebody took our protection away") {
        REQUIRE(git("config --unset extensions.preciousObjects").status == 0);
        REQUIRE(git("gc -q --prune=now --aggressive").status == 0);
        CHECK(packs().size() == 1);
    }
    CHECK(read_files(*reader) == files);
    CHECK(store->verify(first).digest == proof);
    const std::unique_ptr<SnapshotWriter> other = store->begin();
    const std::unique_ptr<TreeWriter> other_writer = other->resource(ResourceName("config"));
    write_files(*other_writer, files);
    other_writer->finish();
    const SnapshotId second = other->commit({}, "after gc", at_second(1), {"refs/heads/shop"});
    CHECK(this->files(second) == files);
    CHECK(store->list(shop, 0).size() == 2);
    check_fsck();
}

TEST_CASE_FIXTURE(
    StoreFixture,
    "a ref that another git program holds is told as such, and the snapshot is not half there") {
    take_snapshot(*store, {{"a", "1"}}, 0);
    std::ofstream(path / "refs/heads/shop.lock") << "held";
    const FailureFields failure = failure_of([&] { take_snapshot(*store, {{"a", "2"}}, 1); });
    CHECK(failure.kind == FailureKind::transient);
    CHECK(failure.remedy.find("refs/heads/shop.lock") != std::string::npos);
    CHECK(store->list(shop, 0).size() == 1);
    fs::remove(path / "refs/heads/shop.lock");

    // a later ref that fails takes the branch back with it
    fs::create_directories(path / "refs/drills/d");
    std::ofstream(path / "refs/drills/d/before.lock") << "held";
    CHECK(failure_of([&] {
              take_snapshot(*store, {{"a", "2"}}, 1, {"refs/drills/d/before"});
          }).kind == FailureKind::transient);
    CHECK(store->list(shop, 0).size() == 1);
    check_fsck();
}
