// The sidecar line's format: format 1 of the files adapter. Numbers that people read in octal are octal text.
#include "adapters/files/entry.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "adapters/files/acl.h"
#include "adapters/support/names.h"

namespace rehearse::files {

namespace {

struct KindName {
    Kind kind;
    std::string_view name;
    mode_t type;  // 0: not a type of its own
};
constexpr std::array kinds{KindName{Kind::file, "file", S_IFREG},
                           KindName{Kind::folder, "directory", S_IFDIR},
                           KindName{Kind::symlink, "symlink", S_IFLNK},
                           KindName{Kind::hard_link, "hardlink", 0},
                           KindName{Kind::fifo, "fifo", S_IFIFO},
                           KindName{Kind::socket, "socket", S_IFSOCK},
                           KindName{Kind::character_device, "character device", S_IFCHR},
                           KindName{Kind::block_device, "block device", S_IFBLK}};

/// Changes by itself whenever the file is written elsewhere: a keyed digest over the inode.
constexpr std::string_view machine_bound = "security.evm";

Failure unreadable(const std::string& origin, const std::string& what) {
    return Failure({.kind = FailureKind::permanent,
                    .operation = "read snapshot",
                    .object = origin,
                    .message = what,
                    .remedy = "use another snapshot; 'rehearse snapshots' lists them"});
}

std::string octal(mode_t mode) {
    std::string text(4, '0');
    for (std::size_t at = 4; at-- > 0; mode >>= 3U) text[at] = static_cast<char>('0' + (mode & 7U));
    return text;
}

/// "1795470300.000000005"; before 1970 the seconds are negative and the nanoseconds still count upwards.
std::string time_text(const timespec& time) {
    std::string nanoseconds = std::to_string(time.tv_nsec);
    nanoseconds.insert(0, 9 - std::min<std::size_t>(nanoseconds.size(), 9), '0');
    return std::to_string(time.tv_sec) + "." + nanoseconds;
}

template <class Number>
Number parse_number(std::string_view text, int base, const std::string& origin) {
    Number value = 0;
    const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
    if (error != std::errc() || rest != text.data() + text.size())
        throw unreadable(origin, "a number is none");
    return value;
}

timespec parse_time(std::string_view text, const std::string& origin) {
    const std::size_t dot = text.find('.');
    if (dot == text.npos || text.size() != dot + 10) throw unreadable(origin, "an mtime is none");
    const timespec time{.tv_sec = parse_number<time_t>(text.substr(0, dot), 10, origin),
                        .tv_nsec = parse_number<long>(text.substr(dot + 1), 10, origin)};
    if (time_text(time) != text) throw unreadable(origin, "an mtime is none");
    return time;
}

std::uint64_t unsigned_at(const json::object& line, std::string_view key, std::uint64_t otherwise,
                          const std::string& origin) {
    const json::value* value = line.if_contains(key);
    if (value == nullptr) return otherwise;
    if (value->is_uint64()) return value->get_uint64();
    if (value->is_int64() && value->get_int64() >= 0) return static_cast<std::uint64_t>(value->get_int64());
    throw unreadable(origin, "'" + std::string(key) + "' is not a number");
}

std::string_view view_at(const json::object& line, std::string_view key, const std::string& origin) {
    const json::value* value = line.if_contains(key);
    if (value == nullptr || !value->is_string())
        throw unreadable(origin, "'" + std::string(key) + "' is missing");
    return value->get_string();
}

template <class Id>
Id id_at(const json::object& line, std::string_view key, const std::string& origin) {
    const std::uint64_t value = unsigned_at(line, key, 0, origin);
    // Cut to 32 bits, another's file would become root's.
    if (!std::in_range<Id>(value)) throw unreadable(origin, "'" + std::string(key) + "' is none");
    return static_cast<Id>(value);
}

bool has_flag(const json::object& line, std::string_view flag) {
    const json::value* flags = line.if_contains("flags");
    if (flags == nullptr || !flags->is_array()) return false;
    const json::array& list = flags->get_array();
    return std::any_of(list.begin(), list.end(), [&](const json::value& value) {
        return value.is_string() && value.get_string() == flag;
    });
}

std::string device_text(dev_t device) {
    return std::to_string(major(device)) + ":" + std::to_string(minor(device));
}

json::array flags_of(const Entry& entry) {
    json::array flags;
    if (entry.append_only) flags.emplace_back("append_only");
    if (entry.immutable) flags.emplace_back("immutable");
    if (entry.no_dump) flags.emplace_back("no_dump");
    return flags;
}

/// True where the key is there; it is written only for what is so.
bool is_marked(const json::object& line, std::string_view key, const std::string& origin) {
    const json::value* value = line.if_contains(key);
    if (value != nullptr && *value != true)
        throw unreadable(origin, "'" + std::string(key) + "' is not true");
    return value != nullptr;
}

void require_name(const std::string& name, const std::string& origin) {
    if (name.empty() || name == ".." || name.size() > 255 || name.find('/') != name.npos ||
        name.find('\0') != name.npos) {
        throw unreadable(origin, "a name in it could leave its folder");
    }
}

}  // namespace

std::string_view to_string(Kind kind) {
    for (const KindName& known : kinds) {
        if (known.kind == kind) return known.name;
    }
    return "file";
}

Kind kind_of(const Status& status, const std::string& path) {
    for (const KindName& known : kinds) {
        if (known.type == status.type) return known.kind;
    }
    throw Failure({.kind = FailureKind::permanent,
                   .operation = "look at",
                   .object = path,
                   .message = "it is of an unknown file type",
                   .remedy = "leave it out by 'exclude'"});
}

Entry entry_of(std::string name, const Status& status, Attributes attributes, const std::string& path) {
    std::erase_if(attributes, [](const auto& attribute) { return attribute.first == machine_bound; });
    const Kind kind = kind_of(status, path);
    const bool is_device = kind == Kind::character_device || kind == Kind::block_device;
    return {.name = std::move(name),
            .kind = kind,
            .mode = kind == Kind::symlink ? 0 : status.mode,
            .uid = status.uid,
            .gid = status.gid,
            .mtime = status.mtime,
            .attributes = std::move(attributes),
            .immutable = status.immutable,
            .append_only = status.append_only,
            .no_dump = status.no_dump,
            .device = is_device ? status.device : 0};
}

void Entry::take_content(const Entry& other) {
    if (other.kind == Kind::hard_link) {
        kind = Kind::hard_link;
        target = other.target;
    }
    links = other.links;
    size = other.size;
    is_chunked = other.is_chunked;
    is_sparse = other.is_sparse;
}

json::object to_json(const Entry& entry) {
    json::object line;
    line["name"] = escape_bytes(entry.name);
    line["type"] = to_string(entry.kind);
    if (!entry.target.empty()) {
        line[entry.kind == Kind::symlink ? "target" : "to"] =
            entry.kind == Kind::symlink ? escape_bytes(entry.target) : entry.target;
    }
    if (entry.kind == Kind::hard_link) return line;
    if (entry.kind != Kind::symlink) line["mode"] = octal(entry.mode);
    line["uid"] = entry.uid;
    line["gid"] = entry.gid;
    if (entry.mtime) line["mtime"] = time_text(*entry.mtime);
    json::object others;
    for (const auto& [name, value] : entry.attributes) {
        const std::optional<std::string> acl =
            name == access_acl || name == default_acl ? acl_text(value) : std::nullopt;
        if (acl) {
            line[name == access_acl ? "acl" : "default_acl"] = *acl;
        } else {
            others[escape_bytes(name)] = escape_bytes(value);
        }
    }
    if (!others.empty()) line["xattrs"] = std::move(others);
    if (json::array flags = flags_of(entry); !flags.empty()) line["flags"] = std::move(flags);
    if (entry.kind == Kind::character_device || entry.kind == Kind::block_device) {
        line["device"] = device_text(entry.device);
    }
    if (entry.links > 1) line["links"] = entry.links;
    if (entry.is_chunked) {
        line["chunks"] = 1;  // the cutting rule's version
        line["size"] = entry.size;
    }
    if (entry.is_sparse) line["sparse"] = true;
    if (entry.is_passage) line["passage"] = true;
    if (!entry.elsewhere.empty()) line["elsewhere"] = entry.elsewhere;
    return line;
}

Entry entry_from_json(const json::object& line, const std::string& origin) {
    Entry entry;
    entry.name = unescape_bytes(view_at(line, "name", origin));
    require_name(entry.name, origin);
    const std::string_view type = view_at(line, "type", origin);
    const auto known = std::find_if(kinds.begin(), kinds.end(),
                                    [&](const KindName& candidate) { return candidate.name == type; });
    if (known == kinds.end()) {
        throw unreadable(origin, "it has a type that this version does not know: " + std::string(type));
    }
    entry.kind = known->kind;
    if (entry.kind == Kind::hard_link) {
        entry.target = view_at(line, "to", origin);
        return entry;
    }
    if (entry.kind == Kind::symlink) {
        entry.target = unescape_bytes(view_at(line, "target", origin));
    } else {
        const std::string_view mode = view_at(line, "mode", origin);
        entry.mode = parse_number<mode_t>(mode, 8, origin);
        if (octal(entry.mode) != mode) throw unreadable(origin, "a mode is none");
    }
    entry.uid = id_at<uid_t>(line, "uid", origin);
    entry.gid = id_at<gid_t>(line, "gid", origin);
    if (line.contains("mtime")) entry.mtime = parse_time(view_at(line, "mtime", origin), origin);
    for (const auto& [key, name] : {std::pair{"acl", access_acl}, std::pair{"default_acl", default_acl}}) {
        if (!line.contains(key)) continue;
        const std::optional<std::string> bytes = acl_bytes(view_at(line, key, origin));
        if (!bytes) throw unreadable(origin, "an ACL in it cannot be read");
        entry.attributes.emplace_back(name, *bytes);
    }
    if (const json::value* others = line.if_contains("xattrs"); others != nullptr && others->is_object()) {
        for (const auto& [name, value] : others->get_object()) {
            if (!value.is_string()) throw unreadable(origin, "an extended attribute is not text");
            entry.attributes.emplace_back(unescape_bytes(name), unescape_bytes(value.get_string()));
        }
    }
    std::sort(entry.attributes.begin(), entry.attributes.end());
    entry.append_only = has_flag(line, "append_only");
    entry.immutable = has_flag(line, "immutable");
    entry.no_dump = has_flag(line, "no_dump");
    if (const json::value* flags = line.if_contains("flags"); flags != nullptr && *flags != flags_of(entry))
        throw unreadable(origin, "it has flags that this version does not know");
    if (line.contains("device")) {
        const std::string_view device = view_at(line, "device", origin);
        const std::size_t colon = std::min(device.find(':'), device.size());
        entry.device =
            makedev(parse_number<unsigned>(device.substr(0, colon), 10, origin),
                    parse_number<unsigned>(device.substr(std::min(colon + 1, device.size())), 10, origin));
        if (device_text(entry.device) != device) throw unreadable(origin, "a device is none");
    }
    entry.links = unsigned_at(line, "links", 1, origin);
    entry.is_chunked = line.contains("chunks");
    if (entry.is_chunked && unsigned_at(line, "chunks", 0, origin) != 1) {
        throw unreadable(origin, "its chunks are cut by a rule that this version does not know");
    }
    entry.size = unsigned_at(line, "size", 0, origin);
    entry.is_sparse = is_marked(line, "sparse", origin);
    entry.is_passage = is_marked(line, "passage", origin);
    if (line.contains("elsewhere")) entry.elsewhere = view_at(line, "elsewhere", origin);
    return entry;
}

}  // namespace rehearse::files
