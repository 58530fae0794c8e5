// A ledger that is broken, foreign, full or read-only says so, with a way on, and is never remade in silence.
#include <sqlite3.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "orchestrator/base/file.h"
#include "orchestrator/base/handle.h"
#include "orchestrator/ledger/seal.h"
#include "tests/ledger/support.h"

using namespace rehearse;
using namespace rehearse::test;

namespace {

/// Runs SQL on a file past the ledger.
void sqlite(const std::filesystem::path& file, const std::string& sql) {
    sqlite3* opened = nullptr;
    sqlite3_open(file.c_str(), &opened);
    const Handle<sqlite3, sqlite3_close> connection(opened);
    char* error = nullptr;
    sqlite3_exec(opened, sql.c_str(), nullptr, nullptr, &error);
    if (error != nullptr) FAIL_CHECK(error);
    sqlite3_free(error);
}

void overwrite(const std::filesystem::path& file, const std::string& content) {
    std::ofstream(file, std::ios::binary | std::ios::trunc) << content;
}

/// A ledger with one drill of 40 events in it, closed.
struct Filled : Workspace {
    Filled() {
        const auto ledger = open();
        const Lease lease = ledger->acquire_lease(shop, FakeProcesses::owner(1000), std::chrono::minutes(1));
        ledger->begin_drill(lease, record("drill-1"));
        JournalBatch batch;
        for (int i = 0; i < 40; ++i) batch.events.push_back(note("event " + std::string(200, 'x')));
        ledger->append(lease, DrillId("drill-1"), batch);
    }
    /// What opening fails with; the file must be as it was.
    [[nodiscard]] Failure refused() {
        const std::string before = read_file(file);
        const Failure failure = failure_of([&] { (void)open(true); });
        CHECK(read_file(file) == before);
        CHECK_FALSE(failure.fields().remedy.empty());
        CHECK(failure.fields().object == file.string());
        return failure;
    }
};

/// A small file system of its own, unmounted again. Not there where this process may not mount.
class SmallDisk {
  public:
    SmallDisk(const std::filesystem::path& place, const char* options) : place_(place) {
        std::filesystem::create_directory(place_);
        mounted_ = ::mount("tmpfs", place_.c_str(), "tmpfs", 0, options) == 0;
        if (!mounted_) MESSAGE("skipped: needs the right to mount a tmpfs");
    }
    SmallDisk(const SmallDisk&) = delete;
    SmallDisk& operator=(const SmallDisk&) = delete;
    ~SmallDisk() {
        if (mounted_) ::umount2(place_.c_str(), MNT_DETACH);
    }
    [[nodiscard]] bool mounted() const { return mounted_; }
    void make_read_only() const { REQUIRE(::mount("", place_.c_str(), "", MS_REMOUNT | MS_RDONLY, "") == 0); }

  private:
    std::filesystem::path place_;
    bool mounted_ = false;
};

}  // namespace

TEST_SUITE("damage") {
    TEST_CASE("a ledger is made once, for its owner's eyes only, and only where it was asked for") {
        Workspace workspace;
        const Failure failure = failure_of([&] { (void)workspace.open(false); });
        CHECK(mentions(failure, "there is no ledger"));
        CHECK(mentions(failure, "rehearse init"));
        CHECK(std::filesystem::is_empty(workspace.folder.path()));
        (void)workspace.open(true);
        struct stat found {};
        REQUIRE(::stat(workspace.file.c_str(), &found) == 0);
        CHECK((found.st_mode & 0777) == 0600);
        (void)workspace.open(true);
        CHECK(std::distance(std::filesystem::directory_iterator(workspace.folder.path()), {}) == 1);
    }

    TEST_CASE("an empty file is no new ledger") {
        Filled filled;
        overwrite(filled.file, "");
        CHECK(mentions(filled.refused(), "empty"));
    }

    TEST_CASE("a file that is no database is refused") {
        Filled filled;
        overwrite(filled.file, std::string(8192, 'z'));
        CHECK(mentions(filled.refused(), "no SQLite database"));
        overwrite(filled.file, "short");
        CHECK(mentions(filled.refused(), "rehearse doctor"));
    }

    TEST_CASE("a truncated ledger is refused or found by the check, wherever it was cut") {
        Filled filled;
        const std::string whole = read_file(filled.file);
        for (std::size_t size = 100; size < whole.size(); size += 1500) {
            CAPTURE(size);
            overwrite(filled.file, whole.substr(0, size));
            CHECK(mentions(filled.refused(), "rehearse doctor"));
        }
    }

    TEST_CASE("another program's database is refused") {
        Filled filled;
        std::filesystem::remove(filled.file);
        sqlite(filled.file, "PRAGMA application_id = 77; CREATE TABLE t(a)");
        CHECK(mentions(filled.refused(), "another program"));
    }

    TEST_CASE("a newer rehearse's ledger is refused and left alone") {
        Filled filled;
        sqlite(filled.file, "PRAGMA user_version = 4");
        const Failure failure = filled.refused();
        CHECK(failure.kind() == FailureKind::refused);
        CHECK(mentions(failure, "version 4"));
    }

    TEST_CASE("a half-made ledger, without its version, is refused") {
        Filled filled;
        sqlite(filled.file, "PRAGMA user_version = 0");
        CHECK(filled.refused().kind() == FailureKind::permanent);
    }

    TEST_CASE("a commit that a crash left half-written is rolled back when the ledger is opened") {
        Filled filled;
        // The journal as a crash leaves it: the pages as they were, and the file with pages written over.
        const std::filesystem::path copy = filled.folder.path() / "copy";
        std::filesystem::create_directory(copy);
        {
            sqlite3* opened = nullptr;
            sqlite3_open(filled.file.c_str(), &opened);
            const Handle<sqlite3, sqlite3_close> connection(opened);
            REQUIRE(sqlite3_exec(opened,
                                 "PRAGMA cache_size = 1; BEGIN; DROP TRIGGER drill_events_stay;"
                                 "UPDATE drill_events SET body = 'torn' || hex(randomblob(900))",
                                 nullptr, nullptr, nullptr) == SQLITE_OK);
            REQUIRE(sqlite3_db_cacheflush(opened) == SQLITE_OK);
            std::filesystem::copy_file(filled.file, copy / "ledger.sqlite");
            std::filesystem::copy_file(filled.file.string() + "-journal", copy / "ledger.sqlite-journal");
        }
        CHECK(read_file(copy / "ledger.sqlite").find("torn") != std::string::npos);
        const auto ledger = open_sqlite_ledger(copy / "ledger.sqlite", filled.clock, false);
        CHECK(ledger->check() == std::vector<std::string>{});
        CHECK(ledger->events(DrillId("drill-1")).size() == 40);
    }

    TEST_CASE(
        "a byte that changed in an event, a drill or its plan is seen when it is read, and by the check") {
        for (const char* sql :
             {"DROP TRIGGER drill_events_stay; UPDATE drill_events SET body = replace(body, 'event', "
              "'evens') WHERE sequence = 7",
              "DROP TRIGGER drill_events_stay; UPDATE drill_events SET wall_ns = wall_ns + 1 "
              "WHERE sequence = 40",
              "DROP TRIGGER drill_events_are_kept; DELETE FROM drill_events WHERE sequence = 7"}) {
            Filled filled;
            sqlite(filled.file, sql);
            const auto ledger = filled.open();
            const Failure failure = failure_of([&] { (void)ledger->events(DrillId("drill-1")); });
            CHECK(failure.kind() == FailureKind::permanent);
            CHECK(mentions(failure, "drill-1"));
            CHECK(mentions(failure, "rehearse doctor"));
            CHECK(ledger->check().size() == 3);  // the trigger, the journal
        }
        for (const char* sql : {"DROP TRIGGER drills_stay; UPDATE drills SET playbook = 'tame'",
                                "DROP TRIGGER drill_plans_stay; UPDATE drill_plans SET plan = '{}'",
                                "DROP TRIGGER verdicts_stay; UPDATE drills SET verdict = 'recovered'"}) {
            Filled filled;
            sqlite(filled.file, sql);
            const auto ledger = filled.open();
            CHECK(failure_of([&] { (void)ledger->drills({}); }).kind() == FailureKind::permanent);
            CHECK(ledger->check().size() == 3);
        }
    }

    TEST_CASE("a better verdict written into the rows does not pass the check against the journal") {
        Filled filled;
        {
            const auto ledger = filled.open();
            const Lease lease =
                ledger->acquire_lease(shop, FakeProcesses::owner(3000), std::chrono::minutes(1));
            ledger->append(lease, DrillId("drill-1"), to_state(DrillState::aborted));
        }
        sqlite(filled.file,
               "DROP TRIGGER verdicts_stay; UPDATE drills SET verdict = 'recovered', state = 'recovered'");
        CHECK(filled.open()->check().size() == 3);
    }

    TEST_CASE("epochs that went down, illegal steps and lost leases are found by the check") {
        Filled filled;
        sqlite(filled.file,
               "DROP TRIGGER leases_are_kept; PRAGMA foreign_keys = OFF; DELETE FROM leases;"
               "INSERT INTO leases VALUES ('shop-staging', 5, 'h', 'b', 1, 1, 1, 1, 1, 1);"
               "INSERT INTO drill_plans VALUES ('no such drill', '')");
        const auto findings = filled.open()->check();
        CHECK(findings.size() == 3);  // the trigger, the reference, the epochs
    }

    TEST_CASE("events whose seals are right but whose order is not: gaps, sinking epochs, illegal steps") {
        struct Forged {
            int sequence, epoch;
            std::string kind, body, finding;
        };
        for (const Forged& forged :
             {Forged{42, 1, "note", "{}", "there is a gap"}, Forged{41, 0, "note", "{}", "lower epoch"},
              Forged{41, 9, "note", "{}", "an epoch that no lease had"},
              Forged{41, 1, "state", R"({"state":"recovered"})", "goes from leased to recovered"}}) {
            Filled filled;
            std::string previous;
            {
                sqlite3* opened = nullptr;
                sqlite3_open(filled.file.c_str(), &opened);
                const Handle<sqlite3, sqlite3_close> connection(opened);
                sqlite3_stmt* made = nullptr;
                sqlite3_prepare_v2(opened, "SELECT seal FROM drill_events WHERE sequence = 40", -1, &made,
                                   nullptr);
                const Handle<sqlite3_stmt, sqlite3_finalize> query(made);
                REQUIRE(sqlite3_step(made) == SQLITE_ROW);
                previous = reinterpret_cast<const char*>(sqlite3_column_text(made, 0));
            }
            const std::string sequence = std::to_string(forged.sequence);
            const std::string epoch = std::to_string(forged.epoch);
            const std::string right =
                seal({previous, "drill-1", sequence, epoch, forged.kind, "1", "1", "boot", forged.body});
            sqlite(filled.file, "INSERT INTO drill_events VALUES ('drill-1', " + sequence + ", " + epoch +
                                    ", '" + forged.kind + "', 1, 1, 'boot', '" + forged.body + "', '" +
                                    right + "')");
            const auto findings = filled.open()->check();
            REQUIRE_FALSE(findings.empty());
            CHECK(findings[0].find(forged.finding) != std::string::npos);
        }
    }

    TEST_CASE("a flipped bit anywhere in the file never goes through as another truth") {
        Filled filled;
        const std::string whole = read_file(filled.file);
        const auto good = filled.open()->events(DrillId("drill-1"));
        int seen = 0;
        for (std::size_t at = 97; at < whole.size(); at += 487) {
            std::string flipped = whole;
            flipped[at] = static_cast<char>(flipped[at] ^ 0x10);
            overwrite(filled.file, flipped);
            CAPTURE(at);
            try {
                const auto ledger = filled.open();
                const auto events = ledger->events(DrillId("drill-1"));
                REQUIRE((events.empty() || events.size() == good.size()));
                if (events.empty()) CHECK_FALSE(ledger->check().empty());
                for (std::size_t i = 0; i < events.size(); ++i) CHECK(events[i].body == good[i].body);
            } catch (const Failure& failure) {
                ++seen;
                CHECK_FALSE(failure.fields().message.empty());
            }
        }
        CHECK(seen > 10);
    }

    TEST_CASE("a full disk fails the write with what to free, and keeps all that was acknowledged") {
        Workspace workspace;
        const SmallDisk disk(workspace.folder.path() / "disk", "size=256k");
        if (!disk.mounted()) return;
        workspace.file = workspace.folder.path() / "disk" / "ledger.sqlite";
        const auto ledger = workspace.open();
        const Lease lease = ledger->acquire_lease(shop, FakeProcesses::owner(1000), std::chrono::minutes(1));
        ledger->begin_drill(lease, record("drill-1"));
        std::uint64_t last = 0;
        const Failure failure = failure_of([&] {
            for (;;) {
                last = ledger->append(lease, DrillId("drill-1"), {.events = {note(std::string(5000, 'x'))}});
            }
        });
        CHECK(last > 3);
        CHECK(failure.kind() == FailureKind::permanent);
        CHECK(mentions(failure, "the disk is full"));
        CHECK(mentions(failure, "free space for " + workspace.file.parent_path().string()));
        CHECK(ledger->events(DrillId("drill-1")).size() == last);
        CHECK(workspace.open(false)->check() == std::vector<std::string>{});
    }

    TEST_CASE("a disk too full for a new ledger leaves none behind") {
        Workspace workspace;
        const SmallDisk disk(workspace.folder.path() / "disk", "size=16k");
        if (!disk.mounted()) return;
        workspace.file = workspace.folder.path() / "disk" / "ledger.sqlite";
        CHECK(mentions(failure_of([&] { (void)workspace.open(); }), "the disk is full"));
        CHECK(std::filesystem::is_empty(workspace.file.parent_path()));
    }

    TEST_CASE("a read-only folder lets the ledger be read, and refuses every write with what to do") {
        Workspace workspace;
        const SmallDisk disk(workspace.folder.path() / "disk", "size=1m");
        if (!disk.mounted()) return;
        workspace.file = workspace.folder.path() / "disk" / "ledger.sqlite";
        const std::filesystem::path other = workspace.folder.path() / "disk" / "other.sqlite";
        (void)workspace.open();
        disk.make_read_only();
        const auto ledger = workspace.open();
        CHECK(ledger->drills({}).empty());
        const Failure failure = failure_of(
            [&] { (void)ledger->acquire_lease(shop, FakeProcesses::owner(1000), std::chrono::minutes(1)); });
        CHECK(failure.kind() == FailureKind::refused);
        CHECK(mentions(failure, "writable"));
        CHECK(failure_of([&] { (void)open_sqlite_ledger(other, workspace.clock, true); }).kind() ==
              FailureKind::refused);
    }

    TEST_CASE("a missing folder is named") {
        Workspace workspace;
        workspace.file = workspace.folder.path() / "none" / "ledger.sqlite";
        CHECK(mentions(failure_of([&] { (void)workspace.open(); }), "none"));
    }

    TEST_CASE("the ledger runs on another VFS of SQLite") {
        Workspace workspace;
        const auto ledger = open_sqlite_ledger(
            {.file = workspace.file, .create = true, .vfs = "unix-dotfile", .processes = workspace.processes},
            workspace.clock);
        CHECK(ledger->acquire_lease(shop, FakeProcesses::owner(1000), std::chrono::minutes(1)).epoch == 1);
        CHECK(mentions(failure_of([&] {
                           (void)open_sqlite_ledger({.file = workspace.file, .create = true, .vfs = "none"},
                                                    workspace.clock);
                       }),
                       "no such vfs"));
    }
}
