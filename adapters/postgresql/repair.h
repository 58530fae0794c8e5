// Repairing a database that is there: only what differs from the snapshot is touched.
#pragma once

#include <optional>

#include "adapters/postgresql/build.h"

namespace rehearse::postgresql {

/// None where the differences can't be mended in place: then the database has to be built anew. Fails where
/// neither would help (the connection, rights, disk).
[[nodiscard]] std::optional<RestoreReport> repair(const Settings& settings, const Clock& clock,
                                                  const Wanted& wanted, Connection& maintenance);

}  // namespace rehearse::postgresql
