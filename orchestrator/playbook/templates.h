// What `rehearse init` writes: a workspace that runs at once, commented so that a newcomer understands each
// key.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "orchestrator/playbook/loader.h"

namespace rehearse {

struct WorkspaceTemplate {
    std::filesystem::path path;  // below the workspace
    std::string text;
};

/// The files of a new workspace; none is beside or above it. They load without a problem when `adapters`
/// holds the files adapter. What a name may not hold is replaced in `name`.
[[nodiscard]] std::vector<WorkspaceTemplate> workspace_templates(AdapterDescriptors adapters,
                                                                 const std::string& name = "my-workspace");

}  // namespace rehearse
