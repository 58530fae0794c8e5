// Spawning, the record, the output file, and the wait for readiness.
#include "adapters/process/start.h"

#include <fcntl.h>
#include <poll.h>
#include <pwd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <vector>

#include "adapters/process/find.h"
#include "adapters/process/ready.h"
#include "adapters/process/record.h"
#include "orchestrator/base/failure.h"
#include "orchestrator/base/file.h"
#include "orchestrator/base/handle.h"
#include "orchestrator/commands/command.h"
#include "orchestrator/commands/pidfd.h"
#include "orchestrator/commands/spawn.h"

namespace rehearse::process {

namespace {

using namespace std::chrono_literals;

constexpr Duration settle_time = 500ms;   // what "still runs" means where there is no readiness check
constexpr Duration longest_answer = 5s;   // of one question whether it is ready
constexpr Duration shortest_answer = 1s;  // even of the last one, so that its answer says something
constexpr Duration shortest_pause = 2ms;  // between questions; grows with the time that went by
constexpr Duration longest_pause = 100ms;

Failure failed(const Settings& settings, FailureKind kind, std::string message, std::string remedy) {
    return Failure({.kind = kind,
                    .operation = "start",
                    .object = settings.name,
                    .message = std::move(message),
                    .remedy = std::move(remedy)});
}

struct User {
    std::string name{};
    std::string home{};
    uid_t uid = 0;
    gid_t gid = 0;
};

std::optional<User> user_from(const passwd* entry) {
    if (entry == nullptr) return std::nullopt;
    return User{.name = entry->pw_name, .home = entry->pw_dir, .uid = entry->pw_uid, .gid = entry->pw_gid};
}

std::optional<User> user_called(const std::string& name) {
    passwd entry{};
    passwd* result = nullptr;
    std::array<char, 4096> buffer;
    if (::getpwnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &result) != 0) return std::nullopt;
    return user_from(result);
}

std::optional<User> own_user() {
    passwd entry{};
    passwd* result = nullptr;
    std::array<char, 4096> buffer;
    if (::getpwuid_r(::geteuid(), &entry, buffer.data(), buffer.size(), &result) != 0) return std::nullopt;
    return user_from(result);
}

bool changes_user(const Settings& settings) {
    if (settings.user.empty()) return false;
    const auto user = user_called(settings.user);
    return !user || user->uid != ::geteuid();
}

// The same whoever starts rehearse, from a terminal or from cron: what was configured, and the few that
// programs can't do without.
std::map<std::string, std::string> environment_for(const Settings& settings) {
    std::map<std::string, std::string> all;
    for (const char* name : {"PATH", "LANG", "LC_ALL", "TZ"}) {
        if (std::string value = inherited_variable(name); !value.empty()) all[name] = std::move(value);
    }
    if (const auto user = changes_user(settings) ? user_called(settings.user) : own_user()) {
        all["HOME"] = user->home;
        all["USER"] = user->name;
        all["LOGNAME"] = user->name;
    }
    for (auto& [name, value] : settings.environment()) all[name] = value;
    all[std::string(tag_variable)] = settings.digest();
    return all;
}

// A service's processes end with it: what rehearse starts there must be in a scope of its own.
std::vector<std::string> scope_prefix(const Settings& settings) {
    std::error_code error;
    if (service_of("self").empty() || !std::filesystem::exists("/run/systemd/system", error)) return {};
    std::vector<std::string> prefix{"systemd-run", "--scope", "--quiet", "--collect",
                                    "--description=" + settings.name + ", started by rehearse"};
    if (::geteuid() != 0) prefix.emplace_back("--user");
    prefix.emplace_back("--");
    return prefix;
}

std::vector<std::string> full_command(const Settings& settings) {
    std::vector<std::string> command = scope_prefix(settings);
    if (changes_user(settings)) {
        const auto user = user_called(settings.user);
        if (!user)
            throw failed(settings, FailureKind::invalid_input, "there is no user '" + settings.user + "'",
                         "check 'user'");
        for (const std::string& part :
             {std::string("setpriv"), "--reuid=" + std::to_string(user->uid),
              "--regid=" + std::to_string(user->gid), std::string("--init-groups"), std::string("--")}) {
            command.push_back(part);
        }
    }
    command.insert(command.end(), settings.command.begin(), settings.command.end());
    return command;
}

// The output of this start: where it begins, and what it says at last.
class Output {
  public:
    Output(const Settings& settings, const std::filesystem::path& state_directory)
        : path_(output_file(state_directory)) {
        make_directory_durably(state_directory);
        std::error_code error;
        if (std::filesystem::file_size(path_, error) > most_output && !error) {
            std::filesystem::rename(path_, path_.string() + ".1", error);
        }
        file_ =
            FileDescriptor(::open(path_.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600));
        if (file_ && file_.get() <= 2) file_ = FileDescriptor(::fcntl(file_.get(), F_DUPFD_CLOEXEC, 3));
        if (!file_) throw failure_from_errno(errno, "start", settings.name + ": " + path_.string());
        begin_ = std::max<off_t>(::lseek(file_.get(), 0, SEEK_END), 0);
    }
    [[nodiscard]] int number() const { return file_.get(); }
    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

    /// The last lines, on one line, without the values of the process's variables.
    [[nodiscard]] std::string last_words(const std::map<std::string, std::string>& secrets) const {
        const off_t end = std::max<off_t>(::lseek(file_.get(), 0, SEEK_END), begin_);
        const off_t from = std::max<off_t>(begin_, end - 2000);
        std::string text(static_cast<std::size_t>(end - from), '\0');
        const ssize_t got = ::pread(file_.get(), text.data(), text.size(), from);
        text.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
        for (const auto& [name, value] : secrets) {
            for (auto at = text.find(value); value.size() >= 4 && at != std::string::npos;
                 at = text.find(value, at + 3)) {
                text.replace(at, value.size(), "***");
            }
        }
        while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
        std::size_t start = text.size();
        for (int lines = 0; lines < 3 && start != std::string::npos && start > 0; ++lines) {
            start = text.rfind('\n', start - 1);
        }
        if (start != std::string::npos && start < text.size()) text = text.substr(start + 1);
        std::string line;
        for (const char c : text) {
            if (c == '\n') {
                line += " | ";
            } else {
                line += static_cast<unsigned char>(c) < 0x20 ? '?' : c;
            }
        }
        return line;
    }

  private:
    std::filesystem::path path_;
    FileDescriptor file_;
    off_t begin_ = 0;
};

// Waits for the end of the process, for `time` at most. True where it ended.
bool ended_within(int handle, Duration time) {
    const auto rest = std::max(time, Duration{});
    const timespec limit{.tv_sec = static_cast<time_t>(rest / 1s),
                         .tv_nsec = static_cast<long>((rest % 1s).count())};
    pollfd watched{.fd = handle, .events = POLLIN, .revents = 0};
    return ::ppoll(&watched, 1, &limit, nullptr) > 0;
}

// Asks again and again while the process lives. Empty: ready; none: it ended; else what kept it.
std::optional<std::string> ask_until_ready(const Settings& settings, const Clock& clock, int handle) {
    const SteadyTime began = clock.steady();
    if (!settings.ready.any()) {
        if (ended_within(handle, std::min(settle_time, settings.ready.within))) return std::nullopt;
        return std::string();
    }
    const SteadyTime deadline = began + settings.ready.within;
    for (;;) {
        const Duration patience = std::clamp(deadline - clock.steady(), shortest_answer, longest_answer);
        std::string problem = why_not_ready(settings, clock, patience);
        // Somebody else may have answered in its place: it must be alive after the answer.
        if (ended_within(handle, Duration{})) return std::nullopt;
        if (problem.empty() || clock.steady() >= deadline) return problem;
        const Duration pause = std::clamp((clock.steady() - began) / 50, shortest_pause, longest_pause);
        if (ended_within(handle, std::min(pause, deadline - clock.steady()))) return std::nullopt;
    }
}

FileDescriptor handle_of(const ProcessStat& process) {
    FileDescriptor handle(::pidfd_open(process.pid, 0));
    const auto now = process_stat(process.pid);
    if (!now || now->started != process.started) handle.reset();
    return handle;
}

std::string describe_end(int handle) {
    siginfo_t info{};
    if (::waitid(P_PIDFD, static_cast<id_t>(handle), &info, WEXITED | WNOHANG) != 0 || info.si_pid == 0)
        return "ended";
    if (info.si_code == CLD_EXITED) return "ended with exit code " + std::to_string(info.si_status);
    const char* name = ::sigabbrev_np(info.si_status);
    return "was ended by SIG" + std::string(name != nullptr ? name : "?");
}

}  // namespace

std::filesystem::path output_file(const std::filesystem::path& state_directory) {
    return state_directory / "output.log";
}

std::string user_to_start_as(const Settings& settings) {
    if (!settings.user.empty()) return settings.user;
    const auto user = own_user();
    return user ? user->name : std::to_string(::geteuid());
}

std::string why_not_startable(const Settings& settings) {
    std::error_code error;
    if (!std::filesystem::is_directory(settings.directory, error)) {
        return "there is no directory '" + settings.directory.string() + "'";
    }
    if (changes_user(settings)) {
        if (!user_called(settings.user)) return "there is no user '" + settings.user + "'";
        if (::geteuid() != 0) return "only root can start a process as user '" + settings.user + "'";
    }
    try {
        const auto environment = settings.environment();
        std::ignore = find_program(settings.command[0], settings.real_directory(), environment);
        if (!settings.ready.command.empty()) {
            std::ignore = find_program(settings.ready.command[0], settings.real_directory());
        }
    } catch (const Failure& failure) {
        return failure.what();
    }
    return {};
}

std::string wait_until_ready(const Settings& settings, const Clock& clock, const ProcessStat& process) {
    const FileDescriptor handle = handle_of(process);
    if (!handle) return "it ended";
    const auto problem = ask_until_ready(settings, clock, handle.get());
    return problem ? *problem : "it ended";
}

void start_process(const Settings& settings, const StartPlace& place) {
    if (const std::string problem = why_not_startable(settings); !problem.empty()) {
        throw failed(settings, FailureKind::permanent, problem, "mend that, then restore again");
    }
    const auto environment = environment_for(settings);
    const auto command = full_command(settings);
    const Output output(settings, place.state_directory);
    const auto file = find_program(command[0], settings.real_directory(), environment);
    const pid_t pid = spawn_process({.file = file,
                                     .arguments = command,
                                     .directory = settings.real_directory(),
                                     .environment = environment,
                                     .only_this_environment = true,
                                     .output = output.number(),
                                     .errors = output.number(),
                                     .new_session = true});
    // Our own child, not waited for yet: its pid is its own.
    const FileDescriptor handle(::pidfd_open(pid, 0));
    auto process = process_stat(pid);
    if (!handle || !process) throw failure_from_errno(errno, "start", settings.name);
    const Record record{
        .pid = pid, .started = process->started, .boot = place.clock.boot(), .digest = settings.digest()};
    write_record(place.state_directory, record);

    auto problem = ask_until_ready(settings, place.clock, handle.get());
    if (!problem) {
        const std::string end = describe_end(handle.get());
        // One that goes into the background ends with 0 and leaves another.
        const Found found = find_process(settings, record, record.boot);
        if (end == "ended with exit code 0" && found.process) {
            write_record(place.state_directory, {.pid = found.process->pid,
                                                 .started = found.process->started,
                                                 .boot = record.boot,
                                                 .digest = record.digest});
            problem = wait_until_ready(settings, place.clock, *found.process);
        } else {
            const std::string words = output.last_words(settings.environment());
            throw failed(
                settings, FailureKind::permanent,
                "it " + end + " before it was ready" + (words.empty() ? ", without a word" : ": " + words),
                "see " + output.path().string());
        }
    }
    if (!problem->empty()) {
        const std::string words = output.last_words(settings.environment());
        throw failed(settings, FailureKind::transient,
                     "not ready within " + to_text(settings.ready.within) + ": " + *problem +
                         (words.empty() ? "" : "; it says: " + words),
                     "see " + output.path().string() + ", or give 'ready.within' more time");
    }
}

}  // namespace rehearse::process
