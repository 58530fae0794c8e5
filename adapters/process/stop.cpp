// Signals go through pidfds alone, each opened while pid and start time are seen to belong together.
#include "adapters/process/stop.h"

#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <set>

#include "adapters/process/find.h"
#include "orchestrator/base/failure.h"
#include "orchestrator/base/handle.h"
#include "orchestrator/commands/pidfd.h"

namespace rehearse::process {

namespace {

using namespace std::chrono_literals;

constexpr Duration time_to_die = 10s;
constexpr Duration look_interval = 25ms;

Failure failed(const Settings& settings, FailureKind kind, std::string code, std::string message,
               std::string remedy) {
    return Failure({.kind = kind,
                    .operation = "stop",
                    .object = settings.name,
                    .native_code = std::move(code),
                    .message = std::move(message),
                    .remedy = std::move(remedy)});
}

// This program and all that it was started by.
std::set<pid_t> own_ancestors() {
    std::set<pid_t> family;
    for (pid_t pid = ::getpid(); pid > 1 && family.insert(pid).second;) {
        const auto stat = process_stat(pid);
        pid = stat ? stat->parent : 0;
    }
    return family;
}

// The processes to end, as they come to light.
class Victims {
  public:
    Victims(const Settings& settings, const std::vector<ProcessStat>& tops)
        : settings_(settings), tops_(tops) {}

    /// Adds tops, descendants, and members of the groups and sessions that tops lead. True where some are
    /// new.
    bool look() {
        const auto table = all_processes();
        std::vector<ProcessStat> family;
        std::set<pid_t> groups;
        std::set<pid_t> sessions;
        for (const auto& stat : table) {
            if (stat.ended()) continue;
            const auto held = held_.find(stat.pid);
            const bool is_top = std::any_of(tops_.begin(), tops_.end(), [&stat](const ProcessStat& top) {
                return top.pid == stat.pid && top.started == stat.started;
            });
            const bool is_held = held != held_.end() && held->second.started == stat.started;
            if (!is_top && !is_held) continue;
            family.push_back(stat);
            // Their numbers stay theirs as long as one member lives, and this one does.
            for (const auto& top : tops_) {
                if (top.group == top.pid && stat.group == top.group) groups.insert(stat.group);
                if (top.session == top.pid && stat.session == top.session) sessions.insert(stat.session);
            }
        }
        auto all = descendants(table, family);
        all.insert(all.end(), family.begin(), family.end());
        for (const auto& stat : table) {
            if (!stat.ended() && (groups.contains(stat.group) || sessions.contains(stat.session))) {
                all.push_back(stat);
            }
        }
        bool grew = false;
        for (const auto& stat : all) grew = hold(stat) || grew;
        return grew;
    }

    [[nodiscard]] bool empty() const { return held_.empty(); }
    [[nodiscard]] bool has_any_of(const std::set<pid_t>& pids) const {
        return std::any_of(held_.begin(), held_.end(),
                           [&](const auto& one) { return pids.contains(one.first); });
    }

    /// To each that did not get it yet.
    void signal(int number) {
        for (auto& [pid, victim] : held_) {
            if (victim.signalled == number) continue;
            if (::pidfd_send_signal(victim.handle.get(), number, nullptr, 0) != 0 && errno != ESRCH) {
                const int error = errno;
                throw failed(settings_, error == EPERM ? FailureKind::refused : FailureKind::permanent,
                             strerrorname_np(error),
                             "process " + std::to_string(pid) + " may not be signalled from here",
                             "run rehearse as root, or as the user of that process");
            }
            if (number != SIGKILL) ::pidfd_send_signal(victim.handle.get(), SIGCONT, nullptr, 0);
            victim.signalled = number;
        }
    }

    /// Until one ends or the time is over; those that ended are dropped.
    void wait(Duration time) {
        std::vector<pollfd> watched;
        std::vector<pid_t> pids;
        for (const auto& [pid, victim] : held_) {
            watched.push_back({.fd = victim.handle.get(), .events = POLLIN, .revents = 0});
            pids.push_back(pid);
        }
        const auto rest = std::max(time, Duration{});
        const timespec limit{.tv_sec = static_cast<time_t>(rest / 1s),
                             .tv_nsec = static_cast<long>((rest % 1s).count())};
        if (::ppoll(watched.data(), watched.size(), &limit, nullptr) <= 0) return;
        for (std::size_t i = 0; i < watched.size(); ++i) {
            if (watched[i].revents == 0) continue;
            siginfo_t info{};  // only our own child can be waited for; for others this says no
            ::waitid(P_PIDFD, static_cast<id_t>(watched[i].fd), &info, WEXITED | WNOHANG);
            held_.erase(pids[i]);
        }
    }

    [[nodiscard]] std::string text() const {
        std::string text;
        for (const auto& [pid, victim] : held_) {
            const auto stat = process_stat(pid);
            text += (text.empty() ? "" : ", ") + std::to_string(pid);
            if (stat) text += std::string(" (state ") + stat->state + ")";
        }
        return text;
    }

  private:
    struct Victim {
        std::uint64_t started = 0;
        FileDescriptor handle{};
        int signalled = 0;
    };

    // False where it is held already, or gone.
    bool hold(const ProcessStat& stat) {
        if (const auto known = held_.find(stat.pid); known != held_.end()) {
            if (known->second.started == stat.started) return false;
            held_.erase(known);
        }
        FileDescriptor handle(::pidfd_open(stat.pid, 0));
        if (!handle && (errno == ESRCH || errno == EINVAL)) return false;
        if (!handle) throw failure_from_errno(errno, "stop", settings_.name);
        const auto now = process_stat(stat.pid);  // the pidfd is of this one, or of a later one of its pid
        if (!now || now->started != stat.started || now->ended()) return false;
        held_[stat.pid] = {.started = stat.started, .handle = std::move(handle)};
        return true;
    }

    const Settings& settings_;
    std::vector<ProcessStat> tops_;
    std::map<pid_t, Victim> held_{};
};

// True when all are gone.
bool end_within(Victims& victims, const Clock& clock, int signal, Duration time) {
    const SteadyTime deadline = clock.steady() + time;
    for (;;) {
        victims.signal(signal);
        const Duration rest = deadline - clock.steady();
        if (!victims.empty() && rest <= Duration{}) return false;
        if (!victims.empty()) victims.wait(std::min(rest, look_interval));
        // What forked meanwhile is a victim, too.
        if (!victims.look() && victims.empty()) return true;
    }
}

}  // namespace

std::string why_not_stoppable(const ProcessStat& top) {
    if (own_ancestors().contains(top.pid))
        return "rehearse itself runs below process " + std::to_string(top.pid);
    if (::kill(top.pid, 0) != 0 && errno == EPERM) {
        return "process " + std::to_string(top.pid) + " belongs to " + user_of(top.pid) +
               ", and may not be signalled from here";
    }
    return {};
}

void stop_processes(const Settings& settings, const Clock& clock, const std::vector<ProcessStat>& tops,
                    const std::function<bool()>& still_meant) {
    Victims victims(settings, tops);
    victims.look();
    if (victims.empty()) return;
    if (victims.has_any_of(own_ancestors())) {
        throw failed(settings, FailureKind::refused, {}, "rehearse itself runs below this process",
                     "run rehearse from somewhere else");
    }
    if (!still_meant()) return;
    if (end_within(victims, clock, settings.stop_signal_number(), settings.stop_timeout)) return;
    if (end_within(victims, clock, SIGKILL, time_to_die)) return;
    throw failed(settings, FailureKind::unknown_outcome, {},
                 "still there " + to_text(time_to_die) + " after SIGKILL: " + victims.text(),
                 "look at what they wait for: 'cat /proc/PID/stack'");
}

}  // namespace rehearse::process
