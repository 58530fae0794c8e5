// Percent escapes: reversible, readable for ordinary names, and never anything that acts on a terminal.
#include "adapters/support/names.h"

#include <cstdint>

#include "orchestrator/base/digest.h"
#include "orchestrator/base/failure.h"
#include "orchestrator/ports/tree.h"
#include "orchestrator/ports/tree_name.h"

namespace rehearse {

namespace {

void append_escaped(std::string& out, char c) {
    static constexpr char digits[] = "0123456789ABCDEF";
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += digits[byte >> 4U];
    out += digits[byte & 15U];
}

/// Code points that show nothing, or change how their neighbours are shown: a name could lie with them.
bool is_invisible(std::uint32_t point) {
    return (point >= 0x80 && point <= 0xa0) || point == 0xad || point == 0x34f || point == 0x61c ||
           (point >= 0x115f && point <= 0x1160) || (point >= 0x17b4 && point <= 0x17b5) ||
           (point >= 0x180b && point <= 0x180f) || (point >= 0x2000 && point <= 0x200f) ||
           (point >= 0x2028 && point <= 0x202f) || (point >= 0x205f && point <= 0x206f) || point == 0x3000 ||
           point == 0x3164 || (point >= 0xd800 && point <= 0xf8ff) || (point >= 0xfdd0 && point <= 0xfdef) ||
           (point >= 0xfe00 && point <= 0xfe0f) || point == 0xfeff || point == 0xffa0 ||
           (point >= 0xfff0 && point <= 0xfffb) || (point & 0xfffeU) == 0xfffe || point >= 0xe0000;
}

/// The length of the printable character that begins here; 0: escape this byte.
std::size_t printable_length(std::string_view rest) {
    const auto byte = [&](std::size_t at) {
        return static_cast<std::uint32_t>(static_cast<unsigned char>(rest[at]));
    };
    const std::uint32_t first = byte(0);
    if (first < 0x80)
        return first < 0x20 || first == 0x7f || first == '%' || first == '"' || first == '\\' ? 0 : 1;
    const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4 || rest.size() < length) return 0;
    std::uint32_t point = first & (0x7fU >> length);
    for (std::size_t at = 1; at < length; ++at) {
        if ((byte(at) & 0xc0U) != 0x80) return 0;
        point = (point << 6U) | (byte(at) & 0x3fU);
    }
    const bool shortest = length == 2 || (length == 3 && point >= 0x800) || (length == 4 && point >= 0x10000);
    return shortest && point <= 0x10ffff && !is_invisible(point) ? length : 0;
}

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

}  // namespace

std::string escape_bytes(std::string_view bytes) {
    std::string out;
    out.reserve(bytes.size());
    while (!bytes.empty()) {
        const std::size_t length = printable_length(bytes);
        if (length == 0) {
            append_escaped(out, bytes.front());
            bytes.remove_prefix(1);
        } else {
            out += bytes.substr(0, length);
            bytes.remove_prefix(length);
        }
    }
    return out;
}

std::string unescape_bytes(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] != '%') {
            out += text[at];
            continue;
        }
        const int high = at + 2 < text.size() ? hex_digit(text[at + 1]) : -1;
        const int low = at + 2 < text.size() ? hex_digit(text[at + 2]) : -1;
        if (high >= 0 && low >= 0) out += static_cast<char>(high * 16 + low);
        at += 2;
    }
    if (escape_bytes(out) != text) {
        throw Failure({.kind = FailureKind::invalid_input,
                       .operation = "read",
                       .object = escape_bytes(text),
                       .message = "this is not an escaped name of ours"});
    }
    return out;
}

std::string tree_name_of(std::string_view name) {
    static constexpr std::string_view reserved = ".rehearse-meta";
    std::string escaped = escape_bytes(name);
    if (escaped.starts_with(reserved) || !why_not_a_tree_name(escaped).empty()) {
        std::string with_first;
        append_escaped(with_first, name.empty() ? '\0' : name.front());
        escaped = with_first + escape_bytes(name.empty() ? name : name.substr(1));
    }
    if (escaped.size() <= longest_tree_name) return escaped;
    const std::string digest = sha256_hex(name).substr(0, 40);
    std::size_t kept = longest_tree_name - digest.size() - 2;
    // Not in the middle of an escape or of a character.
    while (kept > 0 && (static_cast<unsigned char>(escaped[kept]) & 0xc0U) == 0x80) --kept;
    if (escaped[kept - 1] == '%')
        --kept;
    else if (escaped[kept - 2] == '%')
        kept -= 2;
    return escaped.substr(0, kept) + "%~" + digest;
}

}  // namespace rehearse
