// Hashing by OpenSSL with one context a thread: fetching the algorithm anew costs more than the hash itself.
#include "orchestrator/audit/merkle.h"

#include <openssl/evp.h>

#include <bit>

#include "orchestrator/base/failure.h"
#include "orchestrator/base/handle.h"

namespace rehearse {

namespace {

Failure invalid(std::string object, std::string message) {
    return Failure({.kind = FailureKind::invalid_input,
                    .operation = "audit",
                    .object = std::move(object),
                    .native_code = {},
                    .message = std::move(message),
                    .remedy = "run 'rehearse audit verify'"});
}

TreeHash sha256(std::string_view prefix, std::string_view first, std::string_view second) {
    static const Handle<EVP_MD, EVP_MD_free> algorithm(EVP_MD_fetch(nullptr, "SHA256", nullptr));
    thread_local const Handle<EVP_MD_CTX, EVP_MD_CTX_free> context(EVP_MD_CTX_new());
    TreeHash hash{};
    if (!algorithm || !context || EVP_DigestInit_ex2(context.get(), algorithm.get(), nullptr) != 1 ||
        EVP_DigestUpdate(context.get(), prefix.data(), prefix.size()) != 1 ||
        EVP_DigestUpdate(context.get(), first.data(), first.size()) != 1 ||
        EVP_DigestUpdate(context.get(), second.data(), second.size()) != 1 ||
        EVP_DigestFinal_ex(context.get(), hash.data(), nullptr) != 1) {
        throw Failure({.kind = FailureKind::permanent,
                       .operation = "digest",
                       .object = "audit log",
                       .native_code = {},
                       .message = "OpenSSL refused",
                       .remedy = "check the OpenSSL installation"});
    }
    return hash;
}

std::string_view bytes_of(const TreeHash& hash) {
    return {reinterpret_cast<const char*>(hash.data()), hash.size()};
}

/// The largest power of two below `count`; count >= 2.
std::uint64_t split_of(std::uint64_t count) { return std::bit_floor(count - 1); }

}  // namespace

TreeHash leaf_hash(std::string_view entry) { return sha256(std::string_view("\0", 1), entry, {}); }

TreeHash node_hash(const TreeHash& left, const TreeHash& right) {
    return sha256("\1", bytes_of(left), bytes_of(right));
}

TreeHash empty_root() { return sha256({}, {}, {}); }

std::string to_hex(const TreeHash& hash) {
    static constexpr char digits[] = "0123456789abcdef";
    std::string text;
    for (const unsigned char byte : hash) {
        text += digits[byte >> 4U];
        text += digits[byte & 15U];
    }
    return text;
}

TreeHash tree_hash_from_hex(std::string_view hex) {
    static constexpr std::string_view digits = "0123456789abcdef";
    TreeHash hash{};
    if (hex.size() != hash.size() * 2 || hex.find_first_not_of(digits) != std::string_view::npos)
        throw invalid(std::string(hex), "this is not a SHA-256 in lower-case hex");
    for (std::size_t i = 0; i < hash.size(); ++i)
        hash[i] = static_cast<unsigned char>(digits.find(hex[2 * i]) * 16 + digits.find(hex[2 * i + 1]));
    return hash;
}

CompactRange::CompactRange(std::uint64_t size, std::string_view text) : size_(size) {
    constexpr std::size_t width = 64;
    if (text.size() != width * static_cast<std::size_t>(std::popcount(size)))
        throw invalid("tree of " + std::to_string(size) + " entries", "its hashes do not fit its size");
    for (std::size_t at = 0; at < text.size(); at += width)
        roots_.push_back(tree_hash_from_hex(text.substr(at, width)));
}

void CompactRange::append(const TreeHash& leaf) {
    TreeHash hash = leaf;
    for (std::uint64_t rest = size_; (rest & 1U) != 0; rest >>= 1U) {
        hash = node_hash(roots_.back(), hash);
        roots_.pop_back();
    }
    roots_.push_back(hash);
    ++size_;
}

TreeHash CompactRange::root() const {
    if (roots_.empty()) return empty_root();
    TreeHash hash = roots_.back();
    for (auto root = roots_.rbegin() + 1; root != roots_.rend(); ++root) hash = node_hash(*root, hash);
    return hash;
}

std::string CompactRange::to_text() const {
    std::string text;
    for (const TreeHash& root : roots_) text += to_hex(root);
    return text;
}

void MerkleTree::append(const TreeHash& leaf) {
    if (levels_.empty()) levels_.emplace_back();
    levels_[0].push_back(leaf);
    for (std::size_t level = 0; levels_[level].size() % 2 == 0; ++level) {
        const auto& nodes = levels_[level];
        const TreeHash parent = node_hash(nodes[nodes.size() - 2], nodes.back());
        if (levels_.size() == level + 1) levels_.emplace_back();
        levels_[level + 1].push_back(parent);
    }
}

TreeHash MerkleTree::subtree(std::uint64_t begin, std::uint64_t end) const {
    const std::uint64_t count = end - begin;
    if (std::has_single_bit(count)) {
        const auto level = static_cast<unsigned>(std::countr_zero(count));
        return levels_[level][begin >> level];
    }
    const std::uint64_t middle = begin + split_of(count);
    return node_hash(subtree(begin, middle), subtree(middle, end));
}

TreeHash MerkleTree::root(std::uint64_t size) const {
    if (size > this->size())
        throw invalid("size " + std::to_string(size),
                      "the log has only " + std::to_string(this->size()) + " entries");
    return size == 0 ? empty_root() : subtree(0, size);
}

std::vector<TreeHash> MerkleTree::inclusion(std::uint64_t number, std::uint64_t size) const {
    if (number >= size || size > this->size())
        throw invalid("entry " + std::to_string(number),
                      "it is not in a log of " + std::to_string(size) + " entries");
    std::vector<TreeHash> from_above;
    std::uint64_t begin = 0, end = size;
    while (end - begin > 1) {
        const std::uint64_t middle = begin + split_of(end - begin);
        from_above.push_back(number < middle ? subtree(middle, end) : subtree(begin, middle));
        (number < middle ? end : begin) = middle;
    }
    return {from_above.rbegin(), from_above.rend()};
}

std::vector<TreeHash> MerkleTree::consistency(std::uint64_t old_size, std::uint64_t size) const {
    if (old_size == 0 || old_size > size || size > this->size())
        throw invalid("sizes " + std::to_string(old_size) + " and " + std::to_string(size),
                      "a consistency proof leads from 1 entry or more to as many or more");
    std::vector<TreeHash> from_above;
    std::uint64_t begin = 0, end = size;
    while (end != old_size) {
        const std::uint64_t middle = begin + split_of(end - begin);
        from_above.push_back(old_size <= middle ? subtree(middle, end) : subtree(begin, middle));
        (old_size <= middle ? end : begin) = middle;
    }
    if (begin != 0) from_above.push_back(subtree(begin, end));
    return {from_above.rbegin(), from_above.rend()};
}

bool proves_inclusion(const std::vector<TreeHash>& proof, const TreeHash& leaf, std::uint64_t number,
                      std::uint64_t size, const TreeHash& root) {
    if (number >= size) return false;
    std::uint64_t at = number, last = size - 1;
    TreeHash hash = leaf;
    for (const TreeHash& other : proof) {
        if (last == 0) return false;
        if ((at & 1U) != 0 || at == last) {
            hash = node_hash(other, hash);
            while ((at & 1U) == 0 && at != 0) {
                at >>= 1U;
                last >>= 1U;
            }
        } else {
            hash = node_hash(hash, other);
        }
        at >>= 1U;
        last >>= 1U;
    }
    return last == 0 && hash == root;
}

bool proves_consistency(const std::vector<TreeHash>& proof, std::uint64_t old_size, const TreeHash& old_root,
                        std::uint64_t size, const TreeHash& root) {
    if (old_size == 0 || old_size > size) return false;
    if (old_size == size) return proof.empty() && old_root == root;
    std::vector<TreeHash> path = proof;
    if (std::has_single_bit(old_size)) path.insert(path.begin(), old_root);
    if (path.empty()) return false;
    std::uint64_t at = old_size - 1, last = size - 1;
    while ((at & 1U) != 0) {
        at >>= 1U;
        last >>= 1U;
    }
    TreeHash before = path.front(), after = path.front();
    for (auto other = path.begin() + 1; other != path.end(); ++other) {
        if (last == 0) return false;
        if ((at & 1U) != 0 || at == last) {
            before = node_hash(*other, before);
            after = node_hash(*other, after);
            while ((at & 1U) == 0 && at != 0) {
                at >>= 1U;
                last >>= 1U;
            }
        } else {
            after = node_hash(after, *other);
        }
        at >>= 1U;
        last >>= 1U;
    }
    return last == 0 && before == old_root && after == root;
}

}  // namespace rehearse
