// Plain-text tables; see columns.h.
#include "orchestrator/report/columns.h"

#include <algorithm>
#include <cmath>

#include "orchestrator/report/words.h"

namespace rehearse::terminal {

namespace {

/// The code point at `at` of valid UTF-8, and how many bytes it has.
std::pair<std::uint32_t, std::size_t> point_at(std::string_view text, std::size_t at) {
    const auto first = static_cast<unsigned char>(text[at]);
    const std::size_t length = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    std::uint32_t point = length == 1 ? first : first & (0xFFU >> (length + 1));
    for (std::size_t k = 1; k < length && at + k < text.size(); ++k) {
        point = (point << 6U) | (static_cast<unsigned char>(text[at + k]) & 0x3FU);
    }
    return {point, length};
}

std::size_t width_of(std::uint32_t point) {
    if ((point >= 0x300 && point <= 0x36F) || (point >= 0xFE00 && point <= 0xFE0F)) return 0;
    const bool wide = (point >= 0x1100 && point <= 0x115F) || (point >= 0x2E80 && point <= 0xA4CF) ||
                      (point >= 0xAC00 && point <= 0xD7A3) || (point >= 0xF900 && point <= 0xFAFF) ||
                      (point >= 0xFE30 && point <= 0xFE6F) || (point >= 0xFF00 && point <= 0xFF60) ||
                      (point >= 0xFFE0 && point <= 0xFFE6) || (point >= 0x1F300 && point <= 0x1FAFF) ||
                      (point >= 0x20000 && point <= 0x3FFFD);
    return wide ? 2 : 1;
}

std::string_view code_of(Style style) {
    switch (style) {
        case Style::plain:
            return "";
        case Style::strong:
            return "1";
        case Style::quiet:
            return "2";
        case Style::good:
            return "32";
        case Style::warning:
            return "33";
        case Style::bad:
            return "1;31";
        case Style::odd:
            return "35";
    }
    return "";
}

}  // namespace

Style style_of(std::optional<Verdict> verdict) {
    if (!verdict) return Style::warning;
    switch (*verdict) {
        case Verdict::recovered:
            return Style::good;
        case Verdict::recovered_late:
            return Style::warning;
        case Verdict::recovered_different:
        case Verdict::inconclusive:
            return Style::odd;
        case Verdict::not_recovered:
            return Style::bad;
        case Verdict::refused:
        case Verdict::aborted:
            return Style::warning;
    }
    return Style::plain;
}

std::string styled(std::string_view text, Style style, bool colour) {
    const std::string shown = words::printable(text);
    const std::string_view code = code_of(style);
    if (!colour || code.empty() || shown.empty()) return shown;
    return "\x1b[" + std::string(code) + "m" + shown + "\x1b[0m";
}

std::size_t width(std::string_view text) {
    std::size_t columns = 0;
    for (std::size_t at = 0; at < text.size();) {
        const auto [point, length] = point_at(text, at);
        columns += width_of(point);
        at += length;
    }
    return columns;
}

std::string shortened(std::string_view text, std::size_t most) {
    const std::string shown = words::printable(text);
    if (width(shown) <= most) return shown;
    std::size_t columns = 0;
    std::size_t at = 0;
    while (at < shown.size()) {
        const auto [point, length] = point_at(shown, at);
        if (columns + width_of(point) + 1 > most) break;
        columns += width_of(point);
        at += length;
    }
    return shown.substr(0, at) + "…";
}

void Columns::row(std::vector<Cell> cells) {
    for (Cell& cell : cells) cell.text = words::printable(cell.text);
    rows_.push_back(std::move(cells));
}

std::string Columns::text(std::size_t indent, bool colour) const {
    std::vector<std::size_t> widths;
    for (const std::vector<Cell>& cells : rows_) {
        widths.resize(std::max(widths.size(), cells.size()));
        for (std::size_t i = 0; i < cells.size(); ++i) widths[i] = std::max(widths[i], width(cells[i].text));
    }
    std::string out;
    for (const std::vector<Cell>& cells : rows_) {
        std::string line(indent, ' ');
        std::size_t spaces = 0;  // owed before the next text, so that no line ends in spaces
        for (std::size_t i = 0; i < cells.size(); ++i) {
            if (widths[i] == 0) continue;  // nothing in this column in any row
            const std::size_t missing = widths[i] - width(cells[i].text);
            if (cells[i].right) spaces += missing;
            if (!cells[i].text.empty()) {
                line += std::string(spaces, ' ') + styled(cells[i].text, cells[i].style, colour);
                spaces = 0;
            } else {
                spaces += widths[i] - missing;
            }
            if (!cells[i].right) spaces += missing;
            spaces += 2;
        }
        out += line + "\n";
    }
    return out;
}

std::string bar(double from, double to, std::size_t size, bool thin) {
    const auto column = [size](double permille) {
        return static_cast<std::size_t>(
            std::lround(std::clamp(permille, 0.0, 1000.0) / 1000 * static_cast<double>(size)));
    };
    const std::size_t begin = std::min(column(from), size - 1);
    const std::size_t end = std::max(column(to), begin + 1);
    std::string out(begin, ' ');
    for (std::size_t i = begin; i < end; ++i) out += thin ? "━" : "█";
    return out;
}

}  // namespace rehearse::terminal
