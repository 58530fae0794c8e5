// Shared by history, report and gate: spans of time as people type them, and a drill in a few words.
#pragma once

#include <optional>
#include <string>

#include "orchestrator/base/clock.h"
#include "orchestrator/model/drill.h"

namespace rehearse {

/// An RFC 3339 instant or date, or an age before `now` ("30d"). Empty: none. Fails: invalid_input.
[[nodiscard]] std::optional<WallTime> parse_since(const std::string& text, WallTime now);
/// One row of `history --output json`.
[[nodiscard]] json::object summary_of(const DrillRecord& drill);

}  // namespace rehearse
