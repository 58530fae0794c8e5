// The sidecar of a directory: what git's tree cannot hold, as canonical JSON lines sorted by name.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/base/json.h"
#include "orchestrator/ports/tree.h"

namespace rehearse {

struct SidecarLine {
    std::string name;  // escaped (names.h); "." is the directory itself
    std::string text;  // one JSON object in canonical form with that "name", without the newline
};

/// Sorts the lines and writes them as `sidecar_name`: a blob, or, above largest_blob, a directory of blobs
/// that are cut at line borders. No lines: nothing is written. Fails: as TreeWriter; invalid_input for a name
/// given twice.
void write_sidecar(TreeWriter& directory, std::vector<SidecarLine> lines);

/// Calls `take` with each line's object in order; none where the directory has no sidecar. `origin` names the
/// directory in failures. Fails: as TreeReader; permanent where a line cannot be read.
void read_sidecar(const TreeReader& directory, const std::string& origin,
                  const std::function<void(const json::object&)>& take);

}  // namespace rehearse
