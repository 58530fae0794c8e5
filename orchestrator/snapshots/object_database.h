// Reads objects back, each hashed against its id: straight from this store's own packs, through libgit2 where
// another git program wrote them (deltas, loose objects).
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

    enum class Outcome { ok, foreign, damaged };
    /// Reads the object at `offset`. `foreign`: it is a delta. With `ahead` bytes above 0 that much is read
    /// at once, for those who read on from there. `out` holds the object only where the outcome is ok.
    [[nodiscard]] Outcome read(std::uint64_t offset, std::size_t ahead, Codec& codec, Object& out);
    /// The same, and the packed bytes must fit the CRC that the index has: not a bit is changed, not even one
    /// that the format ignores.
    [[nodiscard]] Outcome read_exactly(const PackIndex::Place& place, std::size_t ahead, Codec& codec,
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

    std::shared_ptr<const Pack> pack_;
    FileDescriptor file_;
    std::uint64_t size_ = 0;
    std::string window_;
    std::size_t window_filled_ = 0;
    std::uint64_t window_offset_ = 0;
};

class ForeignObjects;

/// Usable from several threads at once.
class ObjectDatabase {
  public:
    explicit ObjectDatabase(std::filesystem::path repository);
    ~ObjectDatabase();

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
    /// Every id in packs that begins with `digits` hex digits of `prefix`.
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
    /// Tries the packs only. None where no copy is good; `why` says what was wrong with the last.
    [[nodiscard]] std::optional<Object> read_from_packs(const ObjectId& id, std::string& why) const;
    void load_distrusted();
    void save_distrusted(const std::lock_guard<std::mutex>&) const;

    std::filesystem::path repository_;
    mutable CodecPool codecs_;
    mutable std::mutex mutex_;
    mutable std::shared_ptr<const Packs> packs_;
    mutable std::list<std::unique_ptr<PackReader>> idle_readers_;  // newest first, a bounded number
    mutable std::unordered_set<ObjectId, ObjectIdHash> distrusted_;
    std::unique_ptr<ForeignObjects> foreign_;
};

}  // namespace rehearse
