// What may stand in each field; which instants it means is the scheduler's work.
#include "orchestrator/playbook/cron.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <span>
#include <string>
#include <vector>

namespace rehearse {

namespace {

constexpr std::array<std::string_view, 12> months{"jan", "feb", "mar", "apr", "may", "jun",
                                                  "jul", "aug", "sep", "oct", "nov", "dec"};
constexpr std::array<std::string_view, 7> weekdays{"sun", "mon", "tue", "wed", "thu", "fri", "sat"};

struct Field {
    std::string_view name;
    int least, most;
    std::span<const std::string_view> words = {};  // the first means `least`
};
constexpr std::array<Field, 5> fields{{{"minute", 0, 59},
                                       {"hour", 0, 23},
                                       {"day of month", 1, 31},
                                       {"month", 1, 12, months},
                                       {"day of week", 0, 7, weekdays}}};

std::vector<std::string_view> split(std::string_view text, std::string_view separators, bool keep_empty) {
    std::vector<std::string_view> parts;
    while (true) {
        const std::size_t end = std::min(text.find_first_of(separators), text.size());
        if (end > 0 || keep_empty) parts.push_back(text.substr(0, end));
        if (end == text.size()) return parts;
        text.remove_prefix(end + 1);
    }
}

/// -1: not a value of the field.
int number(std::string_view text, const Field& field) {
    int value = -1;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error == std::errc() && end == text.data() + text.size()) {
        return value >= field.least && value <= field.most ? value : -1;
    }
    std::string word(text);
    std::transform(word.begin(), word.end(), word.begin(),
                   [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
    const auto found = std::find(field.words.begin(), field.words.end(), word);
    return found == field.words.end() ? -1 : field.least + static_cast<int>(found - field.words.begin());
}

bool is_part(std::string_view part, const Field& field) {
    const std::size_t slash = part.find('/');
    if (slash != std::string_view::npos) {
        const Field step{"step", 1, field.most};
        if (number(part.substr(slash + 1), step) < 1) return false;
        part = part.substr(0, slash);
        if (part != "*" && part.find('-') == std::string_view::npos) return false;
    }
    if (part == "*") return true;
    const std::size_t dash = part.find('-');
    if (dash == std::string_view::npos) return number(part, field) >= 0;
    const int first = number(part.substr(0, dash), field);
    const int last = number(part.substr(dash + 1), field);
    return first >= 0 && last >= first;
}

}  // namespace

MaybeComplaint check_cron(std::string_view text) {
    const std::string remedy = "write minute, hour, day of month, month and day of week, like \"0 3 * * 2\"";
    const std::vector<std::string_view> parts = split(text, " ", false);
    if (parts.size() != fields.size()) {
        return Complaint{"has " + std::to_string(parts.size()) + (parts.size() == 1 ? " field" : " fields") +
                             ", and must have five",
                         remedy};
    }
    for (std::size_t i = 0; i < fields.size(); ++i) {
        const Field& field = fields.at(i);
        const std::vector<std::string_view> values = split(parts[i], ",", true);
        if (std::all_of(values.begin(), values.end(),
                        [&](std::string_view value) { return is_part(value, field); })) {
            continue;
        }
        return Complaint{"has '" + shortened(parts[i]) + "' for the " + std::string(field.name) +
                             ", which runs from " + std::to_string(field.least) + " to " +
                             std::to_string(field.most),
                         remedy};
    }
    return std::nullopt;
}

}  // namespace rehearse
