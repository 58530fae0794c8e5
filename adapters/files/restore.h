// Makes a file tree equal a snapshot, writing only what differs.
#pragma once

#include "adapters/files/filter.h"
#include "adapters/files/place.h"
#include "orchestrator/ports/adapter.h"

namespace rehearse::files {

struct RestoreOrder {
    Place& place;
    std::vector<std::string>
        include{};  // what the environment file leaves out now; the snapshot knows its own
    std::vector<std::string> exclude{};
    unsigned threads = 2;
};

/// Makes the root where it is missing. On the disk when it returns. Safe to call again on any half-done
/// state. Fails: permanent for a snapshot that cannot be read; refused where it may not write.
RestoreReport restore(const RestoreOrder& order, const TreeReader& tree);

}  // namespace rehearse::files
