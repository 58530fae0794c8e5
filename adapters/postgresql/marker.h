// The marker: a row in the cluster's maintenance database, so that it outlives the database that it is about.
#pragma once

#include <optional>
#include <string>

#include "adapters/postgresql/settings.h"

namespace rehearse::postgresql {

[[nodiscard]] std::optional<std::string> read_marker(const Settings& settings);
/// Replaces it; on the disk when this returns. Fails: refused with the GRANT that is missing.
void write_marker(const Settings& settings, const std::string& text);

}  // namespace rehearse::postgresql
