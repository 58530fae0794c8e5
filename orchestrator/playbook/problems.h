// The list that all checks of one file write their complaints to.
#pragma once

#include <algorithm>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "orchestrator/playbook/loader.h"

namespace rehearse {

/// A place in a file, counted from 1; columns count characters, not bytes. Line 0: the file as a whole.
struct Position {
    int line = 0;
    int column = 0;
    auto operator<=>(const Position&) const = default;
};

class Problems {
  public:
    explicit Problems(std::string file) : file_(std::move(file)) {}

    void add(Position at, std::string message, std::string remedy) {
        problems_.push_back({mark(at), std::move(message), std::move(remedy)});
    }
    void warn(Position at, std::string message, std::string remedy) {
        warnings_.push_back({mark(at), std::move(message), std::move(remedy)});
    }
    [[nodiscard]] SourceMark mark(Position at) const { return {file_, at.line, at.column}; }
    [[nodiscard]] const std::string& file() const { return file_; }
    [[nodiscard]] bool empty() const { return problems_.empty(); }

    /// In the order of the file's lines.
    [[nodiscard]] std::vector<Problem> problems() const { return sorted(problems_); }
    [[nodiscard]] std::vector<Problem> warnings() const { return sorted(warnings_); }

  private:
    static constexpr std::size_t most = 100;  // nobody reads more at once

    [[nodiscard]] static std::vector<Problem> sorted(std::vector<Problem> list) {
        std::stable_sort(list.begin(), list.end(), [](const Problem& a, const Problem& b) {
            return std::tie(a.mark.line, a.mark.column) < std::tie(b.mark.line, b.mark.column);
        });
        if (list.size() > most) {
            const std::string rest = std::to_string(list.size() - most + 1) + " more problems follow";
            list.resize(most);
            list.back() = {list.back().mark, rest, "mend those above first"};
        }
        return list;
    }

    std::string file_;
    std::vector<Problem> problems_, warnings_;
};

}  // namespace rehearse
