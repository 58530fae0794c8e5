// git's objects as the store reads them: trees, commits, deltas, packed bytes, pack indexes, ids. The first
// byte says which.
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>

#include "orchestrator/base/handle.h"
#include "orchestrator/ports/tree_name.h"
#include "orchestrator/snapshots/codec.h"
#include "orchestrator/snapshots/commit_format.h"
#include "orchestrator/snapshots/delta.h"
#include "orchestrator/snapshots/pack_index.h"
#include "orchestrator/snapshots/tree_format.h"
#include "tests/fuzz/fuzz.h"

using namespace rehearse;
using namespace rehearse::fuzz;

namespace {

void check_tree(std::string_view content) {
    const auto items = parse_tree(content);
    if (!items) return;
    const auto again = parse_tree(encode_tree(*items));
    promise(again && again->size() == items->size(), "a tree has as many entries as were read");
    for (const TreeItem& item : *items)
        promise(find_item(*items, item.name) != nullptr, "an entry is found by name");
    std::vector<TreeItem> sorted(items->rbegin(), items->rend());
    if (const auto twice = sort_tree(sorted)) return;
    promise(encode_tree(sorted) == encode_tree(*items), "sorting gives git's order");
}

void check_commit(std::string_view content) {
    const auto commit = parse_commit(content);
    if (!commit) return;
    const auto bytes = accepted([&] { return encode_commit(*commit, {}, {}); });
    if (!bytes) return;  // a time before 1970
    const auto again = parse_commit(*bytes);
    promise(again && again->tree == commit->tree && again->parent == commit->parent,
            "a commit keeps what it points at");
    promise(std::chrono::floor<std::chrono::milliseconds>(again->at.since_epoch) ==
                std::chrono::floor<std::chrono::milliseconds>(commit->at.since_epoch),
            "a commit keeps its time");
    promise(encode_commit(*again, {}, {}) == *bytes, "a commit that was written reads as itself");
}

void check_delta(std::string_view delta) {
    static const std::string base(300, 'b');
    std::string out;
    if (apply_delta(base, delta, out))
        promise(out.size() <= delta.size() * 0x10000, "a delta makes what it says");
}

void check_packed(std::string_view packed) {
    static Codec codec;
    std::string out, again;
    if (codec.inflate_whole(packed, out)) {
        promise(codec.inflate(packed, out.size(), again) && again == out, "both ways of inflating agree");
        promise(codec.consumed() <= packed.size(), "no more is consumed than there is");
        promise(!codec.inflate(packed, out.size() + 1, again), "another size is refused");
    }
    std::string deflated;
    codec.deflate(packed, deflated);
    promise(codec.inflate_whole(deflated, again) && again == packed, "what is deflated comes back");
}

void check_index(std::string_view bytes) {
    const FileDescriptor file(::memfd_create("index", MFD_CLOEXEC));
    if (::write(file.get(), bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size())) return;
    const auto index = PackIndex::open("/proc/self/fd/" + std::to_string(file.get()));
    if (!index) return;
    promise(index->count() <= bytes.size() / 24, "an index has room for what it counts");
    for (std::uint32_t at = 0; at < index->count(); ++at) (void)index->find(index->id_at(at));
    (void)index->find(ObjectId{});
    index->each_with_prefix(ObjectId{}, 2, [](const ObjectId&) {});
    (void)index->pack_checksum();
    (void)index->check();
}

void check_id(std::string_view text) {
    if (const auto id = object_id_from(text)) promise(to_hex(*id) == text, "an id has one form");
    promise(printable(text).find('\n') == std::string::npos, "what is shown is one line");
    (void)why_not_a_tree_name(text);
    (void)is_chunk_name(text);
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view text = text_of(data + 1, size - 1);
    switch (data[0]) {
        case 't':
            check_tree(text);
            break;
        case 'c':
            check_commit(text);
            break;
        case 'd':
            check_delta(text);
            break;
        case 'p':
            check_packed(text);
            break;
        case 'i':
            check_index(text);
            break;
        default:
            check_id(text);
    }
    return 0;
}
