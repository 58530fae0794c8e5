// A server to stop and start, and the adapter for it.
#pragma once

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
#include <functional>
#include <optional>

#include "adapters/process/process.h"
#include "adapters/process/record.h"
#include "orchestrator/base/failure.h"
#include "orchestrator/commands/command.h"
#include "orchestrator/commands/process_table.h"
#include "orchestrator/commands/spawn.h"
#include "tests/support/memory_tree.h"
#include "tests/support/nginx_folder.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/test_clock.h"

namespace rehearse::test {

namespace fs = std::filesystem;

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

inline void write(const fs::path& path, const std::string& text, mode_t mode = 0644) {
    std::ofstream(path) << text;
    REQUIRE(::chmod(path.c_str(), mode) == 0);
}

inline bool wait_for(const std::function<bool()>& condition) {
    for (int i = 0; i < 2000; ++i) {
        if (condition()) return true;
        ::poll(nullptr, 0, 5);
    }
    return false;
}

inline bool runs(pid_t pid) {
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

inline Failure failure_of(const std::function<void()>& act) {
    try {
        act();
    } catch (const Failure& failure) {
        return failure;
    }
    FAIL("it did not fail");
    throw std::logic_error("unreachable");
}

inline bool has(const std::vector<std::string>& texts, std::string_view words) {
    return std::any_of(texts.begin(), texts.end(),
                       [&](const std::string& text) { return text.find(words) != std::string::npos; });
}

}  // namespace rehearse::test
