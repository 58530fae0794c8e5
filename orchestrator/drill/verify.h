// Stage: verify. Captures again and compares trees: equality is proved, or the difference is listed item by
// item.
#pragma once

#include <string>
#include <vector>

#include "orchestrator/drill/execution.h"

namespace rehearse {

struct Compared {
    TakenSnapshot after;
    bool equal = false;                         // the very same tree
    std::vector<TreeDifference> differences{};  // at most 1000 of them
    std::set<ResourceName> different{};         // resources whose trees differ
};

/// Captures `capture` into the snapshot `role` and compares it with the drill's first; the result goes into
/// the journal. Fails as take_snapshot() does.
[[nodiscard]] Task<Compared> verify(Execution& execution, std::string role, std::set<ResourceName> capture);

/// Whether the playbook's verify.accept lets this difference be: patterns over "resource/path".
[[nodiscard]] bool is_accepted(const std::vector<std::string>& patterns,
                               const std::string& resource_and_path);

}  // namespace rehearse
