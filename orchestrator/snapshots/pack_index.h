// git's pack index, version 2: written from memory after a pack is whole, read through a map of the file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/base/handle.h"
#include "orchestrator/snapshots/object_id.h"

namespace rehearse {

/// One object of a pack being written.
struct PackEntry {
    std::uint64_t offset = 0;
    ObjectId id;
    std::uint32_t crc = 0;  // CRC-32 of the packed bytes
};

/// Sorts `entries` by id and hands the index file's bytes to `sink`, piece by piece.
void write_pack_index(std::vector<PackEntry>& entries, const ObjectId& pack_checksum,
                      const std::function<void(std::string_view)>& sink);

/// A mapped index file. Immutable, so usable from several threads. The file is not checked as a whole when it
/// is opened (check() does that): a wrong entry shows when the object it leads to is hashed.
class PackIndex {
  public:
    /// None where there is none, or it is not a version 2 index, or its size does not fit its count. Fails:
    /// refused (rights), transient (too many open files), permanent (the disk).
    [[nodiscard]] static std::optional<PackIndex> open(const std::filesystem::path& path);
    PackIndex(PackIndex&& other) noexcept;
    PackIndex& operator=(PackIndex&&) = delete;
    ~PackIndex();

    [[nodiscard]] std::uint32_t count() const { return count_; }
    [[nodiscard]] ObjectId id_at(std::uint32_t position) const;
    [[nodiscard]] bool has(const ObjectId& id) const { return position_of(id) < count_; }
    /// Where the object begins in the pack, in bytes, and the CRC-32 of its packed bytes.
    struct Place {
        std::uint64_t offset = 0;
        std::uint32_t crc = 0;
    };
    [[nodiscard]] std::optional<Place> find(const ObjectId& id) const;
    /// Calls for every id that begins with the `digits` hex digits of `prefix`.
    void each_with_prefix(const ObjectId& prefix, std::size_t digits,
                          const std::function<void(const ObjectId&)>& call) const;
    /// The SHA-1 that the pack must end with.
    [[nodiscard]] ObjectId pack_checksum() const;
    /// True where the file's own checksum fits its bytes.
    [[nodiscard]] bool check() const;

  private:
    PackIndex(const std::uint8_t* bytes, std::size_t size) : bytes_(bytes), size_(size) {}
    [[nodiscard]] std::uint32_t word_at(std::size_t at) const;
    /// The position of the first id that is not less than `id`.
    [[nodiscard]] std::uint32_t lower_bound(const ObjectId& id) const;
    /// count() where it is not in.
    [[nodiscard]] std::uint32_t position_of(const ObjectId& id) const;

    const std::uint8_t* bytes_;
    std::size_t size_;
    std::uint32_t count_ = 0;
};

}  // namespace rehearse
