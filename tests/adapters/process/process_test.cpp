// Promises of the process adapter, kept with real processes.
#include "adapters/process/process.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <optional>

#include "adapters/process/find.h"
#include "adapters/process/record.h"
#include "orchestrator/base/failure.h"
#include "orchestrator/commands/command.h"
#include "orchestrator/commands/process_table.h"
#include "orchestrator/commands/spawn.h"
#include "tests/support/memory_tree.h"
#include "tests/support/nginx_folder.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/test_clock.h"

using namespace rehearse;
using namespace rehearse::test;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

// Answers "ok" over HTTP on the port given. More words change what it does.
constexpr const char* server_script = R"(#!/usr/bin/python3
import http.server, os, signal, socketserver, sys, threading, time
port, words = int(sys.argv[1]), sys.argv[2:]
if 'fail' in words:
    print('secret is', os.environ.get('TOKEN', ''), flush=True)
    sys.exit(3)
if 'stubborn' in words:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
def note(number, frame):
    open('signal', 'w').write(str(number))
    os._exit(0)
if 'note' in words:
    signal.signal(signal.SIGQUIT, note)
if 'silent' in words:
    time.sleep(600)
if 'background' in words and os.fork() > 0:
    os._exit(0)
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header('Content-Length', '3')
        self.end_headers()
        self.wfile.write(b'ok\n')
    def log_message(self, *rest):
        pass
class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    allow_reuse_address = True
server = Server(('127.0.0.1', port), Handler)
for _ in range(3 if 'workers' in words else 0):
    if os.fork() == 0:
        if 'stubborn' in words:
            time.sleep(600)
        server.serve_forever()
print('serving', flush=True)
server.serve_forever()
)";

void write(const fs::path& path, const std::string& text, mode_t mode = 0644) {
    std::ofstream(path) << text;
    REQUIRE(::chmod(path.c_str(), mode) == 0);
}

bool wait_for(const std::function<bool()>& condition) {
    for (int i = 0; i < 2000; ++i) {
        if (condition()) return true;
        ::poll(nullptr, 0, 5);
    }
    return false;
}

bool runs(pid_t pid) {
    const auto stat = process_stat(pid);
    return stat && !stat->ended();
}

// One resource in a folder of its own. At its end, whatever runs in the folder is killed.
struct World {
    explicit World(std::vector<std::string> words = {}) : port(free_port()) {
        fs::create_directories(directory());
        write(directory() / "server", server_script, 0755);
        command = {"./server", std::to_string(port)};
        command.insert(command.end(), words.begin(), words.end());
        ready = {{"http", json::object{{"url", "http://127.0.0.1:" + std::to_string(port) + "/"}}},
                 {"within", "20s"}};
    }
    World(const World&) = delete;
    World& operator=(const World&) = delete;
    ~World() {
        for (const auto& stat : all_processes()) {
            if (stat.ended() || stat.pid == ::getpid()) continue;
            std::error_code error;
            const auto place = fs::read_symlink("/proc/" + std::to_string(stat.pid) + "/cwd", error);
            if (!error && place.string().starts_with(fs::canonical(folder.path()).string())) {
                ::kill(stat.pid, SIGKILL);
            }
        }
        while (::waitpid(-1, nullptr, WNOHANG) > 0) {
        }
    }

    [[nodiscard]] fs::path directory() const { return folder.path() / "app"; }
    [[nodiscard]] std::unique_ptr<Adapter> adapter() const {
        ResourceSpec spec;
        spec.name = ResourceName("frontend");
        spec.adapter = "process";
        spec.options = options;
        spec.options["directory"] = directory().string();
        json::array array;
        for (const auto& word : command) array.emplace_back(word);
        spec.options["command"] = array;
        if (!ready.empty()) spec.options["ready"] = ready;
        return process_adapter().make(spec, {.environment = EnvironmentName("test"),
                                             .clock = clock,
                                             .state_directory = folder.path() / "state",
                                             .host_directory = folder.path() / "host"});
    }
    // Starts it as somebody else would.
    pid_t start() const {
        const int null = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
        const pid_t pid = spawn_process({.file = find_program(command[0], directory()),
                                         .arguments = command,
                                         .directory = directory(),
                                         .output = null,
                                         .errors = null});
        ::close(null);
        if (!ready.empty()) REQUIRE(wait_for([&] { return answers(); }));
        return pid;
    }
    [[nodiscard]] bool answers() const {
        return run_command({.arguments = {"curl", "-fs", "-m", "2", "-o", "/dev/null", url()}}).succeeded();
    }
    [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port) + "/"; }
    TreeId capture() {
        const auto writer = trees.writer();
        report = adapter()->capture(*writer);
        return writer->finish();
    }
    [[nodiscard]] std::string document(const TreeId& tree) const {
        return trees.files(tree).at("process.json");
    }
    [[nodiscard]] Identity identity() const { return adapter()->identify(nullptr).live; }
    void destroy() const {
        adapter()->destroy({.whole = true, .expected = identity(), .idempotency_key = "destroy", .epoch = 1});
    }
    RestoreReport restore(const TreeId& tree) const {
        return adapter()->restore(*trees.open(tree), {.expected = identity()});
    }
    // What restore puts back: as if it had been captured while it ran.
    TreeId running_tree() {
        auto tree = capture();
        std::string text = document(tree);
        if (const auto at = text.find("\"running\":false"); at != std::string::npos) {
            text.replace(at, 15, "\"running\":true");
        }
        const auto writer = trees.writer();
        writer->blob("process.json", text);
        return writer->finish();
    }
    [[nodiscard]] std::optional<ProcessStat> live() const {
        const auto recorded = process::read_record(folder.path() / "state");
        for (const auto& item : adapter()->observe({}).items) {
            return process_stat(static_cast<pid_t>(std::stol(item.detail.substr(4))));
        }
        return std::nullopt;
    }

    TemporaryFolder folder;
    KernelClock clock{"this boot"};
    MemoryTrees trees;
    CaptureReport report{};
    std::uint16_t port;
    std::vector<std::string> command;
    json::object ready;
    json::object options;
};

Failure failure_of(const std::function<void()>& act) {
    try {
        act();
    } catch (const Failure& failure) {
        return failure;
    }
    FAIL("it did not fail");
    throw std::logic_error("unreachable");
}

bool has(const std::vector<std::string>& texts, std::string_view words) {
    return std::any_of(texts.begin(), texts.end(),
                       [&](const std::string& text) { return text.find(words) != std::string::npos; });
}

}  // namespace

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
