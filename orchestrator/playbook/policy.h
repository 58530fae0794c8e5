// policy.yaml to model, as strictly as the other files.
#pragma once

#include <filesystem>
#include <span>
#include <string>

#include "orchestrator/model/keys.h"
#include "orchestrator/model/policy.h"
#include "orchestrator/playbook/loader.h"

namespace rehearse {

/// Keys of policy.yaml.
[[nodiscard]] std::span<const KeySpec> policy_keys();

/// Reads policy.yaml. Never throws for what it holds.
[[nodiscard]] Loaded<Policy> load_policy(const std::filesystem::path& path);
/// The same for text that is not (or no longer) a file; `path` names it in complaints and anchors relative
/// paths.
[[nodiscard]] Loaded<Policy> parse_policy(std::string text, const std::filesystem::path& path);

[[nodiscard]] std::string policy_schema();

}  // namespace rehearse
