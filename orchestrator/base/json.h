// JSON by Boost.JSON, and the one canonical form that hashes are taken over.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <string>
#include <string_view>

namespace rehearse {

namespace json = boost::json;

/// RFC 8785 (JCS) for the values this project writes: keys sorted by UTF-16 code units, no white space,
/// minimal escapes. Numbers are integers only: a double is Failure{invalid_input}, so that no rounding can
/// change a hash.
[[nodiscard]] std::string canonical_json(const json::value& value);
/// For people and files: two spaces of indent, keys in the order they were put in, a newline at the end.
[[nodiscard]] std::string pretty_json(const json::value& value);
/// Fails: invalid_input with `origin`, the byte offset's line and column, and what was expected. Depth at
/// most 64.
[[nodiscard]] json::value parse_json(std::string_view text, const std::string& origin);

/// Typed look-ups for documents of our own; each failure names `origin` and the key. Fail: invalid_input.
[[nodiscard]] std::string text_at(const json::object& object, std::string_view key,
                                  const std::string& origin);
[[nodiscard]] std::int64_t integer_at(const json::object& object, std::string_view key,
                                      const std::string& origin);
[[nodiscard]] bool flag_at(const json::object& object, std::string_view key, const std::string& origin);
[[nodiscard]] const json::object& object_at(const json::object& object, std::string_view key,
                                            const std::string& origin);
[[nodiscard]] const json::array& array_at(const json::object& object, std::string_view key,
                                          const std::string& origin);
/// The text under `key`, or `otherwise` where the key is absent.
[[nodiscard]] std::string text_or(const json::object& object, std::string_view key, std::string otherwise);

}  // namespace rehearse
