// The log's files in the layout of C2SP tlog-tiles, made in one pass and in little memory.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/audit/merkle.h"

namespace rehearse {

/// Takes the entries in order and gives every file of the export, by its path within it ("tile/0/000",
/// "tile/entries/x001/234.p/5"), as soon as it is whole; finish() gives the partial ones.
class TileMaker {
  public:
    using Sink = std::function<void(const std::string& path, const std::string& content)>;
    explicit TileMaker(Sink sink) : sink_(std::move(sink)) {}

    /// Fails: invalid_input for an entry of 64 KiB or more.
    void append(std::string_view entry);
    void finish();
    [[nodiscard]] const CompactRange& range() const noexcept { return range_; }

  private:
    struct Level {
        std::uint64_t index = 0;
        std::string hashes;
        CompactRange range;
    };
    void add(std::size_t level, const TreeHash& hash);

    Sink sink_;
    CompactRange range_;
    std::string entries_;
    std::vector<Level> levels_;
};

/// Where the bundle of entries stands that begins with entry 256 * index, and holds `count` of them.
[[nodiscard]] std::string entry_bundle_path(std::uint64_t index, std::uint64_t count);
/// The entries of a bundle. Fails: invalid_input where it is cut, or holds another number than `count`.
[[nodiscard]] std::vector<std::string> entries_of_bundle(std::string_view bundle, std::uint64_t count,
                                                         const std::string& path);

}  // namespace rehearse
