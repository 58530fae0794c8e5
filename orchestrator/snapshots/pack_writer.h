// Writes one pack: objects are hashed and compressed on the calling threads, appended under a lock, and the
// whole becomes visible at once. libgit2's own path makes a durable file per object, ten times slower.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/base/failure.h"
#include "orchestrator/base/handle.h"
#include "orchestrator/snapshots/codec.h"
#include "orchestrator/snapshots/pack_index.h"

namespace rehearse {

/// The objects of a pack in the making, found by id. 36 to 44 bytes each; not synchronised.
class PackTable {
  public:
    /// The entry's position, or none where the id is in already.
    std::optional<std::size_t> insert(const ObjectId& id);
    [[nodiscard]] PackEntry& at(std::size_t position) { return entries_[position]; }
    [[nodiscard]] std::size_t size() const { return entries_.size(); }
    [[nodiscard]] std::vector<PackEntry>& entries() { return entries_; }

  private:
    void grow();
    std::vector<PackEntry> entries_;
    std::vector<std::uint32_t> slots_;  // open addressing; position + 1, 0: free
};

class PackWriter {
  public:
    /// `in_store` says whether the store has an object already; it is called from several threads at once.
    PackWriter(std::filesystem::path pack_directory, std::function<bool(const ObjectId&)> in_store,
               CodecPool& codecs);
    /// Removes what was not installed.
    ~PackWriter();
    PackWriter(const PackWriter&) = delete;
    PackWriter& operator=(const PackWriter&) = delete;

    /// Adds an object unless the store or this pack has it. Usable from several threads at once. Fails:
    /// permanent (disk full), refused (rights); after a failure every call fails.
    ObjectId add(ObjectType type, std::string_view content);
    /// Makes the pack durable and visible: pack, index, names, folder. With no object only the folder is
    /// synced, so that packs of other writers that this snapshot relies on stay. Call once, when all threads
    /// are done.
    void install();

  private:
    void append(std::size_t position, std::string_view packed);
    void open_file(const std::lock_guard<std::mutex>&);
    void write_at(std::string_view bytes, std::uint64_t offset);
    void write_index(const ObjectId& pack_checksum);
    [[nodiscard]] ObjectId seal();
    [[noreturn]] void fail(int error, std::string operation, const std::filesystem::path& path);

    const std::filesystem::path directory_;
    const std::function<bool(const ObjectId&)> in_store_;
    CodecPool& codecs_;

    std::mutex mutex_;
    PackTable table_;
    FileDescriptor file_;
    std::filesystem::path pack_path_, index_path_;  // while temporary
    std::uint64_t end_ = 0;                         // where the next object goes
    std::string buffer_, spare_;                    // objects not yet written, from buffer_offset_ on
    std::uint64_t buffer_offset_ = 0;
    std::optional<Failure> broken_;
};

}  // namespace rehearse
