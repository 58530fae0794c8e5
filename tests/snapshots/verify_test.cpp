// The proof, and every kind of damage that must keep it from being given.
#include <algorithm>

#include "tests/snapshots/store_fixture.h"

using namespace rehearse;
using namespace rehearse::test;

namespace {

const Files some_files{
    {"a.conf", "one\n"}, {"sub/b.conf", "two\n"}, {"sub/twin", "one\n"}, {"noise", random_bytes(50'000, 3)}};

/// Where git says the object lies in the pack.
std::uint64_t offset_of(const StoreFixture& fixture, const std::string& id) {
    const std::string listed = shell("git show-index < " + fixture.packs(".idx").at(0).string()).output;
    const std::size_t at = listed.find(id);
    REQUIRE(at != std::string::npos);
    const std::size_t line = listed.rfind('\n', at) + 1;
    return std::stoull(listed.substr(line));
}

}  // namespace

TEST_CASE_FIXTURE(StoreFixture, "the proof can be made again with git and sha256sum alone") {
    take_snapshot(*store, {{"older", "1"}}, 0);
    const SnapshotId id = take_snapshot(*store, some_files, 1);
    const Verification proof = store->verify(id);
    CHECK(proof.objects == 9);  // commit, four trees, the manifest and three different blobs
    const std::string script = "cd '" + path.string() + "' && git rev-list --objects --no-walk " + id.text() +
                               " | cut -d' ' -f1 | sort | while read id; do "
                               "echo \"$id $(git cat-file $(git cat-file -t $id) $id | sha256sum | cut -d' ' "
                               "-f1)\"; done | sha256sum";
    CHECK(shell(script).output.substr(0, 64) == proof.digest);
    CHECK(store->verify(id).digest == proof.digest);
    const std::string bytes =
        shell("cd '" + path.string() + "' && git rev-list --objects --no-walk " + id.text() +
              " | cut -d' ' -f1 | git cat-file --batch-check='%(objectsize)' | paste -sd+ | bc")
            .output;
    if (!bytes.empty() && bytes.find("not found") == std::string::npos) {
        CHECK(trimmed(bytes) == std::to_string(proof.bytes));
    }
}

TEST_CASE_FIXTURE(StoreFixture, "a flipped bit anywhere in the pack is seen") {
    const SnapshotId id = take_snapshot(*store, some_files);
    const fs::path pack = packs().at(0);
    const auto size = fs::file_size(pack);
    // every byte near both ends, and some between
    for (std::uint64_t at = 0; at < size; at += at < 1200 || size - at < 300 ? 1 : 997) {
        overwrite_byte(pack, at, 0x10);
        const std::unique_ptr<SnapshotStore> fresh = open_git_store(path, false);
        CAPTURE(at);
        const FailureFields failure = failure_of([&] { static_cast<void>(fresh->verify(id)); });
        CHECK(failure.kind == FailureKind::permanent);
        CHECK_FALSE(failure.remedy.empty());
        overwrite_byte(pack, at, 0x10);
        fs::remove(path / "rehearse-distrusted");
    }
    CHECK_NOTHROW(static_cast<void>(store->verify(id)));
}

TEST_CASE_FIXTURE(StoreFixture, "a flipped bit anywhere in a pack of deltas that git made is seen") {
    Files files;
    std::string text = random_bytes(600, 1);
    for (unsigned i = 0; i < 12; ++i) {
        text[i * 10] = static_cast<char>(text[i * 10] + 1);
        files["f" + std::to_string(i)] = text;
    }
    const SnapshotId id = take_snapshot(*store, files);
    const fs::path copy = folder.path() / "copy.git";
    std::string options;
    SUBCASE("bases by distance") { options = ""; }
    SUBCASE("bases by id") { options = "-c repack.usedeltabaseoffset=false"; }
    REQUIRE(shell("git clone -q --bare --no-local '" + path.string() + "' '" + copy.string() +
                  "' && git -C '" + copy.string() + "' " + options + " repack -q -a -d -f --depth=50")
                .status == 0);
    const fs::path pack = trimmed(shell("ls " + copy.string() + "/objects/pack/*.pack").output);
    const auto size = fs::file_size(pack);
    REQUIRE(size < 8000);
    for (std::uint64_t at = 0; at < size; ++at) {
        CAPTURE(at);
        const char change = static_cast<char>(1U << (at % 8));
        overwrite_byte(pack, at, change);
        const std::unique_ptr<SnapshotStore> fresh = open_git_store(copy, false);
        CHECK(failure_of([&] { static_cast<void>(fresh->verify(id)); }).kind == FailureKind::permanent);
        overwrite_byte(pack, at, change);
        fs::remove(copy / "rehearse-distrusted");
    }
    CHECK_NOTHROW(static_cast<void>(open_git_store(copy, false)->verify(id)));
}

TEST_CASE_FIXTURE(StoreFixture, "a damaged loose object is seen") {
    const SnapshotId id = take_snapshot(*store, some_files);
    const fs::path copy = folder.path() / "copy.git";
    REQUIRE(
        shell(
            "git clone -q --bare --no-local '" + path.string() + "' '" + copy.string() + "' && cd '" +
            copy.string() +
            "' && mv objects/pack/*.pack .. && rm -f objects/pack/* && cat ../*.pack | git unpack-objects -q")
            .status == 0);
    const std::string blob = trimmed(git("rev-parse shop:resources/config/a.conf").output);
    const fs::path file = copy / "objects" / blob.substr(0, 2) / blob.substr(2);
    for (std::uint64_t at = 0; at < fs::file_size(file); ++at) {
        CAPTURE(at);
        overwrite_byte(file, at, 0x10);
        const std::unique_ptr<SnapshotStore> fresh = open_git_store(copy, false);
        try {
            static_cast<void>(fresh->verify(id));  // a bit that zlib ignores changes nothing that git reads
            CHECK(read_files(*fresh->open(id, ResourceName("config"))) == some_files);
        } catch (const Failure& failure) {
            CHECK(failure.fields().object.find(blob) != std::string::npos);
        }
        overwrite_byte(file, at, 0x10);
    }
    fs::resize_file(file, 3);
    CHECK_THROWS_AS(static_cast<void>(open_git_store(copy, false)->verify(id)), Failure);
    fs::remove(file);
    CHECK_THROWS_AS(static_cast<void>(open_git_store(copy, false)->verify(id)), Failure);
}

TEST_CASE_FIXTURE(StoreFixture, "a damaged file is named with its id, all its paths and the snapshot") {
    const SnapshotId id = take_snapshot(*store, some_files);
    const std::string blob = trimmed(git("rev-parse shop:resources/config/a.conf").output);
    overwrite_byte(packs().at(0), offset_of(*this, blob) + 8, 0x01);
    const FailureFields failure = failure_of([&] { static_cast<void>(store->verify(id)); });
    CHECK(failure.kind == FailureKind::permanent);
    CHECK(failure.object.find(id.text()) != std::string::npos);
    CHECK(failure.object.find(blob) != std::string::npos);
    CHECK(failure.object.find("resources/config/a.conf") != std::string::npos);
    CHECK(failure.object.find("resources/config/sub/twin") != std::string::npos);
    CHECK(failure.remedy.find("rehearse snapshot") != std::string::npos);
    // reading it fails too, the others can be read
    const std::unique_ptr<TreeReader> reader = store->open(id, ResourceName("config"));
    CHECK(failure_of([&] {
              static_cast<void>(reader->blob("a.conf"));
          }).object.find("resources/config/a.conf") != std::string::npos);
    CHECK(reader->blob("noise") == some_files.at("noise"));
}

TEST_CASE_FIXTURE(StoreFixture, "a damaged tree is named with its path") {
    const SnapshotId id = take_snapshot(*store, some_files);
    const std::string tree = trimmed(git("rev-parse shop:resources/config/sub").output);
    overwrite_byte(packs().at(0), offset_of(*this, tree) + 6, 0x01);
    const FailureFields failure = failure_of([&] { static_cast<void>(store->verify(id)); });
    CHECK(failure.object.find(tree) != std::string::npos);
    CHECK(failure.object.find("resources/config/sub") != std::string::npos);
}

TEST_CASE_FIXTURE(StoreFixture, "a new snapshot of a whole environment heals what was damaged") {
    const SnapshotId first = take_snapshot(*store, some_files, 0);
    const std::string blob = trimmed(git("rev-parse shop:resources/config/a.conf").output);
    overwrite_byte(packs().at(0), offset_of(*this, blob) + 8, 0x01);
    CHECK_THROWS_AS(static_cast<void>(store->verify(first)), Failure);
    // in another process, as it were
    const std::unique_ptr<SnapshotStore> fresh = open_git_store(path, false);
    const SnapshotId second = take_snapshot(*fresh, some_files, 1);
    CHECK_NOTHROW(static_cast<void>(fresh->verify(second)));
    CHECK(read_files(*fresh->open(second, ResourceName("config"))) == some_files);
    CHECK_NOTHROW(static_cast<void>(fresh->verify(first)));
    CHECK_FALSE(fs::exists(path / "rehearse-distrusted"));
}

TEST_CASE_FIXTURE(StoreFixture, "a pack cut short is seen, wherever it is cut") {
    const SnapshotId id = take_snapshot(*store, some_files);
    const fs::path pack = packs().at(0);
    const auto size = fs::file_size(pack);
    fs::permissions(pack, fs::perms::owner_all);
    fs::copy_file(pack, folder.path() / "whole");
    for (const std::uintmax_t left :
         {size - 1, size - 20, size - 21, size / 2, std::uintmax_t{13}, std::uintmax_t{0}}) {
        CAPTURE(left);
        fs::copy_file(folder.path() / "whole", pack, fs::copy_options::overwrite_existing);
        fs::resize_file(pack, left);
        const std::unique_ptr<SnapshotStore> fresh = open_git_store(path, false);
        const FailureFields failure = failure_of([&] { static_cast<void>(fresh->verify(id)); });
        CHECK(failure.kind == FailureKind::permanent);
        CHECK_FALSE(failure.remedy.empty());
    }
}

TEST_CASE_FIXTURE(StoreFixture,
                  "an index that is gone, cut short or changed is seen, and git makes it again") {
    const SnapshotId id = take_snapshot(*store, some_files);
    const fs::path index = packs(".idx").at(0);
    fs::permissions(index, fs::perms::owner_all);
    const auto fails = [&] {
        const std::unique_ptr<SnapshotStore> fresh = open_git_store(path, false);
        return failure_of([&] { static_cast<void>(fresh->verify(id)); });
    };
    SUBCASE("gone") {
        fs::remove(index);
        const FailureFields failure = fails();
        CHECK(failure.kind == FailureKind::permanent);
        const std::size_t command = failure.remedy.find("git index-pack");
        REQUIRE(command != std::string::npos);
        CHECK(shell(failure.remedy.substr(command)).status == 0);
        CHECK_NOTHROW(static_cast<void>(open_git_store(path, false)->verify(id)));
        check_fsck();
    }
    SUBCASE("empty") {
        fs::resize_file(index, 0);
        CHECK(fails().kind == FailureKind::permanent);
    }
    SUBCASE("cut short") {
        fs::resize_file(index, fs::file_size(index) - 8);
        CHECK(fails().kind == FailureKind::permanent);
    }
    SUBCASE("changed, byte by byte") {
        for (std::uint64_t at = 0; at < fs::file_size(index); at += at < 16 || at > 1024 ? 1 : 101) {
            CAPTURE(at);
            overwrite_byte(index, at, 0x40);
            CHECK(fails().kind == FailureKind::permanent);
            overwrite_byte(index, at, 0x40);
            fs::remove(path / "rehearse-distrusted");
        }
    }
}

TEST_CASE_FIXTURE(StoreFixture, "verifying what is no snapshot says so") {
    CHECK(failure_of([&] { static_cast<void>(store->verify(SnapshotId(std::string(40, '0')))); }).kind ==
          FailureKind::permanent);
    CHECK(failure_of([&] { static_cast<void>(store->verify(SnapshotId("latest"))); }).kind ==
          FailureKind::invalid_input);
}

TEST_CASE_FIXTURE(StoreFixture, "a check of the whole store names each damaged snapshot and its object") {
    const SnapshotId oldest = take_snapshot(*store, {{"only-here.conf", "oldest"}}, 0);
    const SnapshotId middle = take_snapshot(*store, some_files, 1);
    Files more = some_files;
    more["new.conf"] = "newest";
    const SnapshotId newest = take_snapshot(*store, more, 2);
    const std::string rest = "of no branch";
    const SnapshotId drill = take_snapshot(*store, {{"drill.conf", rest}}, 3, {"refs/drills/d/before"});
    REQUIRE(git("update-ref refs/heads/shop " + newest.text()).status == 0);
    const auto check = [&] { return open_git_store(path, false)->check(); };
    const auto damage = [&](const std::string& file) {
        const std::string id = trimmed(git("rev-parse " + file).output);
        for (const fs::path& pack : packs()) {
            const std::string listed =
                shell("git show-index < " + fs::path(pack).replace_extension(".idx").string()).output;
            const std::size_t at = listed.find(id);
            if (at == std::string::npos) continue;
            overwrite_byte(pack, std::stoull(listed.substr(listed.rfind('\n', at) + 1)) + 3, 0x10);
        }
        return id;
    };
    const StoreReport whole = check();
    CHECK(whole.snapshots == 4);
    CHECK(whole.damaged.empty());
    CHECK(whole.objects > 12);
    CHECK(whole.bytes > 50'000);
    SUBCASE("an object of one old snapshot") {
        const std::string blob = damage(oldest.text() + ":resources/config/only-here.conf");
        const StoreReport report = check();
        REQUIRE(report.damaged.size() == 1);
        CHECK(report.damaged[0].object.find(oldest.text()) != std::string::npos);
        CHECK(report.damaged[0].object.find("only-here.conf") != std::string::npos);
        CHECK(report.damaged[0].object.find(blob) != std::string::npos);
        CHECK_FALSE(report.damaged[0].remedy.empty());
    }
    SUBCASE("an object that several share") {
        damage(middle.text() + ":resources/config/sub/b.conf");
        const StoreReport report = check();
        REQUIRE(report.damaged.size() == 2);
        CHECK(report.damaged[0].object.find(newest.text()) != std::string::npos);
        CHECK(report.damaged[1].object.find(middle.text()) != std::string::npos);
    }
    SUBCASE("an object of a drill that no branch holds") {
        damage(drill.text() + ":resources/config/drill.conf");
        const StoreReport report = check();
        REQUIRE(report.damaged.size() == 1);
        CHECK(report.damaged[0].object.find(drill.text()) != std::string::npos);
    }
    SUBCASE("a commit: what lies behind it is lost, the others are read") {
        damage(middle.text());
        const StoreReport report = check();
        REQUIRE(report.damaged.size() == 1);
        CHECK(report.damaged[0].object.find(middle.text()) != std::string::npos);
        CHECK(report.snapshots == 3);
    }
    SUBCASE("a ref that was half written") {
        std::ofstream(path / "refs/heads/shop", std::ios::trunc) << "12345";
        const StoreReport report = check();
        REQUIRE(report.damaged.size() == 1);
        CHECK(report.damaged[0].object.find("refs/heads/shop") != std::string::npos);
    }
}
