// Texts of any size in a tree: one blob, or a run of blobs cut at line ends where one would be too large.
#pragma once

#include <string>
#include <string_view>

#include "orchestrator/ports/tree.h"

namespace rehearse::postgresql {

/// `name`, or `name.00000`, `name.00001`... that make the text again when put together.
void write_text(TreeWriter& writer, std::string_view name, std::string_view text);
/// Fails: permanent where there is neither form.
[[nodiscard]] std::string read_text(const TreeReader& tree, std::string_view name);

/// "00042": sorts as the number does, up to 99999; longer numbers get a letter for their length in front.
[[nodiscard]] std::string numbered(std::size_t number);

}  // namespace rehearse::postgresql
