// The Merkle tree of RFC 6962: SHA-256 over entries in the order in which they came. Whoever kept an old root
// can be shown that nothing before it was changed, dropped or reordered.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace rehearse {

using TreeHash = std::array<unsigned char, 32>;

/// SHA-256 over the byte 0 and the entry.
[[nodiscard]] TreeHash leaf_hash(std::string_view entry);
/// SHA-256 over the byte 1 and both hashes.
[[nodiscard]] TreeHash node_hash(const TreeHash& left, const TreeHash& right);
/// SHA-256 over nothing.
[[nodiscard]] TreeHash empty_root();
/// Lower-case hex.
[[nodiscard]] std::string to_hex(const TreeHash& hash);
/// Fails: invalid_input for anything but 64 lower-case hex digits.
[[nodiscard]] TreeHash tree_hash_from_hex(std::string_view hex);

/// The roots of the complete subtrees of a growing tree, at most 64 of them: all that an append needs.
class CompactRange {
  public:
    CompactRange() = default;
    /// What to_text() gave for a tree of `size` entries. Fails: invalid_input.
    CompactRange(std::uint64_t size, std::string_view text);

    void append(const TreeHash& leaf);
    [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
    [[nodiscard]] TreeHash root() const;
    /// The hashes in hex, largest subtree first.
    [[nodiscard]] std::string to_text() const;

  private:
    std::uint64_t size_ = 0;
    std::vector<TreeHash> roots_;  // largest subtree first
};

/// A whole tree in memory (64 bytes an entry), for making proofs.
class MerkleTree {
  public:
    void append(const TreeHash& leaf);
    [[nodiscard]] std::uint64_t size() const noexcept { return levels_.empty() ? 0 : levels_[0].size(); }
    /// Of the first `size` entries. Fails: invalid_input where there are fewer.
    [[nodiscard]] TreeHash root(std::uint64_t size) const;
    /// That entry `number` (from 0) is in the tree of the first `size`. Fails: invalid_input.
    [[nodiscard]] std::vector<TreeHash> inclusion(std::uint64_t number, std::uint64_t size) const;
    /// That the tree of the first `size` begins with the first `old_size`. Fails: invalid_input.
    [[nodiscard]] std::vector<TreeHash> consistency(std::uint64_t old_size, std::uint64_t size) const;

  private:
    [[nodiscard]] TreeHash subtree(std::uint64_t begin, std::uint64_t end) const;

    std::vector<std::vector<TreeHash>> levels_;  // complete nodes, leaves first
};

/// RFC 9162, section 2.1.3.2.
[[nodiscard]] bool proves_inclusion(const std::vector<TreeHash>& proof, const TreeHash& leaf,
                                    std::uint64_t number, std::uint64_t size, const TreeHash& root);
/// RFC 9162, section 2.1.4.2.
[[nodiscard]] bool proves_consistency(const std::vector<TreeHash>& proof, std::uint64_t old_size,
                                      const TreeHash& old_root, std::uint64_t size, const TreeHash& root);

}  // namespace rehearse
