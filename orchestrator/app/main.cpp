// The wiring: the only place that builds real clocks, reads the environment, owns threads and handles
// signals.
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <iostream>
#include <thread>

#include "adapters/registry.h"
#include "orchestrator/app/real_clock.h"
#include "orchestrator/app/thread_workers.h"
#include "orchestrator/cli/cli.h"

namespace {

using namespace rehearse;

std::string variable(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? "" : value;
}

std::string account() {
    const passwd* user = ::getpwuid(::getuid());
    return user != nullptr ? user->pw_name : "uid " + std::to_string(::getuid());
}

/// A person at a terminal, unless the surroundings say that this is a pipeline or a timer.
Actor current_actor() {
    Actor actor;
    actor.name = account();
    // Behind sudo, the person who typed it.
    if (::getuid() == 0 && !variable("SUDO_USER").empty()) actor.name = variable("SUDO_USER");
    if (!variable("REHEARSE_ACTOR").empty()) actor.name = variable("REHEARSE_ACTOR");
    const std::string kind = variable("REHEARSE_ACTOR_KIND");
    const bool automated = !variable("CI").empty() || !variable("INVOCATION_ID").empty();
    if (kind == "automation" || (kind != "person" && automated)) actor.kind = ActorKind::automation;
    return actor;
}

std::filesystem::path host_directory() {
    if (!variable("REHEARSE_HOST_DIRECTORY").empty()) return variable("REHEARSE_HOST_DIRECTORY");
    if (::getuid() == 0) return "/var/lib/rehearse";
    if (!variable("XDG_STATE_HOME").empty())
        return std::filesystem::path(variable("XDG_STATE_HOME")) / "rehearse";
    return std::filesystem::path(variable("HOME")) / ".local" / "state" / "rehearse";
}

std::string host_name() {
    char name[256] = {};
    return ::gethostname(name, sizeof name - 1) == 0 ? name : "unknown";
}

/// Takes the numbers of standard streams that are closed, so that no file of ours gets one and our output
/// lands in it. Opened for reading: what is written there still fails.
void occupy_standard_streams() {
    for (int stream = STDIN_FILENO; stream <= STDERR_FILENO; ++stream) {
        if (::fcntl(stream, F_GETFD) != -1) continue;
        if (::open("/dev/null", O_RDONLY) != stream) std::_Exit(5);  // there is no stream to say it on
    }
}

}  // namespace

int main(int count, char** arguments) {
    occupy_standard_streams();
    // A closed pipe or a file-size limit is an error to report, not a reason to die in mid drill; a lost
    // terminal neither.
    ::signal(SIGPIPE, SIG_IGN);
    ::signal(SIGXFSZ, SIG_IGN);
    ::signal(SIGHUP, SIG_IGN);
    ::umask(077);

    RealClock clock;
    boost::asio::io_context io(1);
    RealSleeper sleeper(clock);
    ThreadWorkers workers;
    std::stop_source stop;
    boost::asio::signal_set signals(io, SIGINT, SIGTERM);
    signals.async_wait([&](const boost::system::error_code& error, int) {
        if (error) return;
        stop.request_stop();
        std::cerr << "\nrehearse: stopping: nothing more is destroyed; what is broken is restored first"
                  << std::endl;
    });

    std::error_code ignored;
    const Host host{
        .clock = clock,
        .sleeper = sleeper,
        .workers = workers,
        .stop = stop.get_token(),
        .adapters = registered_adapters(),
        .actor = current_actor(),
        .account = account(),
        .name = host_name(),
        .directory = std::filesystem::current_path(ignored),
        .program = std::filesystem::read_symlink("/proc/self/exe", ignored),
        .host_directory = host_directory(),
        .asks = ::isatty(STDIN_FILENO) == 1 && ::isatty(STDERR_FILENO) == 1,
        .colour = ::isatty(STDOUT_FILENO) == 1 && variable("NO_COLOR").empty() && variable("TERM") != "dumb",
        .in = std::cin,
        .out = std::cout,
        .log = std::cerr,
        .run = [&io](const std::function<Task<void>()>& work) {
            std::exception_ptr error;
            bool done = false;
            boost::asio::co_spawn(io, work(), [&](std::exception_ptr thrown) {
                error = std::move(thrown);
                done = true;
            });
            io.restart();
            // The signal handler stays pending, so that run() alone would not return.
            while (!done && io.run_one() > 0) {
            }
            if (error) std::rethrow_exception(error);
        }};
    const int code = run_command_line(host, count, arguments);
    std::cout.flush();
    if (!std::cout.fail()) return code;
    std::cerr
        << "rehearse: write to stdout: it is closed or full, so the output is not whole; what was done stays "
           "done: see 'rehearse history'\n";
    return code == 0 ? 5 : code;
}
