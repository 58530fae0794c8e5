// Quoting is done here rather than by libpq: it needs no connection, and every session has the same settings.
#include "adapters/postgresql/sql_text.h"

#include <cstdio>

#include "orchestrator/base/digest.h"
#include "orchestrator/ports/tree_name.h"

namespace rehearse::postgresql {

namespace {

constexpr std::size_t longest_file_name = 200;

std::string doubled(std::string_view text, char quote) {
    std::string out(1, quote);
    for (const char c : text) {
        if (c == quote) out += quote;
        out += c;
    }
    return out + quote;
}

std::string percent(unsigned char byte) {
    char text[4];
    std::snprintf(text, sizeof text, "%%%02X", byte);
    return text;
}

/// The length of the UTF-8 sequence at the start of `text`; 0 where it is none.
std::size_t sequence(std::string_view text) {
    const auto lead = static_cast<unsigned char>(text[0]);
    const std::size_t size = lead < 0x80 ? 1 : lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC2 ? 2 : 0;
    if (size == 0 || lead > 0xF4 || size > text.size()) return 0;
    for (std::size_t at = 1; at < size; ++at) {
        if ((static_cast<unsigned char>(text[at]) & 0xC0U) != 0x80) return 0;
    }
    return size;
}

}  // namespace

std::string identifier(std::string_view name) { return doubled(name, '"'); }

std::string literal(std::string_view text) { return doubled(text, '\''); }

std::string file_name(std::string_view name) {
    std::string out;
    for (std::size_t at = 0; at < name.size();) {
        const auto byte = static_cast<unsigned char>(name[at]);
        const std::size_t size = sequence(name.substr(at));
        if (size == 0 || byte < 0x20 || byte == 0x7F || byte == '/' || byte == '%' || byte == '\\' ||
            byte == '~') {
            out += percent(byte);
            ++at;
        } else {
            out += name.substr(at, size);
            at += size;
        }
    }
    if (out.size() > longest_file_name) {
        std::size_t keep = longest_file_name - 17;
        while (keep > 0 && (static_cast<unsigned char>(out[keep]) & 0xC0U) == 0x80) --keep;
        out = out.substr(0, keep) + "~" + sha256_hex(name).substr(0, 16);
    }
    if (out.empty()) return "%";
    if (!why_not_a_tree_name(out).empty()) {
        // Some disguise of .git: spelling out the first byte ends every one of them.
        out = percent(static_cast<unsigned char>(out[0])) + out.substr(1);
    }
    return out;
}

std::string_view leading_name(std::string_view text) {
    std::size_t at = 0;
    for (;;) {
        const std::size_t began = at;
        if (at < text.size() && text[at] == '"') {
            for (++at; at < text.size(); ++at) {
                if (text[at] != '"') continue;
                if (at + 1 < text.size() && text[at + 1] == '"') {
                    ++at;
                    continue;
                }
                break;
            }
            if (at >= text.size()) return {};
            ++at;
        } else {
            while (at < text.size()) {
                const char c = text[at];
                const bool part = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '$' ||
                                  (static_cast<unsigned char>(c) & 0x80U) != 0;
                if (!part) break;
                ++at;
            }
        }
        if (at == began) return {};
        if (at >= text.size() || text[at] != '.') return text.substr(0, at);
        ++at;
    }
}

}  // namespace rehearse::postgresql
