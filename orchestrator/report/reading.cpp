// Tolerant look-ups; see reading.h.
#include "orchestrator/report/reading.h"

#include <boost/json/serialize.hpp>
#include <cmath>
#include <limits>

namespace rehearse::reading {

const json::object* object(const json::object& from, std::string_view key) {
    const json::value* value = from.if_contains(key);
    return value ? value->if_object() : nullptr;
}

const json::array* array(const json::object& from, std::string_view key) {
    const json::value* value = from.if_contains(key);
    return value ? value->if_array() : nullptr;
}

std::optional<std::int64_t> integer(const json::object& from, std::string_view key) {
    const json::value* value = from.if_contains(key);
    if (!value) return std::nullopt;
    if (value->is_int64()) return value->get_int64();
    if (value->is_uint64()) {
        const std::uint64_t number = value->get_uint64();
        if (number > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
            return std::nullopt;
        return static_cast<std::int64_t>(number);
    }
    if (value->is_double() && std::abs(value->get_double()) < 9e15) {
        return static_cast<std::int64_t>(std::llround(value->get_double()));
    }
    return std::nullopt;
}

std::optional<bool> flag(const json::object& from, std::string_view key) {
    const json::value* value = from.if_contains(key);
    if (!value || !value->is_bool()) return std::nullopt;
    return value->get_bool();
}

std::string text(const json::object& from, std::string_view key) {
    const json::value* value = from.if_contains(key);
    return value && !value->is_null() ? text_of(*value) : std::string();
}

std::string text_of(const json::value& value) {
    if (value.is_string()) return std::string(value.get_string());
    return json::serialize(value);
}

}  // namespace rehearse::reading
