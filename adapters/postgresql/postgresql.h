// The PostgreSQL adapter: a whole database as a resource, its tables as items.
#pragma once

#include "orchestrator/ports/adapter.h"

namespace rehearse {

[[nodiscard]] const AdapterDescriptor& postgresql_adapter();

}  // namespace rehearse
