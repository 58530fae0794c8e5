// Any bytes as printable text and back, and any file name as a name that a snapshot's tree accepts.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace rehearse {

/// Printable UTF-8 stays as it is. '%', '"', '\', control and invisible characters, and bytes that are not
/// UTF-8 become %XX. Two texts that differ stay different; unescape_bytes() gives the bytes back.
[[nodiscard]] std::string escape_bytes(std::string_view bytes);
/// Fails: invalid_input where `text` is not what escape_bytes() writes.
[[nodiscard]] std::string unescape_bytes(std::string_view text);

/// Names in a snapshot's tree are at most this long, in bytes, so that any file system can check them out.
inline constexpr std::size_t longest_tree_name = 255;

/// The name in a snapshot's tree of a file called `name` (any bytes but '/' and NUL): escape_bytes() of it,
/// with the first byte escaped too where git or the sidecar would claim the name; where that is too long, its
/// beginning, "%~" and a digest. Different names stay different. "%~" begins nothing else.
[[nodiscard]] std::string tree_name_of(std::string_view name);

}  // namespace rehearse
