// Figures and names for people; see words.h.
#include "orchestrator/report/words.h"

#include <cmath>
#include <cstdio>
#include <cstdlib>

namespace rehearse::words {

std::string_view verdict(std::optional<Verdict> verdict) {
    if (!verdict) return "Unfinished";
    switch (*verdict) {
        case Verdict::recovered:
            return "Recovered";
        case Verdict::recovered_late:
            return "Recovered late";
        case Verdict::recovered_different:
            return "Recovered different";
        case Verdict::inconclusive:
            return "Inconclusive";
        case Verdict::refused:
            return "Refused";
        case Verdict::aborted:
            return "Aborted";
        case Verdict::not_recovered:
            return "Not recovered";
    }
    return "Unknown";
}

std::string_view verdict_meaning(std::optional<Verdict> verdict) {
    if (!verdict) return "The drill has not ended: nothing is claimed for it.";
    switch (*verdict) {
        case Verdict::recovered:
            return "The environment served again within its targets, and its state was proved equal to the "
                   "snapshot.";
        case Verdict::recovered_late:
            return "The environment came back and was proved equal, but a target was missed.";
        case Verdict::recovered_different:
            return "The environment came back, but its state is not equal to the snapshot, or a rollback "
                   "left "
                   "something behind.";
        case Verdict::inconclusive:
            return "Something that the verdict needs was lost, so no time to recover is claimed.";
        case Verdict::refused:
            return "The guard refused the plan: nothing was touched.";
        case Verdict::aborted:
            return "The drill was stopped before its end; what was destroyed so far is back.";
        case Verdict::not_recovered:
            return "The environment could not be brought back by the drill: a person is needed.";
    }
    return "";
}

std::string_view verdict_key(std::optional<Verdict> verdict) {
    return verdict ? to_string(*verdict) : std::string_view("unfinished");
}

std::string time(std::int64_t milliseconds) {
    if (milliseconds < 0) return "-" + time(-milliseconds);
    char text[64];
    if (milliseconds < 1000) {
        std::snprintf(text, sizeof text, "%d ms", static_cast<int>(milliseconds));
    } else if (milliseconds < 120'000) {
        std::snprintf(text, sizeof text, "%lld.%03d s", static_cast<long long>(milliseconds / 1000),
                      static_cast<int>(milliseconds % 1000));
    } else if (milliseconds < 3'600'000) {
        std::snprintf(text, sizeof text, "%lld min %02d.%d s", static_cast<long long>(milliseconds / 60'000),
                      static_cast<int>(milliseconds / 1000 % 60),
                      static_cast<int>(milliseconds % 1000 / 100));
    } else {
        std::snprintf(
            text, sizeof text, "%lld h %02d min %02d s", static_cast<long long>(milliseconds / 3'600'000),
            static_cast<int>(milliseconds / 60'000 % 60), static_cast<int>(milliseconds / 1000 % 60));
    }
    return text;
}

std::string time_with_uncertainty(std::int64_t milliseconds, std::int64_t uncertainty) {
    std::string width = time(uncertainty);
    if (milliseconds >= 1000 && milliseconds < 120'000 && uncertainty < 1000) {
        char text[32];
        std::snprintf(text, sizeof text, "0.%03d s", static_cast<int>(uncertainty));
        width = text;
    }
    return time(milliseconds) + " ± " + width;
}

std::string after(std::optional<std::int64_t> milliseconds) {
    if (!milliseconds) return "not measured";
    return *milliseconds < 0 ? time(*milliseconds) : "+" + time(*milliseconds);
}

std::string target(std::int64_t milliseconds) {
    if (milliseconds % 1000 != 0 || milliseconds < 0) return time(milliseconds);
    const std::int64_t seconds = milliseconds / 1000;
    std::string text;
    const auto part = [&text](std::int64_t number, const char* unit) {
        if (number == 0) return;
        if (!text.empty()) text += ' ';
        text += std::to_string(number) + " " + unit;
    };
    part(seconds / 86400, "d");
    part(seconds / 3600 % 24, "h");
    part(seconds / 60 % 60, "min");
    part(seconds % 60, "s");
    return text.empty() ? "0 s" : text;
}

std::string bytes(std::int64_t count_) {
    if (count_ < 1024) return plural(count_, "byte", "bytes");
    static constexpr const char* units[] = {"KiB", "MiB", "GiB", "TiB", "PiB"};
    double value = static_cast<double>(count_) / 1024;
    std::size_t unit = 0;
    while (value >= 1023.95 && unit + 1 < std::size(units)) {
        value /= 1024;
        ++unit;
    }
    char text[48];
    std::snprintf(text, sizeof text, "%.1f %s", value, units[unit]);
    return text;
}

std::string count(std::int64_t number) {
    std::string digits = std::to_string(number);
    const std::size_t sign = number < 0 ? 1 : 0;
    for (std::size_t at = digits.size(); at > sign + 3; at -= 3) digits.insert(at - 3, ",");
    return digits;
}

std::string plural(std::int64_t number, std::string_view one, std::string_view many) {
    return count(number) + " " + std::string(number == 1 ? one : many);
}

std::string share(double value) {
    char text[32];
    std::snprintf(text, sizeof text, "%.1f %%", std::floor(value * 1000 + 1e-9) / 10);
    return text;
}

std::string wall(WallTime time) {
    const std::string text = to_rfc3339(time);  // 2026-11-23T21:45:00.123Z
    return text.substr(0, 10) + " " + text.substr(11, 8) + " UTC";
}

std::string day(WallTime time) { return to_rfc3339(time).substr(0, 10); }

std::string spaced(std::string_view name) {
    std::string text(name);
    for (char& c : text) {
        if (c == '_') c = ' ';
    }
    return text;
}

namespace {

/// The length in bytes and the code point of the valid UTF-8 sequence at `at`; length 0 where there is none.
struct Sequence {
    std::size_t length = 0;
    std::uint32_t point = 0;
};

Sequence sequence_at(std::string_view text, std::size_t at) {
    const auto byte = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char first = byte(at);
    if (first < 0x80) return {1, first};
    const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : first >= 0xC2 ? 2 : 0;
    if (length == 0 || first > 0xF4 || at + length > text.size()) return {};
    std::uint32_t point = first & (0xFFU >> (length + 1));
    for (std::size_t k = 1; k < length; ++k) {
        if ((byte(at + k) & 0xC0U) != 0x80U) return {};
        point = (point << 6U) | (byte(at + k) & 0x3FU);
    }
    static constexpr std::uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    if (point < least[length] || point > 0x10FFFF || (point >= 0xD800 && point <= 0xDFFF)) return {};
    return {length, point};
}

/// Characters that change what a reader sees around them, or that XML can't hold.
bool is_hostile(std::uint32_t point) {
    return (point >= 0x7F && point <= 0x9F) || point == 0x061C || (point >= 0x200B && point <= 0x200F) ||
           (point >= 0x2028 && point <= 0x202E) || (point >= 0x2060 && point <= 0x206F) || point == 0xFEFF ||
           (point & 0xFFFEU) == 0xFFFE || (point >= 0xE0000 && point <= 0xE0FFF);
}

}  // namespace

bool is_utf8(std::string_view text) {
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t length = sequence_at(text, at).length;
        if (length == 0) return false;
        at += length;
    }
    return true;
}

std::string printable(std::string_view text, bool keep_lines) {
    std::string out;
    out.reserve(text.size());
    char escape[16];
    for (std::size_t at = 0; at < text.size();) {
        const Sequence sequence = sequence_at(text, at);
        const auto byte = static_cast<unsigned char>(text[at]);
        if (sequence.length == 0 || byte < 0x20 || byte == 0x7F) {
            if (keep_lines && byte == '\n') {
                out += '\n';
            } else if (byte == '\n') {
                out += "\\n";
            } else if (byte == '\t') {
                out += keep_lines ? "    " : "\\t";
            } else {
                std::snprintf(escape, sizeof escape, "\\x%02x", static_cast<unsigned>(byte));
                out += escape;
            }
            ++at;
        } else if (is_hostile(sequence.point)) {
            std::snprintf(escape, sizeof escape, "\\u{%04x}", static_cast<unsigned>(sequence.point));
            out += escape;
            at += sequence.length;
        } else {
            out += text.substr(at, sequence.length);
            at += sequence.length;
        }
    }
    return out;
}

}  // namespace rehearse::words
