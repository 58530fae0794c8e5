// Restore: a database equal to a snapshot, whatever is there now.
#pragma once

#include <utility>

#include "adapters/postgresql/settings.h"
#include "adapters/postgresql/view.h"
#include "orchestrator/ports/adapter.h"

namespace rehearse::postgresql {

struct Restored {
    RestoreReport report;
    View view;  // of the restored state, taken before anybody came in: what the verifying capture reads
};
/// Mends what is there, or builds anew. Fails: refused where the cluster is another one or lacks roles.
[[nodiscard]] Restored restore(const Settings& settings, const Clock& clock, const TreeReader& tree,
                               const RestoreRequest& request);

}  // namespace rehearse::postgresql
