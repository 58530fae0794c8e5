// Large contents as a tree of blobs, cut where the content says so, so that an insertion moves few cuts.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace rehearse {

/// The version of the cutting rule. Another rule gives the same content another tree: it needs a new number.
inline constexpr int chunk_format = 1;

inline constexpr std::size_t smallest_chunk = 512U << 10U;  // bytes, except for the last one
inline constexpr std::size_t largest_chunk = 4U << 20U;     // bytes; never above largest_blob

/// The length in bytes of the first chunk of `content`, which holds at least `largest_chunk` bytes or all
/// that is left. Gear hash, about 1.5 MiB on average.
[[nodiscard]] std::size_t first_chunk_length(std::string_view content);

struct ChunkName {
    std::uint64_t offset = 0;  // bytes from the content's beginning
    std::uint64_t length = 0;  // bytes
};
/// "0000000000400000-00180000": names sort by offset; what no chunk covers is a hole.
[[nodiscard]] std::string chunk_name(std::uint64_t offset, std::uint64_t length);
/// Fails: invalid_input where it is not such a name.
[[nodiscard]] ChunkName parse_chunk_name(std::string_view name);

}  // namespace rehearse
