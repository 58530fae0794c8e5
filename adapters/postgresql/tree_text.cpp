// Cutting at line ends keeps diffs readable; a line longer than a blob is cut where the blob is full.
#include "adapters/postgresql/tree_text.h"

#include <cstdio>

namespace rehearse::postgresql {

std::string numbered(std::size_t number) {
    char text[32];
    std::snprintf(text, sizeof text, "%05zu", number);
    const std::string digits = text;
    if (digits.size() == 5) return digits;
    return std::string(1, static_cast<char>('a' + digits.size() - 6)) + digits;
}

void write_text(TreeWriter& writer, std::string_view name, std::string_view text) {
    if (text.size() <= largest_blob) {
        writer.blob(name, text);
        return;
    }
    for (std::size_t number = 0; !text.empty(); ++number) {
        std::size_t size = std::min(text.size(), largest_blob);
        if (size < text.size()) {
            const std::size_t line = text.rfind('\n', size - 1);
            if (line != std::string_view::npos) size = line + 1;
        }
        writer.blob(std::string(name) + "." + numbered(number), text.substr(0, size));
        text.remove_prefix(size);
    }
}

std::string read_text(const TreeReader& tree, std::string_view name) {
    if (tree.has(name) || !tree.has(std::string(name) + "." + numbered(0))) return tree.blob(name);
    std::string text;
    for (std::size_t number = 0; tree.has(std::string(name) + "." + numbered(number)); ++number) {
        text += tree.blob(std::string(name) + "." + numbered(number));
    }
    return text;
}

}  // namespace rehearse::postgresql
