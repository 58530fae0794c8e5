// The kernel's form: a little-endian version (2), then per entry a tag, permissions and an id.
#include "adapters/files/acl.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>

namespace rehearse::files {

namespace {

struct Tag {
    std::uint32_t value;
    std::string_view word;
    bool has_id;
};
constexpr std::array tags{Tag{0x01, "user", false}, Tag{0x02, "user", true},  Tag{0x04, "group", false},
                          Tag{0x08, "group", true}, Tag{0x10, "mask", false}, Tag{0x20, "other", false}};
constexpr std::uint32_t no_id = 0xffffffff;

std::uint32_t little_endian(std::string_view bytes) {
    std::uint32_t value = 0;
    for (std::size_t at = bytes.size(); at-- > 0;)
        value = value << 8U | static_cast<unsigned char>(bytes[at]);
    return value;
}

void append_little_endian(std::string& out, std::uint32_t value, int count) {
    for (; count > 0; --count, value >>= 8U) out += static_cast<char>(value & 0xffU);
}

}  // namespace

std::optional<std::string> acl_text(std::string_view bytes) {
    if (bytes.size() < 4 || (bytes.size() - 4) % 8 != 0 || little_endian(bytes.substr(0, 4)) != 2) return {};
    std::string text;
    for (std::size_t at = 4; at < bytes.size(); at += 8) {
        const std::uint32_t value = little_endian(bytes.substr(at, 2));
        const std::uint32_t rights = little_endian(bytes.substr(at + 2, 2));
        const std::uint32_t id = little_endian(bytes.substr(at + 4, 4));
        const auto tag =
            std::find_if(tags.begin(), tags.end(), [&](const Tag& known) { return known.value == value; });
        if (tag == tags.end() || rights > 7 || (!tag->has_id && id != no_id)) return {};
        if (!text.empty()) text += ',';
        text.append(tag->word) += ':';
        if (tag->has_id) text += std::to_string(id);
        text += ':';
        text += (rights & 4U) != 0 ? 'r' : '-';
        text += (rights & 2U) != 0 ? 'w' : '-';
        text += (rights & 1U) != 0 ? 'x' : '-';
    }
    return text;
}

std::optional<std::string> acl_bytes(std::string_view text) {
    const std::string_view whole = text;
    std::string bytes;
    append_little_endian(bytes, 2, 4);
    while (!text.empty()) {
        const std::size_t end = std::min(text.find(','), text.size());
        const std::string_view entry = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        const std::size_t first = entry.find(':');
        const std::size_t second = first == entry.npos ? entry.npos : entry.find(':', first + 1);
        if (second == entry.npos || entry.size() != second + 4) return {};
        const std::string_view word = entry.substr(0, first);
        const std::string_view digits = entry.substr(first + 1, second - first - 1);
        const auto tag = std::find_if(tags.begin(), tags.end(), [&](const Tag& known) {
            return known.word == word && known.has_id == !digits.empty();
        });
        std::uint32_t id = no_id;
        if (tag == tags.end()) return {};
        if (!digits.empty()) {
            const auto [rest, error] = std::from_chars(digits.data(), digits.data() + digits.size(), id);
            if (error != std::errc() || rest != digits.data() + digits.size()) return {};
        }
        std::uint32_t rights = 0;
        for (std::size_t at = 0; at < 3; ++at) {
            const char c = entry[second + 1 + at];
            if (c != '-' && c != "rwx"[at]) return {};
            rights = rights << 1U | (c == '-' ? 0U : 1U);
        }
        append_little_endian(bytes, tag->value, 2);
        append_little_endian(bytes, rights, 2);
        append_little_endian(bytes, id, 4);
    }
    if (acl_text(bytes).value_or("") != whole) return {};  // "user:02:r--": another way of writing one
    return bytes;
}

}  // namespace rehearse::files
