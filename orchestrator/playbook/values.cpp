// The checks of single values, and the example that each remedy shows.
#include "orchestrator/playbook/values.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <vector>

#include "orchestrator/base/clock.h"
#include "orchestrator/base/failure.h"
#include "orchestrator/model/cron.h"
#include "orchestrator/model/zone.h"

namespace rehearse {

namespace {

constexpr std::size_t longest_name = 63;
constexpr std::size_t longest_schedule = 200;

bool is_digit(char letter) { return letter >= '0' && letter <= '9'; }
bool is_letter(char letter) { return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z'); }
bool all_digits(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), is_digit);
}
/// What a function of the model says against a value. It repeats the value: one with control characters never
/// gets there.
template <class Function>
MaybeComplaint complaint_of(std::string_view text, Function function) {
    const bool odd = std::any_of(text.begin(), text.end(), [](char letter) {
        return static_cast<unsigned char>(letter) < 0x20 || letter == 0x7F;
    });
    if (odd)
        return Complaint{"is '" + shortened(text) + "', which is not on one line", "leave line ends out"};
    try {
        function();
        return std::nullopt;
    } catch (const Failure& failure) {
        return Complaint{"is refused: " + failure.fields().message, failure.fields().remedy};
    }
}

std::string in_quotes(std::string_view text) { return "'" + shortened(text) + "'"; }

}  // namespace

std::string shortened(std::string_view text) {
    constexpr std::size_t most = 60;
    std::size_t end = std::min(most, text.size());
    // Not in the middle of a character.
    while (end > 0 && end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
    std::string out;
    for (const char letter : text.substr(0, end)) {
        if (letter == '\n') {
            out += "\\n";
        } else if (letter == '\t') {
            out += "\\t";
        } else if (static_cast<unsigned char>(letter) < 0x20 || letter == 0x7F) {
            out += '?';
        } else {
            out += letter;
        }
    }
    return end < text.size() ? out + "..." : out;
}

MaybeComplaint check_name(std::string_view text) {
    const std::string rule = "use letters, digits, '-', '_' and '.', beginning with a letter or digit";
    if (text.empty()) return Complaint{"is empty", rule};
    if (text.size() > longest_name) {
        return Complaint{"is longer than 63 characters", "shorten it; it names branches and folders"};
    }
    for (const char letter : text) {
        if (!is_letter(letter) && !is_digit(letter) && letter != '-' && letter != '_' && letter != '.') {
            return Complaint{"is " + in_quotes(text) + ", which holds a character that names may not have",
                             rule};
        }
    }
    if (!is_letter(text.front()) && !is_digit(text.front())) {
        return Complaint{"is " + in_quotes(text) + ", which begins with '" + text.front() + "'", rule};
    }
    const bool ends_badly = text.back() == '.' || text.ends_with(".lock");
    if (ends_badly || text.find("..") != std::string_view::npos || text == "HEAD") {
        return Complaint{"is " + in_quotes(text) + ", which git refuses as a name",
                         "leave out '..', a '.' or '.lock' at the end, and the word HEAD"};
    }
    return std::nullopt;
}

MaybeComplaint check_duration(std::string_view text) {
    if (all_digits(text)) {
        return Complaint{
            "is " + shortened(text) + ", without a unit",
            "write \"" + shortened(text) + "s\" for seconds or \"" + shortened(text) + "m\" for minutes"};
    }
    try {
        if (parse_duration(text) > Duration::zero()) return std::nullopt;
        return Complaint{"is zero", "write how long it is, like \"10s\""};
    } catch (const Failure&) {
        return Complaint{
            "is " + in_quotes(text) + ", which is no duration",
            "write numbers with the units ms, s, m, h or d, like \"250ms\", \"15m\" or \"1h30m\""};
    }
}

MaybeComplaint check_integer(std::string_view text, bool quoted, std::int64_t minimum, std::int64_t maximum) {
    const std::string example =
        "write digits without quotes, like " + std::to_string(std::max<std::int64_t>(minimum, 1));
    if (quoted) {
        return Complaint{"is " + in_quotes(text) + " in quotes, which makes it a text",
                         all_digits(text) ? "write " + shortened(text) + " without quotes" : example};
    }
    const bool negative = text.starts_with('-');
    const std::string_view digits = negative ? text.substr(1) : text;
    if (!all_digits(digits))
        return Complaint{"is " + in_quotes(text) + ", which is no whole number", example};
    if (digits.size() > 1 && digits.front() == '0') {
        const std::string_view plain =
            digits.substr(std::min(digits.find_first_not_of('0'), digits.size() - 1));
        return Complaint{"is " + shortened(text) + ", and a number that begins with 0 may be read as octal",
                         "write " + shortened(plain)};
    }
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error == std::errc() && end == text.data() + text.size() && value >= minimum && value <= maximum) {
        return std::nullopt;
    }
    if (maximum == std::numeric_limits<std::int64_t>::max()) {
        return Complaint{"is " + shortened(text) + ", and must be " + std::to_string(minimum) + " or more",
                         "write a larger number"};
    }
    const std::string range = std::to_string(minimum) + " to " + std::to_string(maximum);
    return Complaint{"is " + shortened(text) + ", and must be from " + range, "write a number from " + range};
}

MaybeComplaint check_boolean(std::string_view text, bool quoted) {
    if (!quoted && (text == "true" || text == "false")) return std::nullopt;
    return Complaint{"is " + in_quotes(text) + (quoted ? " in quotes" : "") + ", and must be true or false",
                     "write true or false, in small letters and without quotes"};
}

MaybeComplaint check_share(std::string_view text) {
    const std::string remedy = "write a percentage, like \"25%\" or \"12.5%\"";
    const Complaint none{"is " + in_quotes(text) + ", which is no share", remedy};
    if (all_digits(text)) {
        return Complaint{"is " + shortened(text) + ", without '%'", "write \"" + shortened(text) + "%\""};
    }
    if (!text.ends_with('%')) return none;
    const std::string_view number = text.substr(0, text.size() - 1);
    const std::size_t point = number.find('.');
    const std::string_view whole = number.substr(0, point);
    if (!all_digits(whole) || whole.size() > 3) return none;
    if (point != std::string_view::npos) {
        const std::string_view rest = number.substr(point + 1);
        if (!all_digits(rest)) return none;
        if (rest.size() > 1) {
            return Complaint{"is " + in_quotes(text) + ", which is finer than a tenth of a percent", remedy};
        }
    }
    if (permille(text) > 1000) return Complaint{"is " + in_quotes(text) + ", which is more than all", remedy};
    return std::nullopt;
}

std::uint64_t permille(std::string_view share) {
    std::uint64_t value = 0;
    bool fraction = false;
    for (const char letter : share) {
        if (is_digit(letter)) value = value * 10 + static_cast<std::uint64_t>(letter - '0');
        if (letter == '.') fraction = true;
    }
    return fraction ? value : value * 10;
}

MaybeComplaint check_url(std::string_view text) {
    const std::string remedy = "write it whole, like \"http://127.0.0.1:8080/health\"";
    const std::size_t scheme = text.starts_with("http://") ? 7 : text.starts_with("https://") ? 8 : 0;
    // A URL may hold a password: it is never repeated.
    if (scheme == 0) return Complaint{"does not begin with http:// or https://", remedy};
    const std::string_view authority =
        text.substr(scheme, std::min(text.find_first_of("/?#", scheme), text.size()) - scheme);
    if (authority.find('@') != std::string_view::npos) {
        return Complaint{"holds a user or password, and plans and reports would show it",
                         "take it out; a command probe can read it from a file that only you can read"};
    }
    if (authority.empty() || authority.front() == ':') return Complaint{"names no host", remedy};
    const bool odd = std::any_of(text.begin(), text.end(), [](char letter) {
        return static_cast<unsigned char>(letter) <= 0x20 || letter == 0x7F;
    });
    if (odd) return Complaint{"holds a space or a line break", "write %20 for a space"};
    return std::nullopt;
}

MaybeComplaint check_path(std::string_view text) {
    if (text.empty()) return Complaint{"is empty", "write a path; relative ones begin at this file's folder"};
    if (text.starts_with('~')) {
        return Complaint{"begins with '~', which only shells replace",
                         "write the whole path, or \"./~\" for a name that begins so"};
    }
    if (text.find("${") != std::string_view::npos || text.starts_with('$')) {
        return Complaint{"holds a '$', and variables are not replaced", "write the whole path"};
    }
    return std::nullopt;
}

MaybeComplaint check_time_of_day(std::string_view text, std::string_view latest) {
    const bool shaped =
        text.size() == 5 && text[2] == ':' && all_digits(text.substr(0, 2)) && all_digits(text.substr(3));
    if (shaped && text.substr(3) < "60" && text <= latest) return std::nullopt;
    return Complaint{
        "is " + in_quotes(text) + ", which is no time of day",
        "write hours and minutes with two digits each, from \"00:00\" to \"" + std::string(latest) + "\""};
}

MaybeComplaint check_instant(std::string_view text) {
    try {
        static_cast<void>(parse_rfc3339(text));
        return std::nullopt;
    } catch (const Failure&) {
        return Complaint{"is " + in_quotes(text) + ", which is no instant",
                         "write date, time and offset, before 2262, like \"2026-12-20T18:00:00+01:00\""};
    }
}

MaybeComplaint check_timezone(std::string_view text) {
    if (text.size() > longest_name) {
        return Complaint{"is longer than any time zone's name", "write it like \"Europe/Berlin\" or \"UTC\""};
    }
    return complaint_of(text, [&] { static_cast<void>(Zone(text)); });
}

MaybeComplaint check_cron(std::string_view text) {
    if (text.size() > longest_schedule) {
        return Complaint{"is longer than 200 characters", "write five fields, like \"0 3 * * 2\""};
    }
    return complaint_of(text, [&] { static_cast<void>(parse_cron_fields(text)); });
}

}  // namespace rehearse
