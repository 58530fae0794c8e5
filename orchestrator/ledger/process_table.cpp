// Liveness and ending by pidfd: a pid alone may have been given to another process meanwhile.
#include "orchestrator/ledger/process_table.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <set>
#include <sstream>
#include <string_view>

#include "orchestrator/base/failure.h"
#include "orchestrator/base/handle.h"

namespace rehearse {

namespace {

/// The whole of a small file of /proc or /etc; nothing where it can't be read (errno says why).
std::optional<std::string> small_file(const std::string& path) {
    const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) return std::nullopt;
    std::string content;
    std::array<char, 4096> buffer{};
    for (;;) {
        const ssize_t count = ::read(file.get(), buffer.data(), buffer.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return std::nullopt;
        if (count == 0) return content;
        content.append(buffer.data(), static_cast<std::size_t>(count));
    }
}

std::string first_line(std::string text) {
    text.erase(std::min(text.find('\n'), text.size()));
    return text;
}

struct ProcessStat {
    char state = '?';
    std::uint64_t started = 0;
};

/// Field 2 of /proc/<pid>/stat may hold spaces and brackets, so the fields are counted from its last bracket.
std::optional<ProcessStat> read_stat(const std::string& process) {
    const auto text = small_file("/proc/" + process + "/stat");
    if (!text) return std::nullopt;
    const auto bracket = text->rfind(')');
    if (bracket == std::string::npos) return std::nullopt;
    std::istringstream fields(text->substr(bracket + 1));
    ProcessStat stat;
    fields >> stat.state;
    std::string skipped;
    for (int field = 4; field < 22; ++field) fields >> skipped;
    fields >> stat.started;
    if (!fields) return std::nullopt;
    return stat;
}

std::string machine_id() {
    for (const char* path : {"/etc/machine-id", "/var/lib/dbus/machine-id"}) {
        if (const auto text = small_file(path)) {
            if (std::string id = first_line(*text); !id.empty()) return id;
        }
    }
    utsname names{};
    ::uname(&names);
    return std::string("node-") + &names.nodename[0];
}

/// Empty in the host's own process namespace, whose number is fixed in the kernel; pids of another one mean
/// other processes, although machine and boot are the same.
std::string process_namespace() {
    std::array<char, 64> target{};
    const ssize_t count = ::readlink("/proc/self/ns/pid", target.data(), target.size() - 1);
    if (count <= 0) return "/pid:?";
    const std::string name(target.data(), static_cast<std::size_t>(count));
    return name == "pid:[4026531836]" ? "" : "/" + name;
}

std::string boot_id() {
    const auto text = small_file("/proc/sys/kernel/random/boot_id");
    if (!text) throw failure_from_errno(errno, "read boot id", "/proc/sys/kernel/random/boot_id");
    return first_line(*text);
}

/// True once every thread of the process has ended (it may wait for its parent to reap it).
bool has_ended(const FileDescriptor& process, Duration patience) {
    constexpr std::chrono::milliseconds slice(50);
    pollfd waited{.fd = process.get(), .events = POLLIN, .revents = 0};
    for (Duration left = patience;; left -= slice) {
        const Duration wait = std::clamp<Duration>(left, Duration{0}, slice);
        const int timeout = static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(wait).count());
        if (::poll(&waited, 1, timeout) > 0) return (waited.revents & POLLIN) != 0;
        if (left <= slice) return false;
    }
}

FileDescriptor open_process(std::int64_t process) {
    return FileDescriptor(static_cast<int>(::syscall(SYS_pidfd_open, static_cast<pid_t>(process), 0)));
}

/// The machine's part of LeaseOwner::host.
std::string_view machine_of(const LeaseOwner& owner) {
    return std::string_view(owner.host).substr(0, owner.host.find('/'));
}

/// The open pidfd of that very process, or what is known where there is none. The start time is read while
/// the pidfd is open and the process unreaped, so that the pid means this process and no other.
struct Found {
    OwnerLife life = OwnerLife::unknown;
    FileDescriptor process;
};
Found find_process(const LeaseOwner& owner, const LeaseOwner& self) {
    if (machine_of(owner) != machine_of(self)) return {OwnerLife::remote, {}};
    if (owner.boot != self.boot) return {OwnerLife::gone, {}};
    if (owner.host != self.host) return {OwnerLife::remote, {}};
    if (owner.process <= 0) return {OwnerLife::unknown, {}};
    FileDescriptor process = open_process(owner.process);
    if (!process) return {errno == ESRCH ? OwnerLife::gone : OwnerLife::unknown, {}};
    const auto stat = read_stat(std::to_string(owner.process));
    if (has_ended(process, Duration{0})) return {OwnerLife::gone, {}};
    if (!stat) return {OwnerLife::unknown, {}};
    if (stat->started != owner.process_started) return {OwnerLife::gone, {}};
    const bool stopped = stat->state == 'T' || stat->state == 't';
    return {stopped ? OwnerLife::stopped : OwnerLife::running, std::move(process)};
}

class LinuxProcessTable final : public ProcessTable {
  public:
    LeaseOwner self() const override { return this_process(); }

    OwnerLife life(const LeaseOwner& owner) const override {
        return find_process(owner, this_process()).life;
    }

    Ending end(const LeaseOwner& owner, Duration patience) const override {
        if (owner.process <= 1 || owner.process == ::getpid()) return Ending::forbidden;
        const Found found = find_process(owner, this_process());
        if (found.life == OwnerLife::gone) return Ending::ended;
        if (found.life != OwnerLife::running && found.life != OwnerLife::stopped) return Ending::forbidden;
        if (::syscall(SYS_pidfd_send_signal, found.process.get(), SIGKILL, nullptr, 0) != 0 &&
            errno != ESRCH) {
            return Ending::forbidden;
        }
        return has_ended(found.process, patience) ? Ending::ended : Ending::still_there;
    }

    std::vector<LockHolder> lock_holders(const std::filesystem::path& file) const override {
        struct stat wanted {};
        const auto locks = small_file("/proc/locks");
        if (!locks || ::stat(file.c_str(), &wanted) != 0) return {};
        std::vector<LockHolder> holders;
        std::set<std::int64_t> seen{::getpid()};
        std::istringstream lines(*locks);
        for (std::string line; std::getline(lines, line);) {
            // "7: POSIX  ADVISORY  WRITE 4711 fe:00:1234 1073741825 1073741825"; "->" marks one who waits.
            std::istringstream fields(line);
            std::string number, type, mode, access, place;
            std::int64_t process = 0;
            if (!(fields >> number >> type >> mode >> access >> process >> place) || type != "POSIX")
                continue;
            const auto colon = place.rfind(':');
            if (colon == std::string::npos || place.substr(colon + 1) != std::to_string(wanted.st_ino))
                continue;
            if (process <= 0 || !seen.insert(process).second) continue;
            if (!has_open(process, wanted)) continue;
            LeaseOwner owner = this_process();
            const auto stat = read_stat(std::to_string(process));
            if (!stat) continue;
            owner.process = process;
            owner.process_started = stat->started;
            const OwnerLife state = life(owner);
            holders.push_back({std::move(owner), state});
        }
        return holders;
    }

  private:
    /// Inode numbers repeat on other file systems: only one who has this very file open counts.
    static bool has_open(std::int64_t process, const struct stat& wanted) {
        std::error_code ignored;
        const std::filesystem::path folder = "/proc/" + std::to_string(process) + "/fd";
        for (std::filesystem::directory_iterator entry(folder, ignored), none; !ignored && entry != none;
             entry.increment(ignored)) {
            struct stat found {};
            if (::stat(entry->path().c_str(), &found) == 0 && found.st_ino == wanted.st_ino &&
                found.st_dev == wanted.st_dev) {
                return true;
            }
        }
        return false;
    }
};

}  // namespace

LeaseOwner this_process() {
    const auto stat = read_stat("self");
    if (!stat) throw failure_from_errno(errno, "read", "/proc/self/stat", "mount /proc");
    return {.host = machine_id() + process_namespace(),
            .boot = boot_id(),
            .process = ::getpid(),
            .process_started = stat->started};
}

std::unique_ptr<ProcessTable> linux_process_table() { return std::make_unique<LinuxProcessTable>(); }

std::string describe(const LeaseOwner& owner, const LeaseOwner& self) {
    const std::string process = "process " + std::to_string(owner.process);
    if (owner.host == self.host) return process + " on this host";
    return process + " on host " + owner.host;
}

}  // namespace rehearse
