// One walk over the bytes. Each kind of complaint is made once, at its first place: a file with tabs has
// many.
#include "orchestrator/playbook/text.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <utility>

namespace rehearse {

namespace {

std::string hex(std::uint32_t value, const char* format) {
    std::array<char, 16> buffer{};
    std::snprintf(buffer.data(), buffer.size(), format, value);
    return buffer.data();
}

struct Character {
    std::uint32_t code = 0;
    std::size_t bytes = 0;  // 0: not UTF-8
};

/// The character at `at`; overlong forms and surrogates are not UTF-8.
Character decode(const std::string& text, std::size_t at) {
    const auto byte = [&](std::size_t index) {
        return index < text.size() ? static_cast<unsigned char>(text[index]) : 0U;
    };
    const std::uint32_t first = byte(at);
    if (first < 0x80) return {first, 1};
    const std::size_t count = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
    if (first < 0xC2 || first > 0xF4) return {};
    std::uint32_t code = first & (0x7FU >> count);
    for (std::size_t i = 1; i < count; ++i) {
        const std::uint32_t next = byte(at + i);
        if ((next & 0xC0U) != 0x80U) return {};
        code = (code << 6U) | (next & 0x3FU);
    }
    constexpr std::array<std::uint32_t, 5> least{0, 0, 0x80, 0x800, 0x10000};
    if (code < least.at(count) || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) return {};
    return {code, count};
}

/// Characters that show nothing, or change the order in which text is shown: what a reviewer approves would
/// not be what is run.
bool is_hidden(std::uint32_t code) {
    return (code < 0x20 && code != '\t' && code != '\n') || code == 0x7F || (code >= 0x80 && code < 0xA0) ||
           (code >= 0x200B && code <= 0x200F) || (code >= 0x2028 && code <= 0x202E) ||
           (code >= 0x2060 && code <= 0x206F) || code == 0xFEFF;
}

struct Walk {
    const SourceText& text;
    Problems& problems;
    bool tab = false, hidden = false, directive = false;
    int depth = 0;

    void complain(bool& once, std::size_t at, std::string message, std::string remedy) {
        if (!once) problems.add(text.position(at), std::move(message), std::move(remedy));
        once = true;
    }

    /// False: stop here.
    bool line(std::size_t begin, std::size_t end) {
        const std::string& bytes = text.bytes();
        const std::size_t first = bytes.find_first_not_of(' ', begin);
        const bool comment = first < end && bytes[first] == '#';
        if (begin < end && bytes[begin] == '%') {
            complain(directive, begin, "a line that begins with '%' is a YAML directive, and none is allowed",
                     "remove the line");
        }
        for (std::size_t at = begin; at < end;) {
            const Character character = decode(bytes, at);
            if (character.bytes == 0) {
                problems.add(text.position(at),
                             "this is not UTF-8 text: byte " +
                                 hex(static_cast<unsigned char>(bytes[at]), "0x%02X") + " is in no character",
                             "save the file as UTF-8");
                return false;
            }
            if (character.code == '\t' && !comment) {
                complain(tab, at, "there is a tab here, and YAML does not indent with tabs",
                         "write spaces; inside a text write \"\\t\" in double quotes");
            } else if (character.code == '\r' && at + 1 == end && end < bytes.size()) {
                // The line break of other systems.
            } else if (is_hidden(character.code)) {
                complain(hidden, at,
                         "there is a character here that does not show: " + hex(character.code, "U+%04X"),
                         "remove it; inside a text write it as an escape in double quotes");
            } else if (!comment && !nest(character.code, at)) {
                return false;
            }
            at += character.bytes;
        }
        return true;
    }

    /// Counts brackets wherever they stand: a cheap upper bound that keeps the parser's memory small.
    bool nest(std::uint32_t code, std::size_t at) {
        if (code == '[' || code == '{') ++depth;
        if ((code == ']' || code == '}') && depth > 0) --depth;
        if (depth <= deepest_nesting) return true;
        problems.add(text.position(at),
                     "this is nested deeper than " + std::to_string(deepest_nesting) + " levels",
                     "close the brackets before it");
        return false;
    }
};

}  // namespace

SourceText::SourceText(std::string bytes) : bytes_(std::move(bytes)) {
    if (bytes_.starts_with("\xEF\xBB\xBF")) bytes_.erase(0, 3);
    lines_.push_back(0);
    for (std::size_t at = 0; at < bytes_.size(); ++at) {
        if (bytes_[at] == '\n') lines_.push_back(at + 1);
    }
}

std::size_t SourceText::offset(int line, int column) const {
    if (line < 0 || static_cast<std::size_t>(line) >= lines_.size()) return bytes_.size();
    return std::min(bytes_.size(),
                    lines_[static_cast<std::size_t>(line)] + static_cast<std::size_t>(std::max(column, 0)));
}

Position SourceText::position(int line, int column) const { return position(offset(line, column)); }

Position SourceText::position(std::size_t offset) const {
    const auto after = std::upper_bound(lines_.begin(), lines_.end(), offset);
    const std::size_t begin = *(after - 1);
    const auto column = std::count_if(bytes_.begin() + static_cast<std::ptrdiff_t>(begin),
                                      bytes_.begin() + static_cast<std::ptrdiff_t>(offset), [](char byte) {
                                          return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U;
                                      });
    return {static_cast<int>(after - lines_.begin()), static_cast<int>(column) + 1};
}

bool check_text(const SourceText& text, Problems& problems) {
    const std::string& bytes = text.bytes();
    Walk walk{.text = text, .problems = problems};
    for (std::size_t begin = 0; begin < bytes.size();) {
        const std::size_t end = std::min(bytes.find('\n', begin), bytes.size());
        if (!walk.line(begin, end)) return false;
        begin = end + 1;
    }
    return !walk.tab && !walk.hidden && !walk.directive;
}

}  // namespace rehearse
