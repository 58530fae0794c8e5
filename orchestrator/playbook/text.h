// What a file must be before a YAML parser sees it: small, UTF-8, without tabs and hidden characters, not
// deeply nested. Also turns the parser's byte columns into the characters that editors count.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "orchestrator/playbook/problems.h"

namespace rehearse {

constexpr std::size_t largest_file = 1U << 20U;  // bytes
constexpr int deepest_nesting = 64;              // levels of lists and mappings

class SourceText {
  public:
    /// Takes the file's bytes; a byte order mark at the start is dropped.
    explicit SourceText(std::string bytes);

    [[nodiscard]] const std::string& bytes() const { return bytes_; }
    /// From a line and a byte column, both counted from 0. What lies behind the end becomes the end.
    [[nodiscard]] Position position(int line, int column) const;
    [[nodiscard]] Position position(std::size_t offset) const;
    [[nodiscard]] std::size_t offset(int line, int column) const;
    [[nodiscard]] Position end() const { return position(bytes_.size()); }

  private:
    std::string bytes_;
    std::vector<std::size_t> lines_;  // where each begins
};

/// Complains about what the text may not hold. False: it must not be parsed.
[[nodiscard]] bool check_text(const SourceText& text, Problems& problems);

}  // namespace rehearse
