// "Did you mean": the known word that is nearest to a mistyped one.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace rehearse {

/// Edits (insert, drop, replace, swap of neighbours) that turn one into the other, case ignored.
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b);
/// The nearest of `known`, or empty where none is near: at most a third of the word's letters may differ.
[[nodiscard]] std::string_view nearest(std::string_view word, std::span<const std::string_view> known);
/// "did you mean 'x'?", or "<choices> a, b, c" where none is near.
[[nodiscard]] std::string suggestion(std::string_view word, std::span<const std::string_view> known,
                                     std::string_view choices);
/// "a, b, c".
[[nodiscard]] std::string listed(std::span<const std::string_view> words);

}  // namespace rehearse
