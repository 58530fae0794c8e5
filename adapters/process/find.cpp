// Matching against /proc/<pid>/{stat,cmdline,cwd,exe,environ}.
#include "adapters/process/find.h"

#include <fcntl.h>
#include <pwd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <set>

#include "orchestrator/base/failure.h"
#include "orchestrator/base/handle.h"
#include "orchestrator/commands/command.h"

namespace rehearse::process {

namespace {

constexpr std::string_view deleted = " (deleted)";

// A file of /proc, at most 2 MiB of it; empty where it can't be read.
std::string read_proc(const std::string& pid, const char* name) {
    const FileDescriptor file(::open(("/proc/" + pid + "/" + name).c_str(), O_RDONLY | O_CLOEXEC));
    std::string text;
    std::array<char, 8192> buffer;
    while (file && text.size() < 2U << 20U) {
        const ssize_t got = ::read(file.get(), buffer.data(), buffer.size());
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) break;
        text.append(buffer.data(), static_cast<std::size_t>(got));
    }
    return text;
}

// Where a link of /proc points, without " (deleted)". None where that may not be seen.
std::optional<std::string> link_of(pid_t pid, const char* name) {
    std::array<char, 4096> buffer;
    const std::string path = "/proc/" + std::to_string(pid) + "/" + name;
    const ssize_t length = ::readlink(path.c_str(), buffer.data(), buffer.size());
    if (length < 0) return std::nullopt;
    std::string target(buffer.data(), static_cast<std::size_t>(length));
    if (target.ends_with(deleted)) target.resize(target.size() - deleted.size());
    return target;
}

std::vector<std::string> split(const std::string& text) {
    std::vector<std::string> parts;
    for (std::size_t at = 0; at < text.size();) {
        const auto end = std::min(text.find('\0', at), text.size());
        parts.push_back(text.substr(at, end - at));
        at = end + 1;
    }
    return parts;
}

std::string joined(const std::vector<std::string>& parts) {
    std::string text;
    for (const auto& part : parts) text += (text.empty() ? "" : " ") + part;
    while (text.ends_with(' ')) text.pop_back();  // a rewritten title is padded
    return text;
}

// What the command's process looks like.
struct Looks {
    std::vector<std::string> commands{};  // how its command line may end, by the ways to write the program
    std::string executable{};             // what /proc/<pid>/exe must be; empty: not known
};

// The interpreter of a script: what its #! line runs, or what env there finds. Empty: no script.
std::string interpreter_of(const std::filesystem::path& file, const Settings& settings) {
    std::string line;
    const FileDescriptor descriptor(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
    std::array<char, 256> buffer;
    const ssize_t got = descriptor ? ::read(descriptor.get(), buffer.data(), buffer.size()) : 0;
    if (got > 0) line.assign(buffer.data(), static_cast<std::size_t>(got));
    if (!line.starts_with("#!")) return {};
    line = line.substr(2, line.find('\n') - 2);
    std::vector<std::string> words;
    for (std::size_t at = line.find_first_not_of(" \t\r"); at != std::string::npos;) {
        const auto end = std::min(line.find_first_of(" \t\r", at), line.size());
        words.push_back(line.substr(at, end - at));
        at = line.find_first_not_of(" \t\r", end);
    }
    if (words.empty()) return {};
    if (!words[0].ends_with("/env")) return words[0];
    for (std::size_t i = 1; i < words.size(); ++i) {
        if (words[i].starts_with('-') || words[i].find('=') != std::string::npos) continue;
        try {
            return find_program(words[i], settings.real_directory());
        } catch (const Failure&) {
            return {};
        }
    }
    return {};
}

Looks looks_of(const Settings& settings) {
    std::set<std::string> programs{settings.command[0]};
    Looks looks;
    try {
        const auto directory = settings.real_directory();
        const std::filesystem::path file = find_program(settings.command[0], directory);
        programs.insert(file.string());
        std::error_code error;
        const auto real = std::filesystem::canonical(file, error);
        if (!error) {
            programs.insert(real.string());
            const std::string interpreter = interpreter_of(real, settings);
            const auto executable = std::filesystem::canonical(
                interpreter.empty() ? real : std::filesystem::path(interpreter), error);
            if (!error) looks.executable = executable.string();
        }
    } catch (const Failure&) {  // it is gone, perhaps destroyed: the process may run on
    }
    for (const auto& program : programs) {
        auto command = settings.command;
        command[0] = program;
        looks.commands.push_back(joined(command));
    }
    return looks;
}

bool matches(const ProcessStat& stat, const Looks& looks, const std::string& directory) {
    const std::string line = joined(split(read_proc(std::to_string(stat.pid), "cmdline")));
    const auto is_end = [&line](const std::string& command) {
        return line == command || (line.ends_with(command) && line[line.size() - command.size() - 1] == ' ');
    };
    if (line.empty() || std::none_of(looks.commands.begin(), looks.commands.end(), is_end)) return false;
    if (link_of(stat.pid, "cwd") != directory) return false;
    // An editor or a pager may show the same words; the program that runs tells.
    const auto executable = link_of(stat.pid, "exe");
    return !executable || looks.executable.empty() || *executable == looks.executable;
}

bool is_tagged(const ProcessStat& stat, const std::string& tag) {
    const auto variables = split(read_proc(std::to_string(stat.pid), "environ"));
    return std::find(variables.begin(), variables.end(), tag) != variables.end();
}

const ProcessStat* in_table(const std::vector<ProcessStat>& table, pid_t pid) {
    const auto found =
        std::lower_bound(table.begin(), table.end(), pid,
                         [](const ProcessStat& stat, pid_t number) { return stat.pid < number; });
    return found != table.end() && found->pid == pid ? &*found : nullptr;
}

// Those without an ancestor among them.
std::vector<ProcessStat> topmost(const std::vector<ProcessStat>& chosen,
                                 const std::vector<ProcessStat>& table) {
    std::set<pid_t> pids;
    for (const auto& stat : chosen) pids.insert(stat.pid);
    std::vector<ProcessStat> tops;
    for (const auto& stat : chosen) {
        bool below = false;
        std::set<pid_t> seen;  // the table is not one instant's: a reused pid must not make a circle
        for (pid_t parent = stat.parent; parent > 1 && seen.insert(parent).second && !below;) {
            below = pids.contains(parent);
            const ProcessStat* up = in_table(table, parent);
            parent = up != nullptr ? up->parent : 0;
        }
        if (!below) tops.push_back(stat);
    }
    return tops;
}

void reap_own_child(const ProcessStat& stat) {
    if (!stat.ended() || stat.parent != ::getpid()) return;
    siginfo_t info{};
    ::waitid(P_PID, static_cast<id_t>(stat.pid), &info, WEXITED | WNOHANG);
}

}  // namespace

std::vector<std::string> arguments_of(pid_t pid) { return split(read_proc(std::to_string(pid), "cmdline")); }

std::vector<std::string> variable_names_of(pid_t pid) {
    std::vector<std::string> names;
    for (const auto& variable : split(read_proc(std::to_string(pid), "environ"))) {
        const auto equals = variable.find('=');
        if (equals != std::string::npos && equals > 0) names.push_back(variable.substr(0, equals));
    }
    return names;
}

std::string user_of(pid_t pid) {
    // Not the owner of /proc/<pid>: that is root for a process that changed its user.
    const std::string status = read_proc(std::to_string(pid), "status");
    unsigned real = 0;
    unsigned effective = 0;
    const auto line = status.find("\nUid:");
    if (line == std::string::npos ||
        std::sscanf(status.c_str() + line + 5, "%u %u", &real, &effective) != 2) {
        return {};
    }
    passwd entry{};
    passwd* result = nullptr;
    std::array<char, 4096> buffer;
    if (::getpwuid_r(effective, &entry, buffer.data(), buffer.size(), &result) == 0 && result != nullptr) {
        return result->pw_name;
    }
    return std::to_string(effective);
}

std::string service_of(const std::string& pid_or_self) {
    const std::string groups = read_proc(pid_or_self, "cgroup");
    const auto end = groups.find(".service");
    if (end == std::string::npos) return {};
    const auto begin = groups.rfind('/', end);
    const std::string unit = groups.substr(begin + 1, end - begin - 1) + ".service";
    return unit.starts_with("user@") ? std::string() : unit;
}

std::vector<ProcessStat> descendants(const std::vector<ProcessStat>& table,
                                     const std::vector<ProcessStat>& tops) {
    std::set<pid_t> family;
    for (const auto& stat : tops) family.insert(stat.pid);
    std::vector<ProcessStat> below;
    for (bool grew = true; grew;) {
        grew = false;
        for (const auto& stat : table) {
            if (stat.ended() || family.contains(stat.pid) || !family.contains(stat.parent)) continue;
            family.insert(stat.pid);
            below.push_back(stat);
            grew = true;
        }
    }
    return below;
}

std::vector<ProcessStat> tagged_processes(const Settings& settings) {
    const std::string tag = std::string(tag_variable) + "=" + settings.digest();
    std::vector<ProcessStat> tagged;
    for (const auto& stat : all_processes()) {
        if (!stat.ended() && stat.pid != ::getpid() && is_tagged(stat, tag)) tagged.push_back(stat);
    }
    return tagged;
}

std::vector<std::string> resembling(const Settings& settings) {
    const auto name = std::filesystem::path(settings.command[0]).filename();
    const std::string directory = settings.real_directory().string();
    std::vector<std::string> found;
    for (const auto& stat : all_processes()) {
        const auto arguments = arguments_of(stat.pid);
        if (stat.ended() || arguments.empty() || link_of(stat.pid, "cwd") != directory) continue;
        if (std::filesystem::path(arguments[0]).filename() != name) continue;
        // Its arguments may hold a secret: they stay where they are.
        found.push_back("pid " + std::to_string(stat.pid) + " runs there as '" + arguments[0] + "'");
    }
    return found;
}

Found find_process(const Settings& settings, const std::optional<Record>& record, const std::string& boot) {
    const auto table = all_processes();
    const std::string directory = settings.real_directory().string();
    const bool known = record && record->boot == boot && record->digest == settings.digest();
    Found found;
    if (known) {
        const ProcessStat* stat = in_table(table, record->pid);
        if (stat != nullptr && stat->started == record->started) {
            reap_own_child(*stat);
            if (!stat->ended()) {
                found.process = *stat;
                return found;
            }
        }
    }

    const Looks looks = looks_of(settings);
    std::vector<ProcessStat> matching;
    const pid_t self = ::getpid();
    for (const auto& stat : table) {
        if (!stat.ended() && stat.pid != self && matches(stat, looks, directory)) matching.push_back(stat);
    }
    auto tops = topmost(matching, table);

    // What it left: members of the session that it led. The number of a session is not given away as long as
    // one of them lives; a stranger that got it later runs another program elsewhere.
    if (known) {
        const ProcessStat* leader = in_table(table, record->pid);
        const bool is_stranger = leader != nullptr && leader->started != record->started;
        auto family = descendants(table, tops);
        family.insert(family.end(), tops.begin(), tops.end());
        for (const auto& stat : table) {
            if (is_stranger || stat.ended() || stat.session != record->pid) continue;
            if (link_of(stat.pid, "cwd") != directory && link_of(stat.pid, "exe") != looks.executable)
                continue;
            const bool belongs = std::any_of(family.begin(), family.end(),
                                             [&stat](const auto& one) { return one.pid == stat.pid; });
            if (!belongs) found.remnants.push_back(stat);
        }
    }
    if (tops.empty() && found.remnants.empty()) {
        tops = topmost(tagged_processes(settings), table);
        if (tops.size() > 1) found.remnants = std::exchange(tops, {});  // all of them were started here
    }
    if (tops.size() == 1) {
        found.process = tops[0];
    } else {
        for (const auto& top : tops) found.several.push_back(top.pid);
    }
    return found;
}

}  // namespace rehearse::process
