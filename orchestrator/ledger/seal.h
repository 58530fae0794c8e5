// Seals: a digest over a row's fields, so that a byte that changes on the disk is seen when the row is read.
// SQLite itself checks the structure of its pages, never what stands in them.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

namespace rehearse {

/// SHA-256 over the fields, each with its length before it; hex.
[[nodiscard]] std::string seal(std::initializer_list<std::string_view> fields);

}  // namespace rehearse
