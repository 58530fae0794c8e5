// The adapters of this build, one line each in registry.cpp.
#pragma once

#include <span>

#include "orchestrator/ports/adapter.h"

namespace rehearse {

[[nodiscard]] std::span<const AdapterDescriptor* const> registered_adapters();

}  // namespace rehearse
