// What git's tree cannot hold: sidecars and the entries, names and ACLs in them.
#include <algorithm>

#include "adapters/files/acl.h"
#include "adapters/files/entry.h"
#include "adapters/support/chunks.h"
#include "adapters/support/names.h"
#include "adapters/support/sidecar.h"
#include "orchestrator/ports/tree_name.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/memory_tree.h"

using namespace rehearse;
using namespace rehearse::fuzz;

namespace {

void check_entry(const json::object& line) {
    const auto entry = accepted([&] { return files::entry_from_json(line, "input"); });
    if (!entry) return;
    promise(entry->name.find('/') == std::string::npos && entry->name != ".." && !entry->name.empty(),
            "no entry leaves its folder");
    const json::object written = files::to_json(*entry);
    promise(files::to_json(files::entry_from_json(written, "input")) == written,
            "an entry reads as it was written");
    for (const json::key_value_pair& member : written) {
        const json::value* given = line.if_contains(member.key());
        promise(given == nullptr || *given == member.value(), "an entry says what its line says");
    }
}

void check_sidecar(std::string_view text) {
    test::MemoryTrees trees;
    const auto writer = trees.writer();
    writer->blob(sidecar_name, text);
    const auto reader = trees.open(writer->finish());
    (void)accepted([&] { return read_sidecar(*reader, "input", check_entry), 0; });
}

void check_name(std::string_view bytes) {
    const std::string escaped = escape_bytes(bytes);
    promise(unescape_bytes(escaped) == bytes, "any bytes come back");
    if (const auto plain = accepted([&] { return unescape_bytes(bytes); }))
        promise(escape_bytes(*plain) == bytes, "an escaped name has one form");
    if (bytes.find('/') == std::string_view::npos && bytes.find('\0') == std::string_view::npos &&
        !bytes.empty()) {
        const std::string name = tree_name_of(bytes);
        promise(why_not_a_tree_name(name).empty() && name.size() <= longest_tree_name,
                "any name fits into a tree");
    }
    if (const auto chunk = accepted([&] { return parse_chunk_name(bytes); }))
        promise(chunk_name(chunk->offset, chunk->length) == bytes, "a chunk's name has one form");
    if (const auto acl = files::acl_bytes(bytes)) {
        const auto text = files::acl_text(*acl);
        promise(text && files::acl_bytes(*text) == acl, "an ACL that is read can be written");
    }
    if (const auto text = files::acl_text(bytes))
        promise(files::acl_bytes(*text) == bytes, "an ACL comes back");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text = text_of(data, size);
    check_sidecar(text);
    check_name(text);
    return 0;
}
