// The loader's own table of keys: what environments, playbooks and rehearse.yaml may say. Validation, the
// JSON Schema and the docs read it; adapters add theirs through AdapterDescriptor.
#pragma once

#include <span>
#include <string_view>

#include "orchestrator/model/keys.h"

namespace rehearse {

/// Keys of an environment file. The entries of `resources` also take the keys of their adapter.
[[nodiscard]] std::span<const KeySpec> environment_keys();
/// Keys of a playbook file. The entries of `destroy` also take the destroy keys of the resource's adapter.
[[nodiscard]] std::span<const KeySpec> playbook_keys();
/// Keys of rehearse.yaml.
[[nodiscard]] std::span<const KeySpec> workspace_keys();

/// The key of that name, or null.
[[nodiscard]] const KeySpec* find_key(std::span<const KeySpec> keys, std::string_view name);

/// True for words that the design has and this build cannot honour yet: a key, or "key=value". They are
/// refused by name rather than as unknown.
[[nodiscard]] bool is_planned(std::string_view word);

}  // namespace rehearse
