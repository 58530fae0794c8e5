// What `rehearse init` writes: a workspace that runs at once, commented so that a newcomer understands each
// key.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "orchestrator/playbook/loader.h"

namespace rehearse {

struct TemplateFile {
    std::filesystem::path path;  // below the workspace
    std::string text;
};

/// The files of a new workspace, which is called after its folder's name. They load without a problem when
/// `adapters` holds the files adapter.
[[nodiscard]] std::vector<TemplateFile> workspace_templates(const std::string& name,
                                                            AdapterDescriptors adapters);

}  // namespace rehearse
