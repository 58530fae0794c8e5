// Observe: what a destroy would reach, and what would keep it or the restore from working.
#pragma once

#include "adapters/postgresql/settings.h"
#include "orchestrator/ports/adapter.h"

namespace rehearse::postgresql {

[[nodiscard]] Observation observe(const Settings& settings, const Selection& selection);

}  // namespace rehearse::postgresql
