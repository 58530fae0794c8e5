// Patterns: globs of file trees, of tables and of principals. A pattern, and below it the names it is tried
// on.
#include <fnmatch.h>

#include <algorithm>

#include "adapters/files/selector.h"
#include "adapters/postgresql/items.h"
#include "adapters/support/names.h"
#include "orchestrator/guard/allowed_signers.h"
#include "tests/fuzz/fuzz.h"

using namespace rehearse;
using namespace rehearse::fuzz;

namespace {

constexpr std::size_t longest_name = 255;  // bytes: no file system has longer ones

/// Both of ours against the C library's, where all three mean the same: * and ?, nothing else special.
void check_stars(const std::string& pattern, const std::string& name) {
    if (pattern.find_first_of("[\\") != std::string::npos || pattern.size() > longest_name) return;
    if (pattern.find('\0') != std::string::npos || name.find('\0') != std::string::npos) return;
    const bool expected = ::fnmatch(pattern.c_str(), name.c_str(), FNM_NOESCAPE) == 0;
    promise(files::matches_glob(pattern, name) == expected, "a glob matches what fnmatch(3) says");
    promise(matches_pattern(name, pattern) == expected, "a principal's pattern matches what fnmatch(3) says");
}

void check_paths(const std::string& pattern, std::string_view path) {
    const auto selector = accepted([&] { return files::Selector({pattern}, "items"); });
    if (!selector) return;
    files::Selector::State state = selector->start();
    const files::Selector everything({"**"}, "items");
    files::Selector::State all = everything.start();
    while (!path.empty()) {
        const std::size_t slash = std::min(path.find('/'), path.size());
        const std::string name(path.substr(0, std::min(slash, longest_name)));
        path.remove_prefix(std::min(slash + 1, path.size()));
        if (name.empty()) continue;
        const auto step = selector->step(state, name, escape_bytes(name), !path.empty());
        promise(step.matched.empty() || selector->could_match_in(state),
                "what matches in a folder could match there");
        const auto whole = everything.step(all, name, escape_bytes(name), !path.empty());
        promise(!whole.matched.empty(), "** matches every name");
        promise(step.state.positions.size() <= 2 * pattern.size() + 2,
                "a state is no larger than its pattern");
        state = step.state;
        all = whole.state;
    }
}

void check_tables(const std::string& pattern, const std::string& name) {
    const std::vector<postgresql::TableItem> tables{
        {.oid = "1", .name = "public.orders", .root = "1"},
        {.oid = "2", .name = name.empty() ? "x" : name, .root = "2"}};
    std::vector<std::string> unmatched;
    const auto selected = accepted([&] { return postgresql::select_items(tables, {pattern}, unmatched); });
    if (!selected) return;
    promise(selected->empty() == !unmatched.empty(),
            "a pattern selects something, or is named as one that doesn't");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view rest = text_of(data, size);
    const std::string pattern(take_line(rest));
    const std::string name(take_line(rest).substr(0, longest_name));
    check_stars(pattern, name);
    check_paths(pattern, rest.empty() ? std::string_view(name) : rest);
    check_tables(pattern, name);
    (void)matches_patterns(name, pattern);
    return 0;
}
