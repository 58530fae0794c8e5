// Which process is the resource: what looks like it, what only nearly does, what a record says.
#include "adapters/process/find.h"
#include "tests/adapters/process/world.h"

using namespace rehearse;
using namespace rehearse::test;
using namespace std::chrono_literals;

TEST_SUITE("process: which one") {
    TEST_CASE("what nearly looks like it is named, without its arguments: they may hold a secret") {
        World world;
        world.ready.clear();
        world.command = {"sleep", "1000"};
        const pid_t pid = world.start();
        REQUIRE(wait_for([&] { return process::arguments_of(pid) == world.command; }));
        world.command = {"sleep", "1001"};
        const auto report = world.adapter()->identify(nullptr);
        CHECK(report.match == IdentityMatch::absent);
        CHECK(report.explanation.find("pid " + std::to_string(pid) + " runs there as 'sleep'") !=
              std::string::npos);
        CHECK(report.explanation.find("1000") == std::string::npos);
    }

    TEST_CASE("two processes that match are one too many: nothing is touched") {
        World world({"silent"});
        world.ready.clear();
        const TreeId tree = world.running_tree();
        const pid_t first = world.start();
        const pid_t second = world.start();
        const auto shown = [&](pid_t pid) { return process::arguments_of(pid).size() == 4; };
        REQUIRE(wait_for([&] { return shown(first) && shown(second); }));
        const auto report = world.adapter()->identify(nullptr);
        CHECK(report.match == IdentityMatch::other);
        CHECK(report.explanation.find(std::to_string(first)) != std::string::npos);
        CHECK(report.explanation.find(std::to_string(second)) != std::string::npos);
        CHECK(has(world.adapter()->observe({}).obstacles, "several processes"));
        CHECK(failure_of([&] { world.destroy(); }).kind() == FailureKind::refused);
        CHECK(failure_of([&] { world.restore(tree); }).kind() == FailureKind::refused);
        CHECK(failure_of([&] { world.capture(); }).kind() == FailureKind::refused);
        CHECK(runs(first));
        CHECK(runs(second));
    }

    TEST_CASE("the same words elsewhere, or in another program, are not the process") {
        World world;
        fs::create_directories(world.folder.path() / "elsewhere");
        fs::copy_file(world.directory() / "server", world.folder.path() / "elsewhere/server");
        World other;  // the same command in another directory
        const int null = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
        const auto spawn = [&](const fs::path& directory, std::vector<std::string> command) {
            return spawn_process({.file = find_program(command[0], directory),
                                  .arguments = command,
                                  .directory = directory,
                                  .output = null,
                                  .errors = null});
        };
        const pid_t elsewhere = spawn(world.folder.path() / "elsewhere", world.command);
        const pid_t pager = spawn(world.directory(), {"tail", "-f", "./server"});
        ::close(null);
        REQUIRE(wait_for([&] { return process::arguments_of(pager).size() == 3; }));
        CHECK(world.adapter()->identify(nullptr).match == IdentityMatch::absent);
        world.command = {"./server"};
        world.ready.clear();
        CHECK(world.adapter()->identify(nullptr).match == IdentityMatch::absent);
        world.destroy();
        CHECK(runs(elsewhere));
        CHECK(runs(pager));
    }

    TEST_CASE("a process that became another program is known by its record, and without that by its tag") {
        World world;
        write(world.directory() / "wrapper", "#!/bin/sh\ncd /\nexec sleep 600\n", 0755);
        world.command = {"./wrapper"};
        world.ready.clear();
        const TreeId tree = world.running_tree();
        CHECK(world.restore(tree).items_restored == 1);
        const auto live = world.live();
        REQUIRE(live);
        CHECK(process::arguments_of(live->pid)[0] == "sleep");
        process::remove_record(world.folder.path() / "state");
        REQUIRE(world.live());
        CHECK(world.live()->pid == live->pid);
        CHECK(world.restore(tree).items_restored == 0);
        world.destroy();
        CHECK_FALSE(runs(live->pid));
    }

    TEST_CASE("a record of another boot or of a pid that was given away is not believed") {
        World world;
        const pid_t stranger = ::getppid();
        const auto stat = process_stat(stranger);
        REQUIRE(stat);
        const auto adapter = world.adapter();
        std::ignore = world.restore(world.running_tree());
        auto record = *process::read_record(world.folder.path() / "state");
        world.destroy();
        record.pid = stranger;  // started differs
        process::write_record(world.folder.path() / "state", record);
        CHECK(world.adapter()->identify(nullptr).match == IdentityMatch::absent);
        record.started = stat->started;
        record.boot = "another boot";
        process::write_record(world.folder.path() / "state", record);
        CHECK(world.adapter()->identify(nullptr).match == IdentityMatch::absent);
        write(world.folder.path() / "state/started.json", "half a rec");
        CHECK(world.adapter()->identify(nullptr).match == IdentityMatch::absent);
    }
}
