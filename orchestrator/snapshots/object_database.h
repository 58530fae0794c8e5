// Reads objects back, each hashed against its id: packs, deltas and loose objects, whoever wrote them. By our
// own code, because libgit2 1.5 was seen to crash on a damaged pack: decision 0002.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "orchestrator/base/failure.h"
#include "orchestrator/base/handle.h"
#include "orchestrator/snapshots/codec.h"
#include "orchestrator/snapshots/object_id.h"
#include "orchestrator/snapshots/pack_index.h"

namespace rehearse {

/// A pack with its index. Immutable; usable from several threads.
class Pack {
  public:
    Pack(std::filesystem::path path, PackIndex index) : path_(std::move(path)), index_(std::move(index)) {}
    [[nodiscard]] const std::filesystem::path& path() const { return path_; }  // ends in .pack
    [[nodiscard]] const PackIndex& index() const { return index_; }

  private:
    std::filesystem::path path_;
    PackIndex index_;
};

/// An open pack file and a window of its bytes that grows forward; for one thread.
class PackReader {
  public:
    /// Fails: what open(2) says.
    explicit PackReader(std::shared_ptr<const Pack> pack);

    /// Reads the object at `offset`; its bytes are not hashed here. False where they are damaged. With
    /// `ahead` bytes above 0 that much is read at once, for those who read on from there.
    [[nodiscard]] bool read(std::uint64_t offset, std::size_t ahead, Codec& codec, Object& out);
    /// The same, and the packed bytes must fit the CRC that the index has: not a bit is changed, not even one
    /// that the format ignores.
    [[nodiscard]] bool read_exactly(const PackIndex::Place& place, std::size_t ahead, Codec& codec,
                                    Object& out);
    /// Empty where header, size and trailer fit the index; else what is wrong, in words.
    [[nodiscard]] std::string why_not_whole();
    /// Asks the kernel to forget the file's cached pages, so that the next read comes from the disk.
    void forget_cache();
    /// Gives back the memory of a large window.
    void shrink();
    [[nodiscard]] const Pack& pack() const { return *pack_; }

  private:
    /// At least `least` bytes from `offset`, fewer only at the end of the file.
    [[nodiscard]] std::string_view bytes_at(std::uint64_t offset, std::size_t least, std::size_t ahead);
    /// One entry of the pack: an object, or a delta and where its base is.
    struct Entry {
        unsigned type = 0;
        std::uint64_t base = 0;  // of a delta
        std::string content;     // of the object, or the delta
        std::uint32_t crc = 0;   // of the packed bytes
    };
    [[nodiscard]] std::optional<Entry> entry_at(std::uint64_t offset, std::size_t ahead, Codec& codec);
    [[nodiscard]] bool resolve(std::optional<Entry> entry, Codec& codec, Object& out);

    std::shared_ptr<const Pack> pack_;
    FileDescriptor file_;
    std::uint64_t size_ = 0;
    std::string window_;
    std::size_t window_filled_ = 0;
    std::uint64_t window_offset_ = 0;
};

/// Usable from several threads at once.
class ObjectDatabase {
  public:
    explicit ObjectDatabase(std::filesystem::path repository);

    /// Looks at objects/pack/ again: packs installed since are found.
    void refresh() const;
    /// True where a pack known since the last refresh() has it and it was never seen damaged. Cheap; loose
    /// objects don't count.
    [[nodiscard]] bool has(const ObjectId& id) const;
    /// The object, its bytes hashed against its id; refreshes where it is not known. Every copy is tried.
    /// Fails: permanent where it is missing, damaged or of another type.
    [[nodiscard]] Object read(const ObjectId& id, ObjectType type) const;
    /// False where it is of another type, or cannot be read.
    [[nodiscard]] bool is_commit(const ObjectId& id) const;
    /// The known packs that have the object, with its place in each.
    struct Place {
        std::shared_ptr<const Pack> pack;
        PackIndex::Place place;
    };
    [[nodiscard]] std::vector<Place> places(const ObjectId& id) const;
    /// Every id, in packs and loose, that begins with `digits` (at least 2) hex digits of `prefix`.
    [[nodiscard]] std::vector<ObjectId> with_prefix(const ObjectId& prefix, std::size_t digits) const;

    /// Remembers, on disk where that works, that no copy of the objects is good: has() says no from now on,
    /// so that the next snapshot writes them anew.
    void distrust(const std::vector<ObjectId>& ids) const;
    /// Forgets distrust in objects whose copies proved good.
    void trust(const std::vector<ObjectId>& ids) const;

    [[nodiscard]] CodecPool& codecs() const { return codecs_; }
    [[nodiscard]] const std::filesystem::path& repository() const { return repository_; }
    [[nodiscard]] std::filesystem::path pack_directory() const { return repository_ / "objects/pack"; }
    /// What read() throws for an object that no copy gives back.
    [[nodiscard]] Failure lost(const ObjectId& id, ObjectType type, const std::string& why) const;

  private:
    using Packs = std::vector<std::shared_ptr<const Pack>>;
    [[nodiscard]] std::shared_ptr<const Packs> packs() const;
    [[nodiscard]] std::unique_ptr<PackReader> borrow(const std::shared_ptr<const Pack>& pack) const;
    void give_back(std::unique_ptr<PackReader> reader) const;
    /// Tries every copy that is known. None where none is good; `why` says what was wrong with the last.
    [[nodiscard]] std::optional<Object> read_any_copy(const ObjectId& id, std::string& why) const;
    void load_distrusted();
    void save_distrusted(const std::lock_guard<std::mutex>&) const;

    std::filesystem::path repository_;
    mutable CodecPool codecs_;
    mutable std::mutex mutex_;
    mutable std::shared_ptr<const Packs> packs_;
    mutable std::list<std::unique_ptr<PackReader>> idle_readers_;  // newest first, a bounded number
    mutable std::unordered_set<ObjectId, ObjectIdHash> distrusted_;
};

}  // namespace rehearse
