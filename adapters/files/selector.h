// Globs on paths, matched one component at a time on the way down: no path is ever put together, and a folder
// that nothing can match in need not be opened.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace rehearse::files {

/// A set of globs relative to a root. `*` `?` `[a-z]` stay within one name, `**` spans folders, a backslash
/// takes the next character as it is; a pattern that ends with '/' means folders only. What matches a folder
/// selects all that is in it. A name may be written as it is or escaped as it is shown.
class Selector {
  public:
    /// Where a walk stands in each pattern. One state per folder.
    struct State {
        struct Position {
            std::uint32_t pattern;
            std::uint32_t segment;
            auto operator<=>(const Position&) const = default;
        };
        std::vector<Position> positions{};
    };
    struct Step {
        State state{};                         // for what is below, where the name is a folder
        std::vector<std::uint32_t> matched{};  // patterns that match exactly here
    };

    Selector() = default;
    /// Fails: invalid_input for an empty pattern or one with a ".." in it; `option` names where they come
    /// from.
    Selector(const std::vector<std::string>& patterns, const std::string& option);

    [[nodiscard]] bool empty() const { return patterns_.empty(); }
    [[nodiscard]] const std::vector<std::string>& texts() const { return texts_; }
    [[nodiscard]] State start() const;
    [[nodiscard]] Step step(const State& state, std::string_view name, std::string_view shown_name,
                            bool is_folder) const;
    /// Whether something directly in a folder with this state could match.
    [[nodiscard]] bool could_match_in(const State& state) const;

  private:
    struct Pattern {
        std::vector<std::string> segments{};  // "**" spans folders
        bool folders_only = false;
    };
    void enter(State& state, std::uint32_t pattern, std::uint32_t segment) const;

    std::vector<std::string> texts_;
    std::vector<Pattern> patterns_;
};

/// One name against one glob without slashes.
[[nodiscard]] bool matches_glob(std::string_view glob, std::string_view name);

}  // namespace rehearse::files
