// Damerau-Levenshtein distance (restricted), over short words only.
#include "orchestrator/playbook/nearest.h"

#include <algorithm>
#include <cctype>

namespace rehearse {

namespace {

constexpr std::size_t longest_word = 64;

char lower(char letter) { return static_cast<char>(std::tolower(static_cast<unsigned char>(letter))); }

}  // namespace

std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const bool same = lower(a[i - 1]) == lower(b[j - 1]);
            row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (same ? 0U : 1U)});
            if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) && lower(a[i - 2]) == lower(b[j - 1])) {
                row[j] = std::min(row[j], before[j - 2] + 1);
            }
        }
        before.swap(last);
        last.swap(row);
    }
    return last[b.size()];
}

namespace {

/// "monday" for "mon", "conf" for "config".
bool begins_alike(std::string_view a, std::string_view b) {
    const std::size_t common = std::min(a.size(), b.size());
    return common >= 3 && edit_distance(a.substr(0, common), b.substr(0, common)) == 0;
}

}  // namespace

std::string_view nearest(std::string_view word, std::span<const std::string_view> known) {
    if (word.size() > longest_word) return {};
    std::string_view best;
    std::size_t best_distance = std::max<std::size_t>(1, word.size() / 3) + 1;
    for (const std::string_view candidate : known) {
        const std::size_t distance = edit_distance(word, candidate);
        if (distance < best_distance && distance < candidate.size()) {
            best = candidate;
            best_distance = distance;
        }
    }
    if (!best.empty()) return best;
    const auto found = std::find_if(known.begin(), known.end(), [&](std::string_view candidate) {
        return begins_alike(word, candidate);
    });
    return found == known.end() ? best : *found;
}

std::string suggestion(std::string_view word, std::span<const std::string_view> known,
                       std::string_view choices) {
    const std::string_view near = nearest(word, known);
    if (!near.empty()) return "did you mean '" + std::string(near) + "'?";
    return std::string(choices) + " " + listed(known);
}

std::string listed(std::span<const std::string_view> words) {
    std::string text;
    for (const std::string_view word : words) text += (text.empty() ? "" : ", ") + std::string(word);
    return text;
}

}  // namespace rehearse
