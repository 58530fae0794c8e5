// Plain-text tables: cells of styled text, padded to their display width.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/model/drill.h"

namespace rehearse::terminal {

enum class Style { plain, strong, quiet, good, warning, bad, odd };
[[nodiscard]] Style style_of(std::optional<Verdict> verdict);

/// The text with its escape codes, or as it is without `colour`. Makes the text printable first.
[[nodiscard]] std::string styled(std::string_view text, Style style, bool colour);
/// Columns that a terminal gives the (printable) text: 2 for wide characters, 0 for combining ones.
[[nodiscard]] std::size_t width(std::string_view text);
/// `text` as long as it fits into `most` columns; beyond that its beginning and an ellipsis.
[[nodiscard]] std::string shortened(std::string_view text, std::size_t most);

struct Cell {
    std::string text{};
    Style style = Style::plain;
    bool right = false;  // aligned to the right
};

class Columns {
  public:
    void row(std::vector<Cell> cells);
    /// Every row with `indent` spaces before it and two between columns, without spaces at its end.
    [[nodiscard]] std::string text(std::size_t indent, bool colour) const;
    [[nodiscard]] bool empty() const { return rows_.empty(); }

  private:
    std::vector<std::vector<Cell>> rows_;
};

/// A bar from `from` to `to` (in thousandths) on a line of `size` columns, at least one block long.
[[nodiscard]] std::string bar(double from, double to, std::size_t size, bool thin);

}  // namespace rehearse::terminal
