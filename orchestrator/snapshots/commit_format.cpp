// The essentials stand in a block of trailers after the caller's message, so that `git log` and `git
// interpret-trailers` show them.
#include "orchestrator/snapshots/commit_format.h"

#include <charconv>
#include <chrono>

#include "orchestrator/base/failure.h"

namespace rehearse {
namespace {

constexpr std::string_view identity = "Rehearse <rehearse@localhost>";
constexpr std::string_view first_trailer = "\n\nRehearse-At: ";
constexpr std::size_t longest_value = 200;

/// One line that git takes: control characters become \xNN.
std::string one_line(std::string_view text) { return printable(text); }

std::string clean_message(std::string_view message) {
    std::string text;
    for (std::size_t start = 0; start <= message.size();) {
        const std::size_t end = std::min(message.find('\n', start), message.size());
        text += one_line(message.substr(start, end - start));
        text += '\n';
        start = end + 1;
    }
    while (!text.empty() && text.back() == '\n') text.pop_back();
    return text.empty() ? "snapshot" : text;
}

std::string manifest_trailers(const json::object& manifest) {
    std::string lines;
    for (const auto& [key, value] : manifest) {
        if (!value.is_string() && !value.is_int64() && !value.is_uint64() && !value.is_bool()) continue;
        const std::string text = value.is_string() ? one_line(value.get_string()) : canonical_json(value);
        if (text.empty() || text.size() > longest_value) continue;
        std::string name = "Rehearse-Manifest-";
        for (const char c : key) {
            const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
            name += plain ? c : '-';
        }
        lines += name + ": " + text + "\n";
    }
    return lines;
}

std::optional<std::string_view> header_value(std::string_view& content, std::string_view key) {
    if (!content.starts_with(key)) return std::nullopt;
    const std::size_t end = content.find('\n');
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view value = content.substr(key.size(), end - key.size());
    content.remove_prefix(end + 1);
    return value;
}

}  // namespace

std::string encode_commit(const SnapshotCommit& commit, const json::object& manifest,
                          const std::map<std::string, ObjectId>& resources) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(commit.at.since_epoch).count();
    if (seconds < 0) {
        throw Failure({.kind = FailureKind::invalid_input,
                       .operation = "commit snapshot",
                       .object = to_rfc3339(commit.at),
                       .native_code = {},
                       .message = "git has no time before 1970",
                       .remedy = "set this machine's clock"});
    }
    std::string who(identity);
    who.append(" ").append(std::to_string(seconds)).append(" +0000\n");
    std::string text = "tree " + to_hex(commit.tree) + "\n";
    if (commit.parent) text += "parent " + to_hex(*commit.parent) + "\n";
    text += "author " + who + "committer " + who + "\n" + clean_message(commit.message);
    text += std::string(first_trailer) + to_rfc3339(commit.at) + "\n";
    for (const auto& [name, tree] : resources) {
        text += "Rehearse-Resource: " + one_line(name) + " " + to_hex(tree) + "\n";
    }
    return text + manifest_trailers(manifest);
}

std::optional<SnapshotCommit> parse_commit(std::string_view content) {
    SnapshotCommit commit;
    const std::optional<std::string_view> tree_text = header_value(content, "tree ");
    const std::optional<ObjectId> tree = tree_text ? object_id_from(*tree_text) : std::nullopt;
    if (!tree) return std::nullopt;
    commit.tree = *tree;
    while (const std::optional<std::string_view> parent = header_value(content, "parent ")) {
        if (!commit.parent) commit.parent = object_id_from(*parent);
    }
    const std::size_t body = content.find("\n\n");
    const std::string_view headers = content.substr(0, body);
    if (const std::size_t at = headers.find("committer "); at != std::string_view::npos) {
        const std::string_view line = headers.substr(at, headers.find('\n', at) - at);
        const std::size_t after = line.rfind('>');
        std::int64_t seconds = 0;
        if (after != std::string_view::npos && after + 2 < line.size()) {
            std::from_chars(line.data() + after + 2, line.data() + line.size(), seconds);
        }
        commit.at = wall_time_from(std::chrono::seconds(seconds)).value_or(WallTime{});
    }
    if (body == std::string_view::npos) return commit;
    std::string_view message = content.substr(body + 2);
    if (const std::size_t trailers = message.rfind(first_trailer); trailers != std::string_view::npos) {
        const std::string_view rest = message.substr(trailers + first_trailer.size());
        try {
            commit.at = parse_rfc3339(rest.substr(0, rest.find('\n')));
        } catch (const Failure&) {
            // a message that only looks like ours: the committer's time stands
        }
        message = message.substr(0, trailers);
    }
    while (message.ends_with('\n')) message.remove_suffix(1);
    commit.message = message;
    return commit;
}

}  // namespace rehearse
