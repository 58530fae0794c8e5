// The marker that `enroll` plants beside each resource: it ties an environment's name to a live identity and
// holds the highest epoch. Signed with the workspace's marker key, so that a copied or edited one is seen.
#pragma once

#include <string>
#include <variant>

#include "orchestrator/base/clock.h"
#include "orchestrator/base/ids.h"
#include "orchestrator/base/json.h"
#include "orchestrator/base/secret.h"

namespace rehearse {

struct Marker {
    EnvironmentName environment;
    ResourceName resource;
    json::object identity;
    std::string nonce;  // of the enrolment
    Epoch epoch = 0;
    WallTime written_at;
};

/// Canonical JSON with an HMAC-SHA-256 over the rest (schema rehearse.marker/v1), one line.
[[nodiscard]] std::string sign_marker(const Marker& marker, const Secret& key);
/// The marker, or why it can't be believed.
[[nodiscard]] std::variant<Marker, std::string> read_marker_text(const std::string& text, const Secret& key);

}  // namespace rehearse
