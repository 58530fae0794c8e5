// git's object ids and types as small values; hex only where they leave the folder.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

namespace rehearse {

struct ObjectId {
    static constexpr std::size_t size = 20;
    std::array<std::uint8_t, size> bytes{};
    auto operator<=>(const ObjectId&) const = default;

    [[nodiscard]] std::string_view raw() const {
        return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
    }
    /// From 20 raw bytes.
    [[nodiscard]] static ObjectId from_raw(const void* raw) {
        ObjectId id;
        std::memcpy(id.bytes.data(), raw, size);
        return id;
    }
};

struct ObjectIdHash {
    std::size_t operator()(const ObjectId& id) const noexcept {
        std::size_t value = 0;
        std::memcpy(&value, id.bytes.data(), sizeof value);
        return value;
    }
};

/// The numbers are those of git's pack format.
enum class ObjectType : std::uint8_t { commit = 1, tree = 2, blob = 3, tag = 4 };
[[nodiscard]] std::string_view to_string(ObjectType type);

struct Object {
    ObjectType type = ObjectType::blob;
    std::string content;
};

[[nodiscard]] std::string to_hex(const ObjectId& id);
/// None unless `hex` is 40 lower-case hex digits.
[[nodiscard]] std::optional<ObjectId> object_id_from(std::string_view hex);
/// For messages and paths shown to people: control characters and what is not UTF-8 become \xNN.
[[nodiscard]] std::string printable(std::string_view bytes);

}  // namespace rehearse
