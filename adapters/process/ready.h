// Asks a process whether it is ready: one cheap question at a time, each on a new connection.
#pragma once

#include <string>

#include "adapters/process/settings.h"

namespace rehearse::process {

/// What keeps it from being ready ("connection refused", "HTTP 502, expected 200"); empty: it is ready.
/// Answers within `patience`. Without any check in the settings it is always ready.
[[nodiscard]] std::string why_not_ready(const Settings& settings, const Clock& clock, Duration patience);

}  // namespace rehearse::process
