// What a live schema lacks of a snapshot's, and what it has beside it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "adapters/postgresql/schema.h"
#include "orchestrator/base/json.h"

namespace rehearse::postgresql {

struct SchemaDifference {
    std::vector<const SchemaObject*> missing;  // of the snapshot; an object that differs is here...
    std::vector<const SchemaObject*> extra;    // of the live schema; ...and here
    [[nodiscard]] bool empty() const { return missing.empty() && extra.empty(); }
};
/// Refreshes of materialised views don't count. `wordings`: how live objects may be worded besides
/// (capture.h).
[[nodiscard]] SchemaDifference compare(const Schema& wanted, const Schema& live, const json::array& wordings);

/// What removes an object with all that hangs on it; none where that is not known to be safe.
[[nodiscard]] std::optional<std::string> drop_statement(const SchemaObject& object);

}  // namespace rehearse::postgresql
