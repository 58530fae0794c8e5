// One value for a SQL probe, within its time, whatever the server does.
#pragma once

#include <string>

#include "adapters/postgresql/connection_string.h"
#include "orchestrator/base/clock.h"

namespace rehearse::postgresql {

/// A connection of its own, one read-only statement; the first column of the first row, empty where there is
/// none. Fails: transient (no answer in time, no connection), else as the server says.
[[nodiscard]] std::string query_value(const ConnectionString& where, const Clock& clock,
                                      const std::string& text, Duration timeout);

}  // namespace rehearse::postgresql
