// Promises of run_command, kept with real programs.
#include "orchestrator/commands/command.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <iterator>
#include <thread>

#include "orchestrator/base/failure.h"
#include "orchestrator/commands/process_table.h"
#include "tests/support/temporary_folder.h"

using namespace rehearse;
using namespace std::chrono_literals;

namespace {

CommandRequest shell(const std::string& script) {
    CommandRequest request;
    request.arguments = {"sh", "-c", script};
    return request;
}

Failure failure_of(const CommandRequest& request) {
    try {
        std::ignore = run_command(request);
    } catch (const Failure& failure) {
        return failure;
    }
    FAIL("no failure");
    throw std::logic_error("unreachable");
}

void write(const std::filesystem::path& path, const std::string& text, mode_t mode) {
    std::ofstream(path) << text;
    REQUIRE(::chmod(path.c_str(), mode) == 0);
}

}  // namespace

TEST_SUITE("commands") {
    TEST_CASE("a command's output, errors and exit code come back") {
        const auto result = run_command(shell("echo out; echo err >&2; exit 3"));
        CHECK(result.output == "out\n");
        CHECK(result.errors == "err\n");
        CHECK(result.exit_code == 3);
        CHECK_FALSE(result.succeeded());
        CHECK(result.describe() == "exit code 3");
        CHECK(run_command({.arguments = {"true"}}).succeeded());
        CHECK(run_command(shell("i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done")).cpu > 1ms);
    }

    TEST_CASE("a command ended by a signal says which") {
        const auto result = run_command(shell("kill -KILL $$"));
        CHECK(result.exit_code == -1);
        CHECK(result.signal == SIGKILL);
        CHECK(result.describe() == "ended by SIGKILL");
    }

    TEST_CASE("arguments reach the program byte by byte, without a shell") {
        const auto result = run_command({.arguments = {"printf", "%s|", "$HOME", "a b", "", "*"}});
        CHECK(result.output == "$HOME|a b||*|");
    }

    TEST_CASE("input of any size is read by the child, whether it reads it or not") {
        const std::string large(3'000'000, 'x');
        CHECK(run_command({.arguments = {"wc", "-c"}, .input = large}).output == "3000000\n");
        CHECK(run_command({.arguments = {"true"}, .input = large}).succeeded());
        CHECK(run_command({.arguments = {"cat"}}).output.empty());  // no input: an empty stdin, no terminal
        CHECK(run_command({.arguments = {"cat", "/dev/stdin"}, .input = "again"}).output == "again");
    }

    TEST_CASE("the directory and the added environment are the child's") {
        test::TemporaryFolder folder;
        CommandRequest request = shell("pwd -P; printf '%s %s' \"$COLOUR\" \"${PATH:+path}\"");
        request.directory = folder.path();
        request.environment = {{"COLOUR", "blue = 1"}};
        CHECK(run_command(request).output ==
              std::filesystem::canonical(folder.path()).string() + "\nblue = 1 path");
        request.environment = {{"PATH", "/usr/bin:/bin"}};
        request.arguments = {"sh", "-c", "env | grep -c ^PATH="};
        CHECK(run_command(request).output == "1\n");
    }

    TEST_CASE("a program is found relative to the directory it runs in") {
        test::TemporaryFolder folder;
        write(folder.path() / "tool", "#!/bin/sh\necho here $1\n", 0755);
        CommandRequest request{.arguments = {"./tool", "1"}, .directory = folder.path()};
        CHECK(run_command(request).output == "here 1\n");
        request.arguments[0] = "tool";
        request.environment = {{"PATH", "/nowhere:" + folder.path().string()}};
        CHECK(run_command(request).output == "here 1\n");
    }

    TEST_CASE("a program that can't be run is invalid input that names it and where it was looked for") {
        test::TemporaryFolder folder;
        const auto missing =
            failure_of({.arguments = {"no-such-program"}, .environment = {{"PATH", "/a:/b"}}});
        CHECK(missing.kind() == FailureKind::invalid_input);
        CHECK(missing.fields().object == "no-such-program");
        CHECK(missing.fields().message.find("/a:/b") != std::string::npos);

        write(folder.path() / "plain", "text", 0644);
        const auto plain = failure_of({.arguments = {"./plain"}, .directory = folder.path()});
        CHECK(plain.kind() == FailureKind::invalid_input);
        CHECK(plain.fields().message.find("not an executable file") != std::string::npos);

        write(folder.path() / "script", "echo no interpreter line", 0755);
        CHECK(failure_of({.arguments = {"./script"}, .directory = folder.path()}).kind() ==
              FailureKind::invalid_input);
        write(folder.path() / "lost", "#!/no/such/interpreter\n", 0755);
        const auto lost = failure_of({.arguments = {"./lost"}, .directory = folder.path()});
        CHECK(lost.kind() == FailureKind::invalid_input);
        CHECK(lost.fields().message.find("interpreter") != std::string::npos);

        CHECK(failure_of({.arguments = {"true"}, .directory = folder.path() / "gone"}).kind() ==
              FailureKind::invalid_input);
        CHECK(failure_of({}).kind() == FailureKind::invalid_input);
        CHECK(failure_of({.arguments = {""}}).kind() == FailureKind::invalid_input);
        CHECK(failure_of({.arguments = {"true", std::string("a\0b", 3)}}).kind() ==
              FailureKind::invalid_input);
        CHECK(failure_of({.arguments = {"true", std::string(1U << 20U, 'x')}}).kind() ==
              FailureKind::invalid_input);
    }

    TEST_CASE("no descriptor but the first three is inherited, close-on-exec or not") {
        const int leaked = ::open("/dev/null", O_RDONLY);  // without O_CLOEXEC
        const int high = ::fcntl(leaked, F_DUPFD, 200);
        const auto result = run_command({.arguments = {"ls", "-1", "/proc/self/fd"}});
        CHECK(result.output == "0\n1\n2\n3\n");  // 3 is the folder that ls reads
        ::close(leaked);
        ::close(high);
    }

    TEST_CASE("a caller without the standard descriptors loses nothing") {
        // In a process of its own, as it closes 0, 1 and 2 of itself: the shell starts this test's helper
        // case.
        const int in = ::fcntl(0, F_DUPFD_CLOEXEC, 10);
        const int out = ::fcntl(1, F_DUPFD_CLOEXEC, 10);
        const int err = ::fcntl(2, F_DUPFD_CLOEXEC, 10);
        ::close(0);
        ::close(1);
        ::close(2);
        const auto result = run_command({.arguments = {"sh", "-c", "cat; echo err >&2"}, .input = "in "});
        ::dup2(in, 0);
        ::dup2(out, 1);
        ::dup2(err, 2);
        ::close(in);
        ::close(out);
        ::close(err);
        CHECK(result.output == "in ");
        CHECK(result.errors == "err\n");
    }

    TEST_CASE("signals that the caller ignores or blocks are as usual in the child") {
        sigset_t block;
        sigset_t before;
        sigemptyset(&block);
        sigaddset(&block, SIGTERM);
        REQUIRE(pthread_sigmask(SIG_BLOCK, &block, &before) == 0);
        const auto pipe_before = ::signal(SIGPIPE, SIG_IGN);
        const auto result = run_command({.arguments = {"grep", "-E", "^Sig(Blk|Ign)", "/proc/self/status"}});
        ::signal(SIGPIPE, pipe_before);
        pthread_sigmask(SIG_SETMASK, &before, nullptr);
        // glibc's posix_spawn ignores its own two signals, 32 and 33, in every child.
        CHECK(result.output == "SigBlk:\t0000000000000000\nSigIgn:\t0000000180000000\n");
    }

    TEST_CASE("a command that takes too long is ended with what it started") {
        test::TemporaryFolder folder;
        CommandRequest request = shell("sleep 600 & echo $! > child; wait");
        request.directory = folder.path();
        request.timeout = 2s;
        const auto result = run_command(request);
        CHECK(result.timed_out);
        CHECK_FALSE(result.succeeded());
        CHECK(result.signal == SIGTERM);
        CHECK(result.took < 300s);
        CHECK(result.describe().find("no answer within") == 0);
        pid_t child = 0;
        std::ifstream(folder.path() / "child") >> child;
        REQUIRE(child > 0);
        const auto stat = process_stat(child);
        CHECK((!stat || stat->ended()));
    }

    TEST_CASE("a command that ignores SIGTERM is killed five seconds later") {
        CommandRequest request = shell("trap '' TERM; echo ready; while :; do sleep 0.1; done");
        request.timeout = 100ms;
        const auto result = run_command(request);
        CHECK(result.timed_out);
        CHECK(result.signal == SIGKILL);
        CHECK(result.took >= 5s);
        CHECK(result.took < 300s);
        CHECK(result.output == "ready\n");
    }

    TEST_CASE("a helper that ignores SIGTERM does not outlive a command that timed out") {
        test::TemporaryFolder folder;
        CommandRequest request = shell(
            "(trap '' TERM; exec sleep 600) & echo $! > child; trap 'exit 7' TERM; "
            "while :; do sleep 0.05; done");
        request.directory = folder.path();
        request.timeout = 2s;
        const auto result = run_command(request);
        CHECK(result.timed_out);
        CHECK(result.exit_code == 7);
        pid_t child = 0;
        std::ifstream(folder.path() / "child") >> child;
        REQUIRE(child > 0);
        const auto stat = process_stat(child);
        CHECK((!stat || stat->ended()));
    }

    TEST_CASE("a stop request ends a command at once") {
        std::stop_source source;
        CommandRequest request = shell("echo started; sleep 600");
        request.stop = source.get_token();
        request.on_output = [&source](std::string_view) { source.request_stop(); };
        const auto result = run_command(request);
        CHECK(result.stopped);
        CHECK_FALSE(result.timed_out);
        CHECK(result.describe() == "stopped");
        CHECK(result.took < 300s);
    }

    TEST_CASE("a background process that keeps the output open does not hold us up, and lives on") {
        const auto result = run_command(shell("sleep 600 & echo $!"));
        const auto child = static_cast<pid_t>(std::stol(result.output));
        CHECK(result.succeeded());
        CHECK(result.took < 300s);
        const auto stat = process_stat(child);
        REQUIRE(stat);
        CHECK_FALSE(stat->ended());
        ::kill(child, SIGKILL);
    }

    TEST_CASE("output beyond the limit is read and dropped, and marked") {
        CommandRequest request = shell("head -c 5000000 /dev/zero; head -c 5000000 /dev/zero >&2; echo end");
        request.output_limit = 1000;
        const auto result = run_command(request);
        CHECK(result.succeeded());
        CHECK(result.output.size() == 1000);
        CHECK(result.errors.size() == 1000);
        CHECK(result.output_truncated);
        request = shell("head -c 1000 /dev/zero");
        request.output_limit = 1000;
        CHECK_FALSE(run_command(request).output_truncated);
    }

    TEST_CASE("streamed output arrives whole and in order, and is not kept") {
        CommandRequest request = shell("seq 1 200000");
        std::string all;
        request.on_output = [&all](std::string_view bytes) { all += bytes; };
        const auto result = run_command(request);
        CHECK(result.succeeded());
        CHECK(result.output.empty());
        std::string expected;
        for (int i = 1; i <= 200000; ++i) expected += std::to_string(i) + "\n";
        CHECK(all == expected);
    }

    TEST_CASE("what the receiver of output throws comes out, and the command is ended") {
        CommandRequest request = shell("echo $$; exec sleep 600");
        pid_t child = 0;
        request.on_output = [&child](std::string_view bytes) {
            child = static_cast<pid_t>(std::stol(std::string(bytes)));
            throw std::runtime_error("disk full");
        };
        CHECK_THROWS_WITH(std::ignore = run_command(request), "disk full");
        REQUIRE(child > 0);
        CHECK_FALSE(process_stat(child));
    }

    TEST_CASE("commands run from many threads at once, and leave no descriptor behind") {
        const auto open_descriptors = [] {
            return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {});
        };
        const auto before = open_descriptors();
        std::vector<std::jthread> threads;
        std::array<int, 8> good{};
        for (std::size_t t = 0; t < good.size(); ++t) {
            threads.emplace_back([&good, t] {
                for (int i = 0; i < 20; ++i) {
                    const std::string text = std::to_string(t) + "." + std::to_string(i);
                    const auto result = run_command({.arguments = {"cat"}, .input = text});
                    if (result.succeeded() && result.output == text) ++good[t];
                }
            });
        }
        threads.clear();
        for (const int count : good) CHECK(count == 20);
        CHECK(open_descriptors() == before);
    }

    TEST_CASE("the process table knows this process, and its start tells it from a later one of its pid") {
        const auto own = process_stat(::getpid());
        REQUIRE(own);
        CHECK(own->parent == ::getppid());
        CHECK(own->group == ::getpgrp());
        CHECK(own->session == ::getsid(0));
        CHECK(own->started > 0);
        CHECK_FALSE(own->ended());
        CHECK(group_has_live_members(::getpgrp()));
    }
}
