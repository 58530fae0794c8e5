// Reads /proc/<pid>/stat; the command name in it may hold anything, so fields are counted from its last ')'.
#include "orchestrator/commands/process_table.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <string>
#include <string_view>

#include "orchestrator/base/failure.h"
#include "orchestrator/base/handle.h"

namespace rehearse {

namespace {

using Directory = Handle<DIR, closedir>;

std::string_view next_field(std::string_view& rest) {
    const auto begin = std::min(rest.find_first_not_of(' '), rest.size());
    const auto end = std::min(rest.find(' ', begin), rest.size());
    const auto field = rest.substr(begin, end - begin);
    rest.remove_prefix(end);
    return field;
}

template <class Number>
Number number_from(std::string_view text) {
    Number value{};
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

}  // namespace

std::optional<ProcessStat> process_stat(pid_t pid) {
    const std::string path = "/proc/" + std::to_string(pid) + "/stat";
    const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) return std::nullopt;
    std::array<char, 1024> buffer;  // a line has at most about 400 bytes
    ssize_t got = 0;
    do {
        got = ::read(file.get(), buffer.data(), buffer.size());
    } while (got < 0 && errno == EINTR);
    if (got <= 0) return std::nullopt;
    std::string_view rest(buffer.data(), static_cast<std::size_t>(got));
    const auto name_end = rest.rfind(')');
    if (name_end == std::string_view::npos) return std::nullopt;
    rest.remove_prefix(name_end + 1);

    ProcessStat stat{.pid = pid};
    const auto state = next_field(rest);
    stat.state = state.empty() ? '?' : state[0];
    stat.parent = number_from<pid_t>(next_field(rest));
    stat.group = number_from<pid_t>(next_field(rest));
    stat.session = number_from<pid_t>(next_field(rest));
    for (int field = 7; field < 22; ++field) next_field(rest);
    stat.started = number_from<std::uint64_t>(next_field(rest));
    return stat;
}

std::vector<ProcessStat> all_processes() {
    const Directory directory(::opendir("/proc"));
    if (!directory) throw failure_from_errno(errno, "list processes", "/proc");
    std::vector<ProcessStat> found;
    while (const dirent* entry = ::readdir(directory.get())) {
        const auto pid = number_from<pid_t>(entry->d_name);
        if (pid <= 0) continue;
        if (auto stat = process_stat(pid)) found.push_back(*stat);
    }
    std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.pid < b.pid; });
    return found;
}

bool group_has_live_members(pid_t group) {
    const auto processes = all_processes();
    return std::any_of(processes.begin(), processes.end(),
                       [group](const ProcessStat& stat) { return stat.group == group && !stat.ended(); });
}

}  // namespace rehearse
