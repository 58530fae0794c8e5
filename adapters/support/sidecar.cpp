// Sidecars are cut at lines whose name's digest says so: an added line moves one cut at most.
#include "adapters/support/sidecar.h"

#include <algorithm>

#include "orchestrator/base/digest.h"
#include "orchestrator/base/failure.h"

namespace rehearse {

namespace {

Failure unreadable(const std::string& origin, std::string message) {
    return Failure({.kind = FailureKind::permanent,
                    .operation = "read snapshot",
                    .object = origin,
                    .message = std::move(message),
                    .remedy = "use another snapshot; 'rehearse snapshots' lists them"});
}

std::string part_name(std::size_t number) {
    std::string digits = std::to_string(number);
    return std::string(digits.size() < 6 ? 6 - digits.size() : 0, '0') + digits;
}

void read_lines(std::string_view text, const std::string& origin,
                const std::function<void(const json::object&)>& take) {
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        if (end == text.npos) throw unreadable(origin, "its last line has no end");
        const json::value line = parse_json(text.substr(0, end), origin);
        if (!line.is_object()) throw unreadable(origin, "a line is not an object");
        take(line.get_object());
        text.remove_prefix(end + 1);
    }
}

}  // namespace

void write_sidecar(TreeWriter& directory, std::vector<SidecarLine> lines) {
    if (lines.empty()) return;
    std::sort(lines.begin(), lines.end(),
              [](const SidecarLine& a, const SidecarLine& b) { return a.name < b.name; });
    std::size_t size = 0;
    for (std::size_t at = 0; at < lines.size(); ++at) {
        size += lines[at].text.size() + 1;
        if (at > 0 && lines[at].name == lines[at - 1].name) {
            throw Failure({.kind = FailureKind::invalid_input,
                           .operation = "capture",
                           .object = lines[at].name,
                           .message = "one name stands twice in its directory"});
        }
    }
    std::string text;
    text.reserve(std::min(size, largest_blob));
    if (size <= largest_blob) {
        for (const SidecarLine& line : lines) text.append(line.text) += '\n';
        directory.blob(sidecar_name, text);
        return;
    }
    auto parts = directory.directory(sidecar_name);
    std::size_t number = 0;
    const auto cut = [&] {
        if (!text.empty()) parts->blob(part_name(number++), text);
        text.clear();
    };
    for (const SidecarLine& line : lines) {
        if (line.text.size() + 1 > largest_blob) {
            throw Failure({.kind = FailureKind::permanent,
                           .operation = "capture",
                           .object = line.name,
                           .message = "its metadata is larger than a snapshot can hold"});
        }
        // About one line in 4096, from a quarter of the limit on: a cut that survives insertions elsewhere.
        const bool wanted = text.size() >= largest_blob / 4 && sha256_hex(line.name).starts_with("000");
        if (wanted || text.size() + line.text.size() + 1 > largest_blob) cut();
        text.append(line.text) += '\n';
    }
    cut();
    parts->finish();
}

void read_sidecar(const TreeReader& directory, const std::string& origin,
                  const std::function<void(const json::object&)>& take) {
    const std::vector<TreeEntry> entries = directory.entries();
    const auto found = std::find_if(entries.begin(), entries.end(),
                                    [](const TreeEntry& entry) { return entry.name == sidecar_name; });
    if (found == entries.end()) return;
    if (!found->is_directory) {
        read_lines(directory.blob(sidecar_name), origin, take);
        return;
    }
    const auto parts = directory.directory(sidecar_name);
    for (const TreeEntry& part : parts->entries()) read_lines(parts->blob(part.name), origin, take);
}

}  // namespace rehearse
