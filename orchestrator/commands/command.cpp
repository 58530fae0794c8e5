// Runs one child process to its end: posix_spawn, a pidfd and pipes in one poll loop, no thread, no fork.
#include "orchestrator/commands/command.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <span>
#include <tuple>

#include "orchestrator/base/failure.h"
#include "orchestrator/base/handle.h"
#include "orchestrator/commands/pidfd.h"
#include "orchestrator/commands/process_table.h"
#include "orchestrator/commands/spawn.h"

namespace rehearse {

namespace {

using namespace std::chrono_literals;

constexpr Duration time_to_end = 5s;        // from SIGTERM to SIGKILL
constexpr Duration time_to_die = 2s;        // after SIGKILL; one in a system call may take longer
constexpr Duration time_to_finish = 100ms;  // for output of what the program left in the background
constexpr Duration group_look_interval = 20ms;

// The process's own steady clock: a time limit is a matter between us and the child, not of a drill's record.
SteadyTime now() {
    timespec time{};
    // check: allow clock: blocking calls have a time limit, and no Clock reaches down here
    ::clock_gettime(CLOCK_BOOTTIME, &time);
    return {std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec)};
}

// Above 2, so that moving one end to 0, 1 or 2 in the child can never overwrite another end.
FileDescriptor above_standard(int number, const std::string& object) {
    FileDescriptor descriptor(number);
    if (!descriptor) throw failure_from_errno(errno, "run", object);
    if (number > 2) return descriptor;
    FileDescriptor moved(::fcntl(number, F_DUPFD_CLOEXEC, 3));
    if (!moved) throw failure_from_errno(errno, "run", object);
    return moved;
}

struct Pipe {
    FileDescriptor ours, theirs;
};

Pipe make_output_pipe(const std::string& object, bool large) {
    int ends[2] = {-1, -1};
    if (::pipe2(ends, O_CLOEXEC) != 0) throw failure_from_errno(errno, "run", object);
    FileDescriptor second(ends[1]);
    Pipe pipe{.ours = above_standard(ends[0], object), .theirs = {}};
    pipe.theirs = above_standard(second.release(), object);
    ::fcntl(pipe.ours.get(), F_SETFL, O_NONBLOCK);               // of this end alone
    if (large) ::fcntl(pipe.ours.get(), F_SETPIPE_SZ, 1 << 20);  // a refusal only costs speed
    return pipe;
}

// stdin as a file in memory: the child reads at its own pace, and nobody has to feed a pipe meanwhile.
FileDescriptor input_file(const std::string& input, const std::string& object) {
    auto file = above_standard(::memfd_create("stdin", MFD_CLOEXEC), object);
    for (std::size_t at = 0; at < input.size();) {
        const ssize_t wrote = ::write(file.get(), input.data() + at, input.size() - at);
        if (wrote < 0 && errno == EINTR) continue;
        if (wrote < 0) throw failure_from_errno(errno, "run", object);
        at += static_cast<std::size_t>(wrote);
    }
    ::lseek(file.get(), 0, SEEK_SET);
    return file;
}

// The running child and its process group. Its number stays reserved until wait(), so that a signal to the
// group can't reach a stranger.
class Child {
  public:
    Child(pid_t number, std::string object) : number_(number), object_(std::move(object)) {
        handle_ = FileDescriptor(::pidfd_open(number, 0));
        if (!handle_) {
            const int error = errno;
            end();
            throw failure_from_errno(error, "run", object_);
        }
    }
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;
    ~Child() { end(); }

    [[nodiscard]] int handle() const { return handle_.get(); }
    [[nodiscard]] pid_t group() const { return number_; }

    void signal(int number) const {
        ::kill(-number_, number);
        if (handle_) ::pidfd_send_signal(handle_.get(), number, nullptr, 0);  // one that left its group
    }

    // Takes the exit status and gives the number back.
    void wait(CommandResult& result) {
        int status = 0;
        rusage used{};
        pid_t answer = 0;
        do {
            answer = ::wait4(number_, &status, 0, &used);
        } while (answer < 0 && errno == EINTR);
        const int error = errno;
        waited_ = true;
        if (answer < 0) {
            throw Failure({.kind = FailureKind::unknown_outcome,
                           .operation = "run",
                           .object = object_,
                           .native_code = strerrorname_np(error),
                           .message = "its exit status was taken by somebody else",
                           .remedy = "start this program with SIGCHLD at its default"});
        }
        const auto time = [](const timeval& value) {
            return std::chrono::seconds(value.tv_sec) + std::chrono::microseconds(value.tv_usec);
        };
        result.cpu = time(used.ru_utime) + time(used.ru_stime);
        if (WIFEXITED(status)) {
            result.exit_code = WEXITSTATUS(status);
        } else {
            result.signal = WTERMSIG(status);
        }
    }

  private:
    void end() {
        if (waited_) return;
        signal(SIGKILL);
        siginfo_t info{};
        while (::waitid(P_PID, static_cast<id_t>(number_), &info, WEXITED) != 0 && errno == EINTR) {
        }
        waited_ = true;
    }

    pid_t number_;
    std::string object_;
    FileDescriptor handle_;
    bool waited_ = false;
};

// Collects one output stream.
class Stream {
  public:
    Stream(FileDescriptor end, std::size_t limit, const std::function<void(std::string_view)>* sink)
        : end_(std::move(end)), limit_(limit), sink_(sink) {}

    [[nodiscard]] int number() const { return end_.get(); }  // -1 once it ended; poll() skips it then
    [[nodiscard]] bool open() const { return static_cast<bool>(end_); }

    // One read. True where there may be more at once.
    bool read(std::span<char> buffer) {
        const ssize_t got = ::read(end_.get(), buffer.data(), buffer.size());
        if (got < 0) {
            if (errno == EINTR) return true;
            if (errno != EAGAIN) end_.reset();
            return false;
        }
        if (got == 0) {
            end_.reset();
            return false;
        }
        const std::string_view bytes(buffer.data(), static_cast<std::size_t>(got));
        if (sink_ != nullptr) {
            (*sink_)(bytes);
        } else {
            const auto room = std::min(limit_ - std::min(limit_, kept_.size()), bytes.size());
            kept_.append(bytes.substr(0, room));
            if (room < bytes.size()) truncated_ = true;
        }
        return true;
    }
    [[nodiscard]] std::string take() { return std::move(kept_); }
    [[nodiscard]] bool truncated() const { return truncated_; }

  private:
    FileDescriptor end_;
    std::size_t limit_;
    const std::function<void(std::string_view)>* sink_;
    std::string kept_;
    bool truncated_ = false;
};

void check(const CommandRequest& request) {
    if (request.arguments.empty()) {
        throw Failure({.kind = FailureKind::invalid_input,
                       .operation = "run",
                       .message = "the command is empty",
                       .remedy = "write the program and its arguments as a list"});
    }
    const auto has_nul = [](const std::string& text) { return text.find('\0') != std::string::npos; };
    bool nul = std::any_of(request.arguments.begin(), request.arguments.end(), has_nul);
    for (const auto& [name, value] : request.environment) {
        nul = nul || has_nul(name) || has_nul(value) || name.empty() || name.find('=') != std::string::npos;
    }
    if (nul) {
        throw Failure({.kind = FailureKind::invalid_input,
                       .operation = "run",
                       .object = request.arguments[0],
                       .message = "an argument or environment value holds a NUL byte, or a name is malformed",
                       .remedy = "pass such data on stdin"});
    }
    std::error_code error;
    if (!request.directory.empty() && !std::filesystem::is_directory(request.directory, error)) {
        throw Failure({.kind = FailureKind::invalid_input,
                       .operation = "run",
                       .object = request.arguments[0],
                       .message = "there is no directory '" + request.directory.string() + "' to run it in",
                       .remedy = "check 'directory'"});
    }
}

struct Started {
    pid_t number;
    FileDescriptor output, errors;
};

Started spawn(const CommandRequest& request, const std::filesystem::path& file) {
    const std::string& object = request.arguments[0];
    Pipe output = make_output_pipe(object, static_cast<bool>(request.on_output));
    Pipe errors = make_output_pipe(object, false);
    FileDescriptor input;
    if (!request.input.empty()) input = input_file(request.input, object);
    const pid_t number = spawn_process({.file = file,
                                        .arguments = request.arguments,
                                        .directory = request.directory,
                                        .environment = request.environment,
                                        .input = input.get(),
                                        .output = output.theirs.get(),
                                        .errors = errors.theirs.get(),
                                        .keeps_terminal = request.keeps_terminal});
    return {.number = number, .output = std::move(output.ours), .errors = std::move(errors.ours)};
}

// How the wait goes: running, then perhaps asked to end, then killed.
class Wait {
  public:
    Wait(const CommandRequest& request, SteadyTime began)
        : deadline_(request.timeout > Duration{} ? began + request.timeout : never) {}

    // Sends what is due, and says how long there is nothing to do (none: until something happens).
    std::optional<Duration> step(const Child& child, bool stop_asked, CommandResult& result) {
        const SteadyTime instant = now();
        if (!asked_to_end_ && (stop_asked || instant >= deadline_)) {
            (stop_asked ? result.stopped : result.timed_out) = true;
            child.signal(SIGTERM);
            child.signal(SIGCONT);  // a stopped process must be able to hear it
            asked_to_end_ = true;
            deadline_ = instant + time_to_end;
        }
        if (asked_to_end_ && instant >= deadline_) {
            child.signal(SIGKILL);
            killed_ = true;
            deadline_ = never;
        }
        return deadline_ == never ? std::nullopt : std::optional(deadline_ - instant);
    }

    [[nodiscard]] bool asked_to_end() const { return asked_to_end_; }
    [[nodiscard]] bool killed() const { return killed_; }

  private:
    static constexpr SteadyTime never{Duration::max()};
    SteadyTime deadline_;
    bool asked_to_end_ = false;
    bool killed_ = false;
};

// False where the time ran out, true where something happened (or a signal came).
bool poll_for(std::span<pollfd> watched, std::optional<Duration> time) {
    timespec limit{};
    if (time) {
        const auto rest = std::max(*time, Duration{});
        limit.tv_sec = static_cast<time_t>(rest / 1s);
        limit.tv_nsec = static_cast<long>((rest % 1s).count());
    }
    return ::ppoll(watched.data(), watched.size(), time ? &limit : nullptr, nullptr) != 0;
}

}  // namespace

CommandResult run_command(const CommandRequest& request) {
    check(request);
    const auto file = find_program(request.arguments[0], request.directory, request.environment);

    FileDescriptor stop_event;
    if (request.stop.stop_possible()) {
        stop_event = FileDescriptor(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
        if (!stop_event) throw failure_from_errno(errno, "run", request.arguments[0]);
    }
    const std::stop_callback wake(request.stop, [number = stop_event.get()] { ::eventfd_write(number, 1); });

    CommandResult result;
    result.timeout = request.timeout;
    const SteadyTime began = now();
    Started started = spawn(request, file);
    Child child(started.number, request.arguments[0]);
    Stream output(std::move(started.output), request.output_limit,
                  request.on_output ? &request.on_output : nullptr);
    Stream errors(std::move(started.errors), request.output_limit, nullptr);
    std::vector<char> buffer(request.on_output ? 256U << 10U : 16U << 10U);

    Wait wait(request, began);
    bool exited = false;
    while (!exited) {
        const auto rest = wait.step(child, request.stop.stop_requested(), result);
        std::array<pollfd, 4> watched{
            pollfd{.fd = child.handle(), .events = POLLIN, .revents = 0},
            pollfd{.fd = output.number(), .events = POLLIN, .revents = 0},
            pollfd{.fd = errors.number(), .events = POLLIN, .revents = 0},
            pollfd{.fd = wait.asked_to_end() ? -1 : stop_event.get(), .events = POLLIN, .revents = 0}};
        if (!poll_for(watched, rest)) continue;
        if (watched[1].revents != 0) output.read(buffer);
        if (watched[2].revents != 0) errors.read(buffer);
        exited = watched[0].revents != 0;
    }

    // What it wrote is in the pipes by now. What it left in the background may hold them open: give that a
    // moment, not more. One that was asked to end takes its whole group along.
    const SteadyTime exited_at = now();
    result.took = exited_at - began;
    for (;;) {
        const bool group_lives =
            wait.asked_to_end() && !wait.killed() && group_has_live_members(child.group());
        const Duration rest = exited_at + time_to_finish - now();
        if (!group_lives && ((!output.open() && !errors.open()) || rest <= Duration{})) break;
        if (group_lives) std::ignore = wait.step(child, false, result);
        std::array<pollfd, 2> watched{pollfd{.fd = output.number(), .events = POLLIN, .revents = 0},
                                      pollfd{.fd = errors.number(), .events = POLLIN, .revents = 0}};
        if (!poll_for(watched, group_lives ? group_look_interval : rest)) continue;
        if (watched[0].revents != 0) output.read(buffer);
        if (watched[1].revents != 0) errors.read(buffer);
    }
    if (wait.asked_to_end()) {  // nobody of the group is left behind
        child.signal(SIGKILL);
        const SteadyTime give_up = now() + time_to_die;
        while (group_has_live_members(child.group()) && now() < give_up) poll_for({}, 2ms);
    }

    child.wait(result);
    result.output = output.take();
    result.errors = errors.take();
    result.output_truncated = output.truncated() || errors.truncated();
    return result;
}

std::string CommandResult::describe() const {
    if (timed_out) return "no answer within " + to_text(timeout);
    if (stopped) return "stopped";
    if (signal != 0) {
        const char* name = ::sigabbrev_np(signal);
        return name != nullptr ? "ended by SIG" + std::string(name)
                               : "ended by signal " + std::to_string(signal);
    }
    return "exit code " + std::to_string(exit_code);
}

}  // namespace rehearse
