// git's tree objects: entries in git's order, written and parsed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/snapshots/object_id.h"

namespace rehearse {

enum class TreeMode : std::uint8_t { file, executable, directory, other };

struct TreeItem {
    std::string name;
    ObjectId id;
    TreeMode mode = TreeMode::file;
};

/// git's order: by bytes, a directory's name as if it ended in '/'.
[[nodiscard]] bool comes_before(const TreeItem& a, const TreeItem& b);
/// Sorts the items in git's order. Gives the first name that is there twice.
[[nodiscard]] std::optional<std::string> sort_tree(std::vector<TreeItem>& items);
/// The bytes of the tree object; `items` are in git's order.
[[nodiscard]] std::string encode_tree(const std::vector<TreeItem>& items);
/// None where the bytes are not a tree: also where a name is empty or has a slash, or the order isn't git's.
[[nodiscard]] std::optional<std::vector<TreeItem>> parse_tree(std::string_view content);
/// The item of that name, whatever its mode; `items` are in git's order.
[[nodiscard]] const TreeItem* find_item(const std::vector<TreeItem>& items, std::string_view name);

}  // namespace rehearse
