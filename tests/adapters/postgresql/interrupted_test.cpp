// Restores that break off, and the one after that.
#include <sys/mount.h>

#include <atomic>
#include <thread>

#include "adapters/postgresql/names.h"
#include "tests/adapters/postgresql/every_kind.h"
#include "tests/adapters/postgresql/world.h"
#include "tests/support/breaking_tree.h"

using namespace rehearse;
using namespace rehearse::test;

namespace {

/// A file system of 60 MiB, where this process may make one.
struct SmallDisk {
    explicit SmallDisk(std::filesystem::path at)
        : place(std::move(at)),
          mounted(::mount("tmpfs", place.c_str(), "tmpfs", 0, "size=60m,mode=0777") == 0) {}
    SmallDisk(const SmallDisk&) = delete;
    SmallDisk& operator=(const SmallDisk&) = delete;
    ~SmallDisk() {
        if (mounted) ::umount2(place.c_str(), MNT_DETACH);
    }
    std::filesystem::path place;
    bool mounted;
};

}  // namespace

TEST_SUITE("postgresql: interrupted") {
    TEST_CASE("a restore that broke off anywhere is made whole by the next") {
        shared_server().run("postgres", every_kind_roles());
        World world("broken_off", every_kind());
        world.run(every_kind_settings("broken_off"));
        const TreeId before = world.capture();
        const CaptureReport report = world.report;
        std::atomic<int> counted = 1'000'000;
        world.drop();
        const BreakingTree counting(world.trees.open(before), counted);
        static_cast<void>(world.adapter()->restore(
            counting, {.expected = world.identity(), .uncompared = report.uncompared}));
        const int blobs = 1'000'000 - counted;
        for (int part = 1; part <= 6; ++part) {
            if (part % 2 == 0) {
                world.drop();
            } else {
                world.run("drop table orders cascade; truncate lines; delete from customers where id > 100");
            }
            std::atomic<int> left = blobs * part / 7;
            const BreakingTree breaking(world.trees.open(before), left);
            try {
                static_cast<void>(world.adapter()->restore(
                    breaking, {.expected = world.identity(), .uncompared = report.uncompared}));
            } catch (const Failure&) {  // most of them
            }
            world.restore(before, report);
            const TreeId after = world.capture();
            INFO(world.difference(before, after));
            CHECK(after == before);
        }
        CHECK(world.server.run("postgres",
                               "select count(*) from pg_database where datname like 'rehearse%'") == "0");
    }

    TEST_CASE("sessions that die in the middle leave nothing that the next restore can't mend") {
        World world("cut_off", small_shop);
        world.run(
            "create table bulk (id int primary key, t text); insert into bulk select i, repeat('x', 200) "
            "from "
            "generate_series(1, 100000) i");
        const TreeId before = world.capture();
        const CaptureReport report = world.report;
        for (int round = 0; round < 6; ++round) {
            if (round % 2 == 0) {
                world.drop();
            } else {
                world.run("drop table orders; truncate bulk");
            }
            std::jthread killer([&, wait = 20 + round * 40](const std::stop_token& stop) {
                for (int times = 0; times < 8 && !stop.stop_requested(); ++times) {
                    world.server.run("postgres", "select pg_sleep(" + std::to_string(wait) + " / 1000.0)");
                    world.server.run(
                        "postgres",
                        "select pg_terminate_backend(pid) from pg_stat_activity where application_name = "
                        "'rehearse'");
                }
            });
            try {
                world.restore(before, report);
            } catch (const Failure&) {  // most of them
            }
            killer.request_stop();
            killer.join();
            world.restore(before, report);
            const TreeId after = world.capture();
            INFO(world.difference(before, after));
            CHECK(after == before);
        }
    }

    TEST_CASE("a server that is still at work for an orchestrator that was killed is waited for") {
        World world("left_at_work", small_shop);
        const TreeId before = world.capture();
        const CaptureReport report = world.report;
        const std::string name = postgresql::build_name("left_at_work");
        for (int round = 0; round < 5; ++round) {
            world.drop();
            std::atomic<bool> over = false;
            const std::jthread killed([&] {
                world.server.run("postgres", "create database \"" + name + "\"");
                over = true;
            });
            while (!over &&
                   world.server.run("postgres",
                                    "select count(*) from pg_stat_activity where query like 'create database "
                                    "\"rehearse%' and state = 'active'") == "0") {
            }
            world.restore(before, report);
            CHECK(world.capture() == before);
        }
        CHECK(world.server.run("postgres",
                               "select count(*) from pg_database where datname like 'rehearse%'") == "0");
    }

    TEST_CASE("a server whose disk is full fails with the reason, and the next restore goes on") {
        // The disk is a table space of its own: a small file system that a file of ours fills.
        const TemporaryFolder folder;
        std::filesystem::permissions(folder.path(), std::filesystem::perms(0755));
        const SmallDisk disk(folder.path());
        if (!disk.mounted) {
            MESSAGE("skipped: needs the right to mount a file system");
            return;
        }
        const auto place = folder.path() / "space";
        std::filesystem::create_directory(place);
        const passwd* user = ::getpwnam("postgres");
        REQUIRE(::chown(place.c_str(), user->pw_uid, user->pw_gid) == 0);
        shared_server().run("postgres", "create tablespace small location '" + place.string() + "'");
        {
            World world("disk_full", small_shop, "tablespace small");
            world.run("create table bulk as select i, md5(i::text) from generate_series(1, 150000) i");
            const TreeId before = world.capture();
            const CaptureReport report = world.report;
            world.drop();
            const auto filler = folder.path() / "filler";
            // Room for an empty database, not for the rows.
            const std::uintmax_t room = std::filesystem::space(folder.path()).available;
            std::ofstream(filler) << std::string(room - (12U << 20U), 'x');
            const FailureFields failure = failure_of([&] { world.restore(before, report); });
            CHECK_MESSAGE(failure.native_code == "53100", failure.message);
            CHECK(contains(failure.remedy, "disk space"));
            std::filesystem::remove(filler);
            world.restore(before, report);
            CHECK(world.capture() == before);
        }
        shared_server().run("postgres", "drop tablespace small");
    }
}
