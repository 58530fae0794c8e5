// JSON by Boost.JSON, and the one canonical form that hashes are taken over.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

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

/// The same for a text that must be one object.
[[nodiscard]] json::object parse_json_object(std::string_view text, const std::string& origin);

/// Fails: invalid_input unless the two have one canonical form. `understood` is what a reader made of
/// `written`: whoever approved or hashed the document gets all of it, or nothing.
void require_understood(const json::object& understood, const json::object& written,
                        const std::string& origin);

/// Typed look-ups for documents of our own; each failure names `origin` and the key. Fail: invalid_input.
[[nodiscard]] std::string text_at(const json::object& object, std::string_view key,
                                  const std::string& origin);
[[nodiscard]] std::int64_t integer_at(const json::object& object, std::string_view key,
                                      const std::string& origin);
/// A number that the type holds: 65536 is no std::uint16_t.
template <class Number>
[[nodiscard]] Number number_at(const json::object& object, std::string_view key, const std::string& origin);
/// A span in milliseconds, not negative, and no longer than nanoseconds in 64 bits can say.
[[nodiscard]] std::chrono::nanoseconds milliseconds_at(const json::object& object, std::string_view key,
                                                       const std::string& origin);
[[nodiscard]] bool flag_at(const json::object& object, std::string_view key, const std::string& origin);
[[nodiscard]] const json::object& object_at(const json::object& object, std::string_view key,
                                            const std::string& origin);
[[nodiscard]] const json::array& array_at(const json::object& object, std::string_view key,
                                          const std::string& origin);
[[nodiscard]] std::vector<std::string> texts_at(const json::object& object, std::string_view key,
                                                const std::string& origin);
/// The objects of the array under `key`, for as long as `object` lives.
[[nodiscard]] std::vector<std::reference_wrapper<const json::object>> objects_at(const json::object& object,
                                                                                 std::string_view key,
                                                                                 const std::string& origin);
/// A value that must be an object.
[[nodiscard]] const json::object& object_of(const json::value& value, const std::string& origin);
/// The text under `key`, or `otherwise` where the key is absent.
[[nodiscard]] std::string text_or(const json::object& object, std::string_view key, std::string otherwise);

/// Failure{invalid_input} about the value under `key`.
[[noreturn]] void wrong_value(std::string_view key, const std::string& must_be, const std::string& origin);

template <class Number>
Number number_at(const json::object& object, std::string_view key, const std::string& origin) {
    const std::int64_t number = integer_at(object, key, origin);
    if (!std::in_range<Number>(number)) wrong_value(key, "a smaller number", origin);
    return static_cast<Number>(number);
}

}  // namespace rehearse
