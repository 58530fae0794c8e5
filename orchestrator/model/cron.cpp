// Reading five cron fields, with the column of what is wrong.
#include "orchestrator/model/cron.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "orchestrator/base/failure.h"

namespace rehearse {

namespace {

constexpr std::array<std::string_view, 12> months{"jan", "feb", "mar", "apr", "may", "jun",
                                                  "jul", "aug", "sep", "oct", "nov", "dec"};
constexpr std::array<std::string_view, 7> weekdays{"sun", "mon", "tue", "wed", "thu", "fri", "sat"};
constexpr std::string_view shape =
    "write minute, hour, day of month, month and day of week, like '0 3 * * 2'";

struct Nickname {
    std::string_view name, fields;
};
constexpr std::array<Nickname, 7> nicknames{{{"@yearly", "0 0 1 1 *"},
                                             {"@annually", "0 0 1 1 *"},
                                             {"@monthly", "0 0 1 * *"},
                                             {"@weekly", "0 0 * * 0"},
                                             {"@daily", "0 0 * * *"},
                                             {"@midnight", "0 0 * * *"},
                                             {"@hourly", "0 * * * *"}}};

struct FieldKind {
    std::string_view name;
    int least, most;
    std::span<const std::string_view> words = {};  // the first means `least`
};
constexpr std::array<FieldKind, 5> kinds{{{"minute", 0, 59},
                                          {"hour", 0, 23},
                                          {"day of month", 1, 31},
                                          {"month", 1, 12, months},
                                          {"day of week", 0, 7, weekdays}}};

struct Piece {
    std::string_view text;
    std::size_t column = 1;  // in the whole schedule, from 1
};

[[noreturn]] void reject(std::string message, std::string remedy) {
    throw Failure({.kind = FailureKind::invalid_input,
                   .operation = "read schedule",
                   .object = {},
                   .native_code = {},
                   .message = std::move(message),
                   .remedy = std::move(remedy)});
}

[[noreturn]] void reject(const Piece& piece, const FieldKind& kind, const std::string& why,
                         std::string remedy) {
    reject("column " + std::to_string(piece.column) + ": '" + std::string(piece.text) + "' " + why + " (" +
               std::string(kind.name) + ")",
           std::move(remedy));
}

std::string range_of(const FieldKind& kind) {
    std::string text =
        "write a number from " + std::to_string(kind.least) + " to " + std::to_string(kind.most);
    if (!kind.words.empty()) {
        text +=
            ", or a name from " + std::string(kind.words.front()) + " to " + std::string(kind.words.back());
    }
    return text;
}

std::vector<Piece> split(Piece whole, std::string_view separators, bool keep_empty) {
    std::vector<Piece> pieces;
    for (;;) {
        const std::size_t end = std::min(whole.text.find_first_of(separators), whole.text.size());
        if (end > 0 || keep_empty) pieces.push_back({whole.text.substr(0, end), whole.column});
        if (end == whole.text.size()) return pieces;
        whole = {whole.text.substr(end + 1), whole.column + end + 1};
    }
}

std::optional<int> number(std::string_view text) {
    int value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || text.empty() || text[0] == '-') return {};
    return value;
}

int value_of(const Piece& piece, const FieldKind& kind) {
    if (const auto value = number(piece.text)) {
        if (*value < kind.least || *value > kind.most) reject(piece, kind, "is out of range", range_of(kind));
        return *value;
    }
    std::string word(piece.text);
    for (char& letter : word) {
        if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
    }
    const auto found = std::find(kind.words.begin(), kind.words.end(), word);
    if (found == kind.words.end()) {
        reject(piece, kind, piece.text.empty() ? "is missing" : "is not understood", range_of(kind));
    }
    return kind.least + static_cast<int>(found - kind.words.begin());
}

struct Steps {
    int first = 0, last = 0, step = 1;
};

Steps steps_of(const Piece& part, const FieldKind& kind) {
    Steps steps;
    Piece base = part;
    const std::size_t slash = part.text.find('/');
    if (slash != std::string_view::npos) {
        base.text = part.text.substr(0, slash);
        const Piece step{part.text.substr(slash + 1), part.column + slash + 1};
        const auto value = number(step.text);
        if (!value || *value < 1 || *value > kind.most) {
            reject(step, kind, "is no step", "write a number from 1 to " + std::to_string(kind.most));
        }
        steps.step = *value;
    }
    if (base.text == "*") {
        steps.first = kind.least;
        steps.last = kind.most;
        return steps;
    }
    const std::size_t dash = base.text.find('-');
    if (dash == std::string_view::npos) {
        steps.first = steps.last = value_of(base, kind);
        if (slash != std::string_view::npos) {
            reject(part, kind, "has a step without a range",
                   "write " + std::string(base.text) + "-" + std::to_string(kind.most) +
                       std::string(part.text.substr(slash)));
        }
        return steps;
    }
    const Piece last{base.text.substr(dash + 1), base.column + dash + 1};
    steps.first = value_of({base.text.substr(0, dash), base.column}, kind);
    steps.last = value_of(last, kind);
    if (kind.words.size() == weekdays.size() && steps.last == 0 && steps.first > 0) steps.last = 7;
    if (steps.last < steps.first)
        reject(base, kind, "runs backwards", "write two ranges with a comma between");
    return steps;
}

template <std::size_t Size>
void fill(std::bitset<Size>& values, const Piece& field, const FieldKind& kind) {
    for (const Piece& part : split(field, ",", true)) {
        const Steps steps = steps_of(part, kind);
        for (int value = steps.first; value <= steps.last; value += steps.step) {
            values.set(static_cast<std::size_t>(value) % (kind.words.size() == weekdays.size() ? 7 : Size));
        }
    }
}

/// The Gregorian calendar repeats after 400 years: a day that is not in them never comes.
bool ever_fires(const CronFields& fields) {
    using namespace std::chrono;
    for (sys_days day = 2000y / 1 / 1; day < sys_days(2400y / 1 / 1); day += days(1)) {
        if (matches_day(fields, year_month_day(day), weekday(day))) return true;
    }
    return false;
}

}  // namespace

bool matches_day(const CronFields& fields, std::chrono::year_month_day date, std::chrono::weekday day) {
    if (!fields.months.test(static_cast<unsigned>(date.month()))) return false;
    const bool by_date = fields.days.test(static_cast<unsigned>(date.day()));
    const bool by_weekday = fields.weekdays.test(day.c_encoding());
    return fields.either_day ? by_date || by_weekday : by_date && by_weekday;
}

CronFields parse_cron_fields(std::string_view cron) {
    for (const Nickname& nickname : nicknames) {
        if (cron == nickname.name) {
            reject("'" + std::string(cron) + "' is not supported",
                   "write '" + std::string(nickname.fields) + "'");
        }
    }
    const std::vector<Piece> fields = split({cron, 1}, " \t", false);
    if (fields.size() != kinds.size()) {
        reject("'" + std::string(cron) + "' has " + std::to_string(fields.size()) +
                   (fields.size() == 1 ? " field" : " fields") + ", and must have five" +
                   (fields.size() == 6 ? "; seconds and years are not supported" : ""),
               std::string(shape));
    }
    CronFields parsed;
    fill(parsed.minutes, fields[0], kinds[0]);
    fill(parsed.hours, fields[1], kinds[1]);
    fill(parsed.days, fields[2], kinds[2]);
    fill(parsed.months, fields[3], kinds[3]);
    fill(parsed.weekdays, fields[4], kinds[4]);
    parsed.either_day = !fields[2].text.starts_with('*') && !fields[4].text.starts_with('*');
    if (!ever_fires(parsed)) {
        reject("'" + std::string(cron) + "' never fires: no year has such a day",
               "change the day of month or the month");
    }
    return parsed;
}

}  // namespace rehearse
