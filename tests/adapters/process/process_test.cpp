// Promises of the process adapter, kept with real processes.
#include "adapters/process/process.h"

#include "adapters/process/find.h"
#include "tests/adapters/process/world.h"

using namespace rehearse;
using namespace rehearse::test;
using namespace std::chrono_literals;

TEST_SUITE("process") {
    TEST_CASE("a server that somebody else started is found, stopped, and brought back ready") {
        World world;
        CHECK(world.adapter()->identify(nullptr).match == IdentityMatch::absent);
        CHECK(world.adapter()->identify(nullptr).explanation ==
              "no process runs './server " + std::to_string(world.port) + "' in " +
                  fs::canonical(world.directory()).string());
        const pid_t pid = world.start();
        CHECK(world.adapter()->identify(nullptr).match == IdentityMatch::same);
        const auto seen = world.adapter()->observe({});
        REQUIRE(seen.items.size() == 1);
        CHECK(seen.items[0].name == "./server " + std::to_string(world.port));
        CHECK(seen.items[0].detail == "pid " + std::to_string(pid));
        CHECK(seen.obstacles == std::vector<std::string>{});
        const TreeId before = world.capture();
        CHECK(world.report.items == 1);

        world.destroy();
        CHECK_FALSE(runs(pid));
        CHECK(world.adapter()->observe({}).items.empty());
        CHECK(world.adapter()->identify(nullptr).match == IdentityMatch::absent);
        CHECK(world.capture() != before);
        world.destroy();  // again: nothing left to do

        CHECK(world.restore(before).items_restored == 1);
        CHECK(world.answers());  // ready when restore returns
        CHECK(world.capture() == before);
        const auto again = world.live();
        REQUIRE(again);
        CHECK(again->pid != pid);
        CHECK(world.restore(before).items_restored == 0);
        CHECK(world.live()->pid == again->pid);
    }

    TEST_CASE("what is started here belongs to nobody else and inherits nothing") {
        World world;
        const int leaked = ::open("/dev/null", O_RDONLY);
        world.restore(world.running_tree());
        ::close(leaked);
        const auto live = world.live();
        REQUIRE(live);
        CHECK(live->session == live->pid);
        CHECK(live->group == live->pid);
        const std::string proc = "/proc/" + std::to_string(live->pid);
        CHECK(fs::read_symlink(proc + "/fd/0") == "/dev/null");
        CHECK(fs::read_symlink(proc + "/fd/1") == fs::canonical(world.folder.path()) / "state/output.log");
        CHECK(fs::read_symlink(proc + "/cwd") == fs::canonical(world.directory()));
        for (const auto& entry : fs::directory_iterator(proc + "/fd")) {
            CHECK(fs::read_symlink(entry.path()).string().find("/dev/null") ==
                  (entry.path().filename() == "0" ? 0 : std::string::npos));
        }
        std::ifstream output(world.folder.path() / "state/output.log");
        std::string line;
        std::getline(output, line);
        CHECK(line == "serving");
    }

    TEST_CASE("variables: the configured ones and few more, their values in no snapshot") {
        World world;
        world.options["environment"] = json::array{"COLOUR=blue", "TOKEN=from-options"};
        write(world.folder.path() / "variables", "# secrets\n\nTOKEN=s3cret value=1\nOTHER=x\r\n", 0600);
        world.options["environment_file"] = (world.folder.path() / "variables").string();
        const TreeId tree = world.running_tree();
        const std::string text = world.document(tree);
        CHECK(text.find("\"environment\":[\"COLOUR\",\"OTHER\",\"TOKEN\"]") != std::string::npos);
        CHECK(text.find("s3cret") == std::string::npos);
        CHECK(text.find("blue") == std::string::npos);
        CHECK(has(world.report.normalised, "values of its environment"));
        ::setenv("REHEARSE_TEST_LEAK", "1", 1);
        world.restore(tree);
        ::unsetenv("REHEARSE_TEST_LEAK");
        const auto names = process::variable_names_of(world.live()->pid);
        const auto given = [&](std::string_view name) {
            return std::find(names.begin(), names.end(), name) != names.end();
        };
        CHECK(given("COLOUR"));
        CHECK(given("OTHER"));
        CHECK(given("PATH"));
        CHECK_FALSE(given("REHEARSE_TEST_LEAK"));
        CHECK(world.adapter()->observe({}).warnings == std::vector<std::string>{});

        write(world.folder.path() / "variables", "GOOD=1\nbad line with s3cret\n", 0600);
        const auto failure = failure_of([&] { world.capture(); });
        CHECK(failure.kind() == FailureKind::invalid_input);
        CHECK(failure.fields().message.find("variables:2") != std::string::npos);
        CHECK(std::string(failure.what()).find("s3cret") == std::string::npos);
    }

    TEST_CASE("variables of the running process that a restart would not give it are pointed out") {
        World world;
        ::setenv("REHEARSE_TEST_ONLY_HERE", "value", 1);
        world.start();
        ::unsetenv("REHEARSE_TEST_ONLY_HERE");
        const auto warnings = world.adapter()->observe({}).warnings;
        CHECK(has(warnings, "REHEARSE_TEST_ONLY_HERE"));
        CHECK_FALSE(has(warnings, "value"));
    }

    TEST_CASE("nginx is found by its rewritten title, and stopped with its workers") {
        if (!NginxFolder::is_installed()) {
            MESSAGE("skipped: needs nginx");
            return;
        }
        World world;
        const NginxFolder nginx(world.directory());
        world.command = NginxFolder::command();
        world.ready = {{"http", json::object{{"url", nginx.url()}}}, {"within", "10s"}};
        world.port = nginx.port;
        const pid_t master = world.start();
        const auto seen = world.adapter()->observe({});
        REQUIRE(seen.items.size() == 1);
        CHECK(seen.items[0].detail == "pid " + std::to_string(master) + ", 2 below it");
        const auto workers = process::descendants(all_processes(), {*process_stat(master)});
        const TreeId before = world.capture();
        world.destroy();
        CHECK_FALSE(runs(master));
        for (const auto& worker : workers) CHECK_FALSE(runs(worker.pid));
        CHECK_FALSE(world.answers());
        CHECK(world.restore(before).items_restored == 1);
        CHECK(world.answers());
        CHECK(world.capture() == before);

        SUBCASE("workers left by a master that was killed are ended before the next start") {
            const auto killed = world.live();
            REQUIRE(killed);
            const auto left = process::descendants(all_processes(), {*killed});
            REQUIRE(left.size() == 2);
            ::kill(killed->pid, SIGKILL);
            REQUIRE(wait_for([&] { return !runs(killed->pid); }));
            CHECK(world.answers());  // the workers still serve: a new master could not bind
            CHECK(world.adapter()->identify(nullptr).match == IdentityMatch::absent);
            CHECK(has(world.adapter()->observe({}).warnings, "left behind"));
            CHECK(world.restore(before).items_restored == 1);
            CHECK(world.answers());
            for (const auto& worker : left) CHECK_FALSE(runs(worker.pid));
            CHECK(world.capture() == before);
        }
        SUBCASE("a destroy ends them, too") {
            const auto killed = world.live();
            REQUIRE(killed);
            ::kill(killed->pid, SIGKILL);
            REQUIRE(wait_for([&] { return !runs(killed->pid); }));
            world.destroy();
            CHECK_FALSE(world.answers());
        }
    }

    TEST_CASE("a server that goes into the background is followed there") {
        World world({"background"});
        world.restore(world.running_tree());
        CHECK(world.answers());
        const auto live = world.live();
        REQUIRE(live);
        CHECK(world.restore(world.capture()).items_restored == 0);
        world.destroy();
        CHECK_FALSE(runs(live->pid));
        CHECK_FALSE(world.answers());
    }

    TEST_CASE("a process that ignores the stop signal is killed after the stop timeout") {
        World world({"stubborn", "workers"});
        world.options["stop_timeout"] = "300ms";
        const pid_t pid = world.start();
        const auto workers = process::descendants(all_processes(), {*process_stat(pid)});
        CHECK(workers.size() == 3);
        const SteadyTime began = world.clock.steady();
        world.destroy();
        CHECK(world.clock.steady() - began >= 300ms);
        CHECK_FALSE(runs(pid));
        for (const auto& worker : workers) CHECK_FALSE(runs(worker.pid));
    }

    TEST_CASE("workers that look like their parent are one process with it, and go with it") {
        World world({"workers"});
        const pid_t pid = world.start();
        REQUIRE(wait_for(
            [&] { return process::descendants(all_processes(), {*process_stat(pid)}).size() == 3; }));
        const auto workers = process::descendants(all_processes(), {*process_stat(pid)});
        CHECK(world.adapter()->identify(nullptr).match == IdentityMatch::same);
        CHECK(world.live()->pid == pid);
        world.destroy();
        CHECK_FALSE(runs(pid));
        for (const auto& worker : workers) CHECK_FALSE(runs(worker.pid));
    }

    TEST_CASE("the stop signal is the one that was asked for") {
        World world({"note"});
        world.options["stop_signal"] = "QUIT";
        world.start();
        world.destroy();
        std::ifstream file(world.directory() / "signal");
        int number = 0;
        file >> number;
        CHECK(number == SIGQUIT);
    }

    TEST_CASE(
        "a process that ends at once fails the restore with its exit code and last words, without secrets") {
        World world({"fail"});
        write(world.folder.path() / "variables", "TOKEN=hunter2hunter2\n", 0600);
        world.options["environment_file"] = (world.folder.path() / "variables").string();
        const TreeId tree = world.running_tree();
        const auto failure = failure_of([&] { world.restore(tree); });
        CHECK(failure.kind() == FailureKind::permanent);
        CHECK(failure.fields().message.find("exit code 3") != std::string::npos);
        CHECK(failure.fields().message.find("secret is ***") != std::string::npos);
        CHECK(std::string(failure.what()).find("hunter2") == std::string::npos);
        CHECK(world.adapter()->identify(nullptr).match == IdentityMatch::absent);
    }

    TEST_CASE(
        "started is not restored: one that never gets ready fails, and the next restore starts it anew") {
        World world({"silent"});
        world.ready["within"] = "400ms";
        const TreeId tree = world.running_tree();
        const auto failure = failure_of([&] { world.restore(tree); });
        CHECK(failure.kind() == FailureKind::transient);
        CHECK(failure.fields().message.find("not ready within") != std::string::npos);
        const auto first = world.live();
        REQUIRE(first);
        CHECK(has(world.adapter()->observe({}).warnings, "not ready"));
        std::ignore = failure_of([&] { world.restore(tree); });
        const auto second = world.live();
        REQUIRE(second);
        CHECK(second->pid != first->pid);
        CHECK_FALSE(runs(first->pid));
    }

    TEST_CASE("readiness by port and by command count, too") {
        World world;
        world.ready = {{"tcp", json::object{{"host", "127.0.0.1"}, {"port", world.port}}},
                       {"command", json::array{"curl", "-fs", "-o", "/dev/null", world.url()}},
                       {"within", "20s"}};
        CHECK(world.restore(world.running_tree()).items_restored == 1);
        CHECK(world.answers());
        world.ready = {{"command", json::array{"false"}}, {"within", "200ms"}};
        CHECK(failure_of([&] { world.restore(world.capture()); }).fields().message.find(": false: ") !=
              std::string::npos);
    }

    TEST_CASE("without a readiness check it must still run a moment after its start") {
        World world;
        world.ready.clear();
        CHECK(world.restore(world.running_tree()).items_restored == 1);
        CHECK(has(world.adapter()->observe({}).warnings, "no readiness check"));
        world.destroy();
        world.command = {"false"};
        CHECK(failure_of([&] { world.restore(world.running_tree()); }).kind() == FailureKind::permanent);
    }

    TEST_CASE("rehearse never stops what it runs below") {
        World world;
        world.ready.clear();
        const auto own = process_stat(::getppid());
        REQUIRE(own);
        const TreeId tree = world.running_tree();
        std::ignore = world.restore(tree);
        auto record = *process::read_record(world.folder.path() / "state");
        const pid_t real = record.pid;
        record.pid = own->pid;
        record.started = own->started;
        process::write_record(world.folder.path() / "state", record);
        CHECK(has(world.adapter()->observe({}).obstacles, "rehearse itself runs below"));
        CHECK(failure_of([&] { world.destroy(); }).kind() == FailureKind::refused);
        CHECK(runs(own->pid));
        CHECK(runs(real));
    }

    TEST_CASE("one that died as our child is gone, not a zombie that looks alive") {
        World world;
        const TreeId tree = world.running_tree();
        world.restore(tree);
        const auto live = world.live();
        REQUIRE(live);
        ::kill(live->pid, SIGKILL);
        REQUIRE(wait_for([&] { return !runs(live->pid); }));
        CHECK(world.adapter()->identify(nullptr).match == IdentityMatch::absent);
        CHECK_FALSE(process_stat(live->pid));  // reaped, too
        CHECK(world.restore(tree).items_restored == 1);
        CHECK(world.answers());
    }

    TEST_CASE("a stopped process is ended as well") {
        World world;
        const pid_t pid = world.start();
        ::kill(pid, SIGSTOP);
        REQUIRE(wait_for([&] { return process_stat(pid)->state == 'T'; }));
        world.destroy();
        CHECK_FALSE(runs(pid));
    }

    TEST_CASE("where the snapshot says it did not run, restore stops it") {
        World world;
        const TreeId stopped = world.capture();
        const pid_t pid = world.start();
        const auto report = world.restore(stopped);
        CHECK(report.items_removed == 1);
        CHECK_FALSE(runs(pid));
        CHECK(world.capture() == stopped);
        CHECK(world.restore(stopped).items_removed == 0);
    }

    TEST_CASE("something else that answers in its place is an obstacle") {
        World world;
        world.start();
        World impostor;
        impostor.ready = world.ready;
        CHECK(has(impostor.adapter()->observe({}).obstacles, "its readiness check passes"));
    }

    TEST_CASE("what could not be started again is an obstacle before anything is destroyed") {
        World world;
        world.command = {"no-such-program"};
        CHECK(has(world.adapter()->observe({}).obstacles, "no-such-program"));
        world.command = {"true"};
        world.options["user"] = "no-such-user";
        CHECK(has(world.adapter()->observe({}).obstacles, "no-such-user"));
        world.options.erase("user");
        fs::remove_all(world.directory());
        CHECK(has(world.adapter()->observe({}).obstacles, "there is no directory"));
    }

    TEST_CASE("user: it runs as that user again, and another one is an obstacle") {
        if (::geteuid() != 0) {
            MESSAGE("skipped: needs root");
            return;
        }
        World world;
        ::chmod(world.folder.path().c_str(), 0755);
        world.options["user"] = "nobody";
        const TreeId tree = world.running_tree();
        CHECK(world.restore(tree).items_restored == 1);
        const auto live = world.live();
        REQUIRE(live);
        CHECK(process::user_of(live->pid) == "nobody");
        CHECK(world.capture() == tree);
        CHECK(world.adapter()->observe({}).obstacles.empty());
        world.options.erase("user");
        CHECK(has(world.adapter()->observe({}).obstacles, "it runs as user 'nobody'"));
    }

    TEST_CASE("the marker lies beside no process but with the host, and outlives it") {
        World world;
        CHECK_FALSE(world.adapter()->read_marker());
        world.adapter()->write_marker("{\"epoch\":3}");
        CHECK(world.adapter()->read_marker() == "{\"epoch\":3}");
        CHECK(fs::is_directory(world.folder.path() / "host/markers"));
        World other;
        CHECK_FALSE(other.adapter()->read_marker());
        CHECK(has({world.adapter()->observe({}).way_back[0].string()}, "host/markers/"));
    }

    TEST_CASE("output of earlier starts is kept, up to a limit") {
        World world;
        const TreeId tree = world.running_tree();
        world.restore(tree);
        world.destroy();
        world.restore(tree);
        world.destroy();
        std::ifstream log(world.folder.path() / "state/output.log");
        std::string first;
        std::string second;
        std::getline(log, first);
        std::getline(log, second);
        CHECK(first == "serving");
        CHECK(second == "serving");
        fs::resize_file(world.folder.path() / "state/output.log", 9U << 20U);
        world.restore(tree);
        CHECK(fs::file_size(world.folder.path() / "state/output.log") < 1000);
        CHECK(fs::exists(world.folder.path() / "state/output.log.1"));
    }
}
