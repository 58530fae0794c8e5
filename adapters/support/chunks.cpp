// A gear hash over the content decides where to cut: the same bytes give the same cuts wherever they stand.
#include "adapters/support/chunks.h"

#include <array>

#include "adapters/support/names.h"
#include "orchestrator/base/failure.h"

namespace rehearse {

namespace {

/// 256 fixed random numbers by splitmix64. Part of the format: never change them.
constexpr std::array<std::uint64_t, 256> make_gear() {
    std::array<std::uint64_t, 256> gear{};
    std::uint64_t state = 0x7265686561727365;  // "rehearse"
    for (std::uint64_t& value : gear) {
        state += 0x9e3779b97f4a7c15;
        std::uint64_t mixed = state;
        mixed = (mixed ^ (mixed >> 30U)) * 0xbf58476d1ce4e5b9;
        mixed = (mixed ^ (mixed >> 27U)) * 0x94d049bb133111eb;
        value = mixed ^ (mixed >> 31U);
    }
    return gear;
}
constexpr auto gear = make_gear();
constexpr std::uint64_t cut_mask = 0xfffff00000000000;  // 20 bits: one cut in 1 MiB

std::string hex(std::uint64_t value, std::size_t digits) {
    std::string text(digits, '0');
    for (std::size_t at = digits; at-- > 0; value >>= 4U) text[at] = "0123456789abcdef"[value & 15U];
    return text;
}

std::uint64_t from_hex(std::string_view digits, std::string_view name) {
    std::uint64_t value = 0;
    for (const char c : digits) {
        const bool decimal = c >= '0' && c <= '9';
        if (!decimal && !(c >= 'a' && c <= 'f')) {
            throw Failure({.kind = FailureKind::invalid_input,
                           .operation = "read",
                           .object = escape_bytes(name),
                           .message = "this is not the name of a chunk"});
        }
        value = value * 16 + static_cast<std::uint64_t>(decimal ? c - '0' : c - 'a' + 10);
    }
    return value;
}

}  // namespace

std::size_t first_chunk_length(std::string_view content) {
    if (content.size() <= smallest_chunk) return content.size();
    const std::size_t end = std::min(content.size(), largest_chunk);
    std::uint64_t hash = 0;
    // 64 bytes are all that the hash remembers: begin there, not at the chunk's beginning.
    for (std::size_t at = smallest_chunk - 64; at < end; ++at) {
        hash = (hash << 1U) + gear[static_cast<unsigned char>(content[at])];
        if (at >= smallest_chunk && (hash & cut_mask) == 0) return at;
    }
    return end;
}

std::string chunk_name(std::uint64_t offset, std::uint64_t length) {
    return hex(offset, 16) + "-" + hex(length, 8);
}

ChunkName parse_chunk_name(std::string_view name) {
    if (name.size() != 25 || name[16] != '-') static_cast<void>(from_hex("?", name));
    return {.offset = from_hex(name.substr(0, 16), name), .length = from_hex(name.substr(17), name)};
}

}  // namespace rehearse
