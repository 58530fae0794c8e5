// git's commit objects as snapshots use them: who, when, the caller's words, and the essentials for those who
// read `git log`.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "orchestrator/base/clock.h"
#include "orchestrator/base/json.h"
#include "orchestrator/snapshots/object_id.h"

namespace rehearse {

struct SnapshotCommit {
    ObjectId tree;
    std::optional<ObjectId> parent;
    WallTime at;          // git keeps seconds, the message milliseconds
    std::string message;  // the caller's, without the essentials
};

/// The bytes of the commit. The essentials are `at`, the resources' trees and the manifest's own short
/// values, one "Rehearse-...: ..." line each. Fails: invalid_input (a time before 1970).
[[nodiscard]] std::string encode_commit(const SnapshotCommit& commit, const json::object& manifest,
                                        const std::map<std::string, ObjectId>& resources);
/// None where the bytes are not a commit. One that another program made is read as far as it goes.
[[nodiscard]] std::optional<SnapshotCommit> parse_commit(std::string_view content);

}  // namespace rehearse
