// Tiles of 256 hashes; an entry bundle is each entry with its length before it, in 16 bits.
#include "orchestrator/audit/tiles.h"

#include <utility>

#include "orchestrator/base/failure.h"

namespace rehearse {

namespace {

constexpr std::uint64_t width = 256;

Failure invalid(std::string object, std::string message) {
    return Failure({.kind = FailureKind::invalid_input,
                    .operation = "read audit export",
                    .object = std::move(object),
                    .native_code = {},
                    .message = std::move(message),
                    .remedy = "export the log again and compare"});
}

/// 1234067 is x001/x234/067.
std::string path_of(const std::string& level, std::uint64_t index, std::uint64_t count) {
    const auto three = [](std::uint64_t number) {
        const std::string text = std::to_string(number % 1000);
        return std::string(3 - text.size(), '0') + text;
    };
    std::string path = three(index);
    for (index /= 1000; index > 0; index /= 1000) path = "x" + three(index) + "/" + path;
    path = "tile/" + level + "/" + path;
    return count == width ? path : path + ".p/" + std::to_string(count);
}

}  // namespace

std::string entry_bundle_path(std::uint64_t index, std::uint64_t count) {
    return path_of("entries", index, count);
}

void TileMaker::append(std::string_view entry) {
    if (entry.size() > 0xffff)
        throw invalid(std::string(entry.substr(0, 60)), "an entry is too long to export");
    entries_ += static_cast<char>(entry.size() >> 8U);
    entries_ += static_cast<char>(entry.size() & 255U);
    entries_ += entry;
    const TreeHash leaf = leaf_hash(entry);
    range_.append(leaf);
    add(0, leaf);
    if (range_.size() % width == 0)
        sink_(entry_bundle_path(range_.size() / width - 1, width), std::exchange(entries_, {}));
}

void TileMaker::add(std::size_t level, const TreeHash& hash) {
    if (levels_.size() == level) levels_.emplace_back();
    levels_[level].hashes.append(reinterpret_cast<const char*>(hash.data()), hash.size());
    levels_[level].range.append(hash);
    if (levels_[level].range.size() < width) return;
    sink_(path_of(std::to_string(level), levels_[level].index, width), levels_[level].hashes);
    const TreeHash root = levels_[level].range.root();
    levels_[level] = Level{.index = levels_[level].index + 1, .hashes = {}, .range = {}};
    add(level + 1, root);
}

void TileMaker::finish() {
    if (const std::uint64_t count = range_.size() % width; count != 0)
        sink_(entry_bundle_path(range_.size() / width, count), entries_);
    for (std::size_t level = 0; level < levels_.size(); ++level) {
        if (levels_[level].range.size() == 0) continue;
        sink_(path_of(std::to_string(level), levels_[level].index, levels_[level].range.size()),
              levels_[level].hashes);
    }
}

std::vector<std::string> entries_of_bundle(std::string_view bundle, std::uint64_t count,
                                           const std::string& path) {
    std::vector<std::string> entries;
    while (bundle.size() >= 2) {
        const std::size_t size =
            static_cast<unsigned char>(bundle[0]) * std::size_t{256} + static_cast<unsigned char>(bundle[1]);
        if (bundle.size() < size + 2) break;
        entries.emplace_back(bundle.substr(2, size));
        bundle.remove_prefix(size + 2);
    }
    if (!bundle.empty() || entries.size() != count)
        throw invalid(path, "it should hold " + std::to_string(count) + " entries, and holds " +
                                std::to_string(entries.size()) + (bundle.empty() ? "" : " and a piece"));
    return entries;
}

}  // namespace rehearse
