// Destroy: drops the database, or drops, empties or thins out named tables.
#pragma once

#include "adapters/postgresql/settings.h"
#include "orchestrator/ports/adapter.h"

namespace rehearse::postgresql {

/// With the credential of `connection`. What is gone already is no error. Fails: refused (another cluster,
/// sessions, a reach beyond the named tables, rights), cancelled.
void destroy(const Settings& settings, const DestroyRequest& request);

}  // namespace rehearse::postgresql
