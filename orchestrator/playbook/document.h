// One YAML document as a tree that keeps what yaml-cpp's own nodes lose: places, quotes and duplicate keys.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/playbook/problems.h"
#include "orchestrator/playbook/text.h"

namespace rehearse {

struct Node {
    enum class Kind { nothing, scalar, list, mapping };
    Kind kind = Kind::nothing;
    Position at;       // of a mapping or list in block form: its first entry; of nothing: the key before it
    std::string text;  // of a scalar
    bool quoted = false;      // a scalar in quotes, or a block scalar
    std::vector<Node> keys;   // of a mapping: scalars, each once
    std::vector<Node> items;  // a list's entries, or the values that belong to `keys`
};

/// The value under `key`, or null where there is none or `node` is no mapping.
[[nodiscard]] const Node* child(const Node& node, std::string_view key);
/// The key itself, or null.
[[nodiscard]] const Node* key_of(const Node& node, std::string_view key);
/// The scalar under `key`, or empty.
[[nodiscard]] std::string scalar_at(const Node& node, std::string_view key);

/// The document's tree. Syntax errors, duplicate keys, anchors, aliases, tags, `<<`, a second document and
/// deep nesting go to `problems`; a tree comes back wherever the syntax allows one.
[[nodiscard]] std::optional<Node> parse_document(const SourceText& text, Problems& problems);

}  // namespace rehearse
