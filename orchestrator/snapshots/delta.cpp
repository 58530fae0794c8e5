// A delta (gitformat-pack): the base's size, the result's size, then copies from the base and insertions.
#include "orchestrator/snapshots/delta.h"

#include <cstdint>
#include <optional>

namespace rehearse {
namespace {

class Input {
  public:
    explicit Input(std::string_view bytes) : bytes_(bytes) {}
    [[nodiscard]] bool ended() const { return bytes_.empty(); }
    std::optional<unsigned> byte() {
        if (bytes_.empty()) return std::nullopt;
        const auto value = static_cast<std::uint8_t>(bytes_.front());
        bytes_.remove_prefix(1);
        return value;
    }
    std::optional<std::string_view> take(std::size_t count) {
        if (bytes_.size() < count) return std::nullopt;
        const std::string_view taken = bytes_.substr(0, count);
        bytes_.remove_prefix(count);
        return taken;
    }
    /// Seven bits a byte, lowest first.
    std::optional<std::uint64_t> number() {
        std::uint64_t value = 0;
        for (unsigned shift = 0; shift < 63; shift += 7) {
            const std::optional<unsigned> next = byte();
            if (!next) return std::nullopt;
            value |= std::uint64_t{*next & 0x7fU} << shift;
            if ((*next & 0x80U) == 0) return value;
        }
        return std::nullopt;
    }
    /// Little-endian, of `count` bytes; only those whose bit in `present` is set are there.
    std::optional<std::uint64_t> sparse(unsigned present, unsigned count) {
        std::uint64_t value = 0;
        for (unsigned i = 0; i < count; ++i) {
            if ((present & (1U << i)) == 0) continue;
            const std::optional<unsigned> next = byte();
            if (!next) return std::nullopt;
            value |= std::uint64_t{*next} << (8 * i);
        }
        return value;
    }

  private:
    std::string_view bytes_;
};

}  // namespace

bool apply_delta(std::string_view base, std::string_view delta, std::string& out) {
    out.clear();
    Input in(delta);
    const std::optional<std::uint64_t> base_size = in.number();
    const std::optional<std::uint64_t> size = in.number();
    if (!base_size || !size || *base_size != base.size()) return false;
    while (!in.ended()) {
        const unsigned instruction = *in.byte();
        std::optional<std::string_view> piece;
        if ((instruction & 0x80U) != 0) {
            const std::optional<std::uint64_t> offset = in.sparse(instruction & 0x0fU, 4);
            const std::optional<std::uint64_t> count = in.sparse((instruction >> 4U) & 7U, 3);
            if (!offset || !count) return false;
            const std::uint64_t wanted = *count == 0 ? 0x10000 : *count;
            if (*offset > base.size() || wanted > base.size() - *offset) return false;
            piece = base.substr(*offset, wanted);
        } else {
            piece = in.take(instruction);
            if (instruction == 0 || !piece) return false;
        }
        if (piece->size() > *size - out.size()) return false;
        out += *piece;
    }
    return out.size() == *size;
}

}  // namespace rehearse
