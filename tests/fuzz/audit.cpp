// The audit log: checkpoints, the compact form of a tree, and bundles of entries. The first byte says which.
#include <algorithm>

#include "orchestrator/audit/checkpoint.h"
#include "orchestrator/audit/tiles.h"
#include "tests/fuzz/fuzz.h"

using namespace rehearse;
using namespace rehearse::fuzz;

namespace {

void check_checkpoint(const std::string& note) {
    static const AuditKey key(Secret(std::string(64, '7')));
    const auto checkpoint = accepted([&] { return open_checkpoint(note, key.verifier()); });
    if (!checkpoint) return;
    promise(key.sign(checkpoint->size, checkpoint->root) == note, "a checkpoint has one form");
}

void check_verifier(const std::string& verifier) {
    static const std::string note = AuditKey(Secret(std::string(64, '7'))).sign(3, empty_root());
    static const std::string right = AuditKey(Secret(std::string(64, '7'))).verifier();
    const auto opened = accepted([&] { return open_checkpoint(note, verifier); });
    promise(!opened || verifier == right, "only its own key opens a checkpoint");
}

/// "size" in decimal, a line end, and the hashes.
void check_range(std::string_view text) {
    const std::string_view number = take_line(text);
    std::uint64_t size = 0;
    for (const char c : number.substr(0, 19))
        size = c >= '0' && c <= '9' ? size * 10 + std::uint64_t(c - '0') : size;
    auto range = accepted([&] { return CompactRange(size, text); });
    if (!range) return;
    promise(range->size() == size && range->to_text() == text, "a compact range has one form");
    (void)range->root();
    range->append(leaf_hash("one more"));
    promise(CompactRange(range->size(), range->to_text()).root() == range->root(),
            "it reads as it was written");
}

void check_bundle(std::string_view text) {
    if (text.empty()) return;
    const std::uint64_t count = static_cast<unsigned char>(text.front());
    text.remove_prefix(1);
    const auto entries = accepted([&] { return entries_of_bundle(text, count, "input"); });
    if (!entries) return;
    promise(entries->size() == count, "a bundle holds as many as it should");
    std::string again;
    for (const std::string& entry : *entries) {
        again += static_cast<char>(entry.size() >> 8U);
        again += static_cast<char>(entry.size() & 0xFFU);
        again += entry;
    }
    promise(again == text, "a bundle holds nothing but its entries");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view text = text_of(data + 1, size - 1);
    switch (data[0]) {
        case 'b':
            check_bundle(text);
            break;
        case 'r':
            check_range(text);
            break;
        case 'v':
            check_verifier(std::string(text));
            break;
        default:
            check_checkpoint(std::string(text_of(data, size)));
    }
    const auto hash = accepted([&] { return tree_hash_from_hex(text); });
    if (hash) promise(to_hex(*hash) == text, "a hash has one form");
    return 0;
}
