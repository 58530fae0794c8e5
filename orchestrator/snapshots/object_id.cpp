// Hex and printable forms of ids and names.
#include "orchestrator/snapshots/object_id.h"

namespace rehearse {
namespace {

constexpr char digits[] = "0123456789abcdef";

int value_of(char digit) {
    if (digit >= '0' && digit <= '9') return digit - '0';
    if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
    return -1;
}

/// Bytes of the UTF-8 sequence that begins here; 0 where there is none.
std::size_t utf8_length(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
    const std::uint8_t first = byte(0);
    if (first < 0x80) return 1;
    const std::size_t length = first >= 0xc2 && first < 0xe0   ? 2
                               : first >= 0xe0 && first < 0xf0 ? 3
                               : first >= 0xf0 && first < 0xf5 ? 4
                                                               : 0;
    if (length == 0 || text.size() < length) return 0;
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(i) & 0xc0U) != 0x80) return 0;
    }
    const bool overlong = (first == 0xe0 && byte(1) < 0xa0) || (first == 0xf0 && byte(1) < 0x90);
    const bool surrogate_or_beyond = (first == 0xed && byte(1) >= 0xa0) || (first == 0xf4 && byte(1) >= 0x90);
    return overlong || surrogate_or_beyond ? 0 : length;
}

}  // namespace

std::string_view to_string(ObjectType type) {
    switch (type) {
        case ObjectType::commit:
            return "commit";
        case ObjectType::tree:
            return "tree";
        case ObjectType::blob:
            return "blob";
        case ObjectType::tag:
            return "tag";
    }
    return "blob";
}

std::string to_hex(const ObjectId& id) {
    std::string text(ObjectId::size * 2, '0');
    for (std::size_t i = 0; i < ObjectId::size; ++i) {
        text[2 * i] = digits[id.bytes[i] >> 4U];
        text[2 * i + 1] = digits[id.bytes[i] & 15U];
    }
    return text;
}

std::optional<ObjectId> object_id_from(std::string_view hex) {
    if (hex.size() != ObjectId::size * 2) return std::nullopt;
    ObjectId id;
    for (std::size_t i = 0; i < ObjectId::size; ++i) {
        const int high = value_of(hex[2 * i]);
        const int low = value_of(hex[2 * i + 1]);
        if (high < 0 || low < 0) return std::nullopt;
        id.bytes[i] = static_cast<std::uint8_t>(high * 16 + low);
    }
    return id;
}

std::string printable(std::string_view bytes) {
    std::string text;
    while (!bytes.empty()) {
        const std::size_t length = utf8_length(bytes);
        const auto first = static_cast<std::uint8_t>(bytes[0]);
        if (length == 0 || first < 0x20 || first == 0x7f) {
            text += "\\x";
            text += digits[first >> 4U];
            text += digits[first & 15U];
            bytes.remove_prefix(1);
        } else {
            text += bytes.substr(0, length);
            bytes.remove_prefix(length);
        }
    }
    return text;
}

}  // namespace rehearse
