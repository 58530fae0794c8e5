// Tolerant look-ups in result documents: a key that is absent, or of another type, is "none", never 0.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "orchestrator/base/json.h"

namespace rehearse::reading {

[[nodiscard]] const json::object* object(const json::object& from, std::string_view key);
[[nodiscard]] const json::array* array(const json::object& from, std::string_view key);
[[nodiscard]] std::optional<std::int64_t> integer(const json::object& from, std::string_view key);
[[nodiscard]] std::optional<bool> flag(const json::object& from, std::string_view key);
/// The text as it is; a number or a flag as text; none: empty.
[[nodiscard]] std::string text(const json::object& from, std::string_view key);
/// The text of a scalar; of anything else its JSON.
[[nodiscard]] std::string text_of(const json::value& value);

}  // namespace rehearse::reading
