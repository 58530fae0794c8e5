// JSON Schema (draft 2020-12) for editors, generated from the same tables of keys that the loader reads.
#pragma once

#include <string>

#include "orchestrator/playbook/loader.h"

namespace rehearse {

/// Indented JSON with a newline at the end. What only a look at several files can tell is not in it.
[[nodiscard]] std::string environment_schema(AdapterDescriptors adapters);
[[nodiscard]] std::string playbook_schema(AdapterDescriptors adapters);
[[nodiscard]] std::string workspace_schema();

}  // namespace rehearse
