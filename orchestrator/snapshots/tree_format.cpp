// A tree object is "<octal mode> <name>\0<20 bytes of id>" for each entry.
#include "orchestrator/snapshots/tree_format.h"

#include <algorithm>
#include <utility>

namespace rehearse {
namespace {

std::string_view mode_text(TreeMode mode) {
    switch (mode) {
        case TreeMode::executable:
            return "100755";
        case TreeMode::directory:
            return "40000";
        case TreeMode::file:
        case TreeMode::other:
            return "100644";
    }
    return "100644";
}

TreeMode mode_from(std::string_view text) {
    if (text == "100644") return TreeMode::file;
    if (text == "100755") return TreeMode::executable;
    if (text == "40000") return TreeMode::directory;
    return TreeMode::other;  // a link or a submodule, which no snapshot has
}

bool comes_before(std::string_view a, bool a_is_directory, std::string_view b, bool b_is_directory) {
    const std::size_t shared = std::min(a.size(), b.size());
    if (const int order = a.substr(0, shared).compare(b.substr(0, shared)); order != 0) return order < 0;
    const auto next = [&](std::string_view name, bool is_directory) -> int {
        if (name.size() > shared) return static_cast<unsigned char>(name[shared]);
        return is_directory ? '/' : 0;
    };
    return next(a, a_is_directory) < next(b, b_is_directory);
}

}  // namespace

bool comes_before(const TreeItem& a, const TreeItem& b) {
    return comes_before(a.name, a.mode == TreeMode::directory, b.name, b.mode == TreeMode::directory);
}

std::optional<std::string> sort_tree(std::vector<TreeItem>& items) {
    // By name first: in git's order a file and a directory of one name need not be neighbours.
    std::sort(items.begin(), items.end(),
              [](const TreeItem& a, const TreeItem& b) { return a.name < b.name; });
    const auto twice = std::adjacent_find(
        items.begin(), items.end(), [](const TreeItem& a, const TreeItem& b) { return a.name == b.name; });
    if (twice != items.end()) return twice->name;
    std::sort(items.begin(), items.end(),
              [](const TreeItem& a, const TreeItem& b) { return comes_before(a, b); });
    return std::nullopt;
}

std::string encode_tree(const std::vector<TreeItem>& items) {
    std::size_t size = 0;
    for (const TreeItem& item : items) size += item.name.size() + ObjectId::size + 8;
    std::string content;
    content.reserve(size);
    for (const TreeItem& item : items) {
        content += mode_text(item.mode);
        content += ' ';
        content += item.name;
        content += '\0';
        content += item.id.raw();
    }
    return content;
}

std::optional<std::vector<TreeItem>> parse_tree(std::string_view content) {
    std::vector<TreeItem> items;
    while (!content.empty()) {
        const std::size_t space = content.find(' ');
        if (space == std::string_view::npos) return std::nullopt;
        const std::size_t end = content.find('\0', space);
        if (end == std::string_view::npos || content.size() - end - 1 < ObjectId::size) return std::nullopt;
        const std::string_view name = content.substr(space + 1, end - space - 1);
        if (name.empty() || name.find('/') != std::string_view::npos) return std::nullopt;
        TreeItem item{.name = std::string(name),
                      .id = ObjectId::from_raw(content.data() + end + 1),
                      .mode = mode_from(content.substr(0, space))};
        if (!items.empty() && !comes_before(items.back(), item)) return std::nullopt;
        items.push_back(std::move(item));
        content.remove_prefix(end + 1 + ObjectId::size);
    }
    return items;
}

const TreeItem* find_item(const std::vector<TreeItem>& items, std::string_view name) {
    for (const bool as_directory : {false, true}) {
        const auto found = std::lower_bound(
            items.begin(), items.end(), name, [&](const TreeItem& item, std::string_view wanted) {
                return comes_before(item.name, item.mode == TreeMode::directory, wanted, as_directory);
            });
        if (found != items.end() && found->name == name) return &*found;
    }
    return nullptr;
}

}  // namespace rehearse
