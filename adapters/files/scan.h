// A look at the whole tree without opening files: items, hard link groups, what stands in the way, and a
// fingerprint by which a second look proves that nothing changed in between.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "adapters/files/filter.h"
#include "adapters/files/place.h"
#include "adapters/files/selector.h"
#include "orchestrator/ports/adapter.h"

namespace rehearse::files {

/// Sums of what statx tells, per folder, in any order.
using Fingerprints = std::unordered_map<std::uint64_t, std::uint64_t>;
[[nodiscard]] std::uint64_t fingerprint_key(const std::string& shown_folder);
/// Of one name in a folder. `is_shared`: a folder that others may write in, whose times and size say nothing.
[[nodiscard]] std::uint64_t fingerprint_of(const std::string& name, const Status& status, bool is_shared);

/// Of all folders in one, as hexadecimal text.
[[nodiscard]] std::string digest_of(const Fingerprints& fingerprints);

/// The names below the root of one file that has several, as shown, sorted.
struct LinkGroup {
    std::uint64_t links = 0;  // all of them, outside the root too
    std::vector<std::string> names{};
};

struct Scan {
    std::vector<Item> items{};  // selected ones, sorted; only where a selector is given
    std::uint64_t items_in_resource = 0;
    std::uint64_t bytes_in_resource = 0;
    std::vector<bool> matched{};  // per pattern of the selector
    std::vector<std::string> obstacles{};
    std::vector<std::string> warnings{};
    std::map<InodeId, LinkGroup> groups{};
    Fingerprints fingerprints{};
    std::string newest{};  // path of what changed last, or of the folder that it stood in
};

struct ScanRequest {
    const Place& place;
    const Filter& filter;
    const Selector* selector = nullptr;      // null: no items are listed
    const Fingerprints* expected = nullptr;  // Failure{transient} naming the first folder that differs
    unsigned threads = 2;
};
[[nodiscard]] Scan scan(const ScanRequest& request);

}  // namespace rehearse::files
