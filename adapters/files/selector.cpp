// Each pattern is a small automaton over path components; a state is the set of positions reached.
#include "adapters/files/selector.h"

#include <algorithm>

#include "orchestrator/base/failure.h"

namespace rehearse::files {

namespace {

constexpr std::string_view any_depth = "**";

/// Matches `[...]` at the beginning of `glob` against `c`; moves `glob` behind it. False in `closed` where
/// the bracket has no end: then '[' is an ordinary character.
bool matches_class(std::string_view& glob, unsigned char c, bool& closed) {
    std::size_t at = 1;
    const bool negated = at < glob.size() && (glob[at] == '!' || glob[at] == '^');
    if (negated) ++at;
    bool matched = false;
    for (bool first = true; at < glob.size() && (first || glob[at] != ']'); first = false) {
        const auto take = [&] {
            if (glob[at] == '\\' && at + 1 < glob.size()) ++at;
            return static_cast<unsigned char>(glob[at++]);
        };
        const unsigned char low = take();
        unsigned char high = low;
        if (at + 1 < glob.size() && glob[at] == '-' && glob[at + 1] != ']') {
            ++at;
            high = take();
        }
        matched = matched || (c >= low && c <= high);
    }
    closed = at < glob.size();
    if (closed) glob.remove_prefix(at + 1);
    return closed && matched != negated;
}

}  // namespace

bool matches_glob(std::string_view glob, std::string_view name) {
    std::string_view star_glob;
    std::string_view star_name;
    bool has_star = false;
    while (true) {
        if (!glob.empty() && glob.front() == '*') {
            glob.remove_prefix(1);
            star_glob = glob;
            star_name = name;
            has_star = true;
            continue;
        }
        bool matched = false;
        std::string_view rest = glob;
        if (name.empty() && glob.empty()) return true;
        if (!name.empty() && !rest.empty()) {
            const auto c = static_cast<unsigned char>(name.front());
            bool closed = false;
            if (rest.front() == '?') {
                matched = true;
                rest.remove_prefix(1);
            } else if (rest.front() == '[') {
                matched = matches_class(rest, c, closed);
            }
            if (!matched && !closed && rest.front() != '?') {
                if (rest.front() == '\\' && rest.size() > 1) rest.remove_prefix(1);
                matched = static_cast<unsigned char>(rest.front()) == c;
                rest.remove_prefix(1);
            }
        }
        if (matched) {
            glob = rest;
            name.remove_prefix(1);
            continue;
        }
        if (!has_star || star_name.empty()) return false;
        star_name.remove_prefix(1);
        name = star_name;
        glob = star_glob;
    }
}

Selector::Selector(const std::vector<std::string>& patterns, const std::string& option) : texts_(patterns) {
    for (const std::string& text : patterns) {
        Pattern pattern;
        std::string_view rest = text;
        pattern.folders_only = rest.ends_with('/');
        while (!rest.empty()) {
            const std::size_t slash = std::min(rest.find('/'), rest.size());
            const std::string_view segment = rest.substr(0, slash);
            rest.remove_prefix(std::min(slash + 1, rest.size()));
            if (segment.empty() || segment == ".") continue;
            if (segment == "..") {
                throw Failure({.kind = FailureKind::invalid_input,
                               .operation = "select files",
                               .object = text,
                               .message = option + " cannot leave the root by '..'",
                               .remedy = "write the pattern relative to the root"});
            }
            if (segment == any_depth && !pattern.segments.empty() && pattern.segments.back() == any_depth)
                continue;
            pattern.segments.emplace_back(segment);
        }
        if (pattern.segments.empty()) {
            throw Failure({.kind = FailureKind::invalid_input,
                           .operation = "select files",
                           .object = text,
                           .message = option + " has a pattern that matches nothing",
                           .remedy = "write \"**\" for everything below the root"});
        }
        patterns_.push_back(std::move(pattern));
    }
}

void Selector::enter(State& state, std::uint32_t pattern, std::uint32_t segment) const {
    state.positions.push_back({pattern, segment});
    const std::vector<std::string>& segments = patterns_[pattern].segments;
    // "**" between folders may stand for none at all; at the end it stands for at least one name.
    if (segments[segment] == any_depth && segment + 1 < segments.size()) enter(state, pattern, segment + 1);
}

Selector::State Selector::start() const {
    State state;
    for (std::uint32_t pattern = 0; pattern < patterns_.size(); ++pattern) enter(state, pattern, 0);
    return state;
}

Selector::Step Selector::step(const State& state, std::string_view name, std::string_view shown_name,
                              bool is_folder) const {
    Step result;
    for (const State::Position& position : state.positions) {
        const Pattern& pattern = patterns_[position.pattern];
        const std::string& segment = pattern.segments[position.segment];
        const bool last = position.segment + 1 == pattern.segments.size();
        const bool deep = segment == any_depth;
        if (deep && is_folder) enter(result.state, position.pattern, position.segment);
        if (!deep && !matches_glob(segment, name) && !(name != shown_name && segment == shown_name)) continue;
        if (last) {
            if (is_folder || !pattern.folders_only) result.matched.push_back(position.pattern);
        } else if (!deep && is_folder) {
            enter(result.state, position.pattern, position.segment + 1);
        }
    }
    std::sort(result.state.positions.begin(), result.state.positions.end());
    result.state.positions.erase(std::unique(result.state.positions.begin(), result.state.positions.end()),
                                 result.state.positions.end());
    return result;
}

bool Selector::could_match_in(const State& state) const {
    return std::any_of(state.positions.begin(), state.positions.end(), [&](const State::Position& position) {
        return position.segment + 1 == patterns_[position.pattern].segments.size();
    });
}

}  // namespace rehearse::files
