// The name rules of git's fsck.c and path.c, restated: a name is refused where HFS+ or NTFS would open it as
// git's own file.
#include "orchestrator/ports/tree_name.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>

namespace rehearse {
namespace {

struct OwnName {
    std::string_view name;    // lower case, with its dot
    std::string_view short_;  // first six letters of NTFS's hashed short name; empty: ".git" has its own rule
    std::string_view why;
};

constexpr std::array own_names{
    OwnName{".git", "", "git takes it for its own folder"},
    OwnName{".gitmodules", "gi7eba", "git takes it for its list of submodules"},
    OwnName{".gitattributes", "gi7d29", "git obeys it when it checks out"},
};

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool begins_with(std::string_view text, std::string_view lower_case_start) {
    return text.size() >= lower_case_start.size() &&
           std::equal(lower_case_start.begin(), lower_case_start.end(), text.begin(),
                      [](char a, char b) { return a == lower(b); });
}

/// NTFS drops spaces and dots at the end, and what follows a colon names a stream of the same file.
bool ends_for_ntfs(std::string_view rest) {
    const std::size_t end = rest.find_first_not_of(" .");
    return end == std::string_view::npos || rest[end] == ':' || rest[end] == '\\';
}

bool is_short_name(std::string_view name, const OwnName& own) {
    if (own.short_.empty()) return begins_with(name, "git~1") && ends_for_ntfs(name.substr(5));
    const std::string_view stem = own.name.substr(1, 6);
    if (begins_with(name, stem) && name.size() >= 8 && name[6] == '~' && name[7] >= '1' && name[7] <= '4') {
        return ends_for_ntfs(name.substr(8));
    }
    if (name.size() < 8) return false;
    bool saw_tilde = false;  // up to six letters of the hashed stem, '~', then digits: eight in all
    for (std::size_t i = 0; i < 8; ++i) {
        if (saw_tilde) {
            if (name[i] < '0' || name[i] > '9') return false;
        } else if (name[i] == '~') {
            if (++i >= 8 || name[i] < '1' || name[i] > '9') return false;
            saw_tilde = true;
        } else if (i >= 6 || lower(name[i]) != own.short_[i]) {
            return false;
        }
    }
    return ends_for_ntfs(name.substr(8));
}

bool is_own_on_ntfs(std::string_view name, const OwnName& own) {
    return (begins_with(name, own.name) && ends_for_ntfs(name.substr(own.name.size()))) ||
           is_short_name(name, own);
}

/// True for the code points that HFS+ ignores in names: joiners, marks of direction, the byte order mark.
bool is_ignored_by_hfs(std::uint32_t point) {
    return (point >= 0x200c && point <= 0x200f) || (point >= 0x202a && point <= 0x202e) ||
           (point >= 0x206a && point <= 0x206f) || point == 0xfeff;
}

std::string without_ignored_by_hfs(std::string_view name) {
    std::string kept;
    for (std::size_t i = 0; i < name.size();) {
        const auto byte = [&](std::size_t at) { return static_cast<std::uint8_t>(name[at]); };
        if (byte(i) >= 0xe0 && byte(i) < 0xf0 && i + 2 < name.size()) {
            const std::uint32_t point =
                ((byte(i) & 0x0fU) << 12U) | ((byte(i + 1) & 0x3fU) << 6U) | (byte(i + 2) & 0x3fU);
            if (is_ignored_by_hfs(point)) {
                i += 3;
                continue;
            }
        }
        kept += lower(name[i++]);
    }
    return kept;
}

}  // namespace

std::string_view why_not_a_tree_name(std::string_view name) {
    if (name.empty()) return "it is empty";
    if (name == "." || name == "..") return "it means a folder itself or the one above";
    if (name.find('/') != std::string_view::npos) return "it has a slash";
    if (name.find('\0') != std::string_view::npos) return "it has a NUL byte";
    const std::string on_hfs = without_ignored_by_hfs(name);
    for (const OwnName& own : own_names) {
        if (on_hfs == own.name) return own.why;
        // A backslash parts folders on Windows: each part after one is a name of its own there.
        for (std::string_view part = name;;) {
            if (is_own_on_ntfs(part, own)) return own.why;
            const std::size_t slash = part.find('\\');
            if (slash == std::string_view::npos) break;
            part.remove_prefix(slash + 1);
        }
    }
    return {};
}

bool is_chunk_name(std::string_view name) {
    if (name.size() != 25 || name[16] != '-') return false;
    return std::all_of(name.begin(), name.end(), [&](const char& c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || &c == &name[16];
    });
}

}  // namespace rehearse
