// YAML to model: environments, playbooks and rehearse.yaml are read strictly, and every complaint of a file
// is collected with its line and column, so that one run of `rehearse check` shows all there is to mend.
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/base/failure.h"
#include "orchestrator/model/environment.h"
#include "orchestrator/model/playbook.h"
#include "orchestrator/ports/adapter.h"

namespace rehearse {

/// The adapters of this build, as adapters/registry.h lists them.
using AdapterDescriptors = std::span<const AdapterDescriptor* const>;

/// One complaint about a file. Never holds the value of a connection or a secret.
struct Problem {
    SourceMark mark;
    std::string message;
    std::string remedy;
};
/// "playbooks/drill.yaml:6:17: 'rto' is 10, without a unit; write \"10s\"", one line.
[[nodiscard]] std::string to_string(const Problem& problem);

/// What a file says, or what is wrong with it: `value` is there exactly when `problems` is empty. Warnings do
/// not stop anything.
template <class T>
struct Loaded {
    std::optional<T> value;
    std::vector<Problem> problems;
    std::vector<Problem> warnings;
};

/// Reads one environment file. Paths in it become absolute against its folder, options get their defaults.
/// Never throws for what a file holds; a file that cannot be read is a problem, too.
[[nodiscard]] Loaded<Environment> load_environment(const std::filesystem::path& path,
                                                   AdapterDescriptors adapters);
/// Reads one playbook file by itself: what it says about its environment is checked by
/// load_workspace_files. Options of destroy steps get no defaults here, since the adapter is not known yet.
[[nodiscard]] Loaded<Playbook> load_playbook(const std::filesystem::path& path, AdapterDescriptors adapters);
/// Reads rehearse.yaml.
[[nodiscard]] Loaded<WorkspaceSettings> load_workspace(const std::filesystem::path& path);

/// The same for text that is not (or no longer) a file; `path` names it in complaints and anchors relative
/// paths.
[[nodiscard]] Loaded<Environment> parse_environment(std::string text, const std::filesystem::path& path,
                                                    AdapterDescriptors adapters);
[[nodiscard]] Loaded<Playbook> parse_playbook(std::string text, const std::filesystem::path& path,
                                              AdapterDescriptors adapters);
[[nodiscard]] Loaded<WorkspaceSettings> parse_workspace(std::string text, const std::filesystem::path& path);

/// A whole workspace. Only files without a problem are in it.
struct WorkspaceFiles {
    std::optional<WorkspaceSettings> settings;
    std::vector<Environment> environments;  // by file name
    std::vector<Playbook> playbooks;        // by file name
    std::vector<Problem> problems;          // file by file, each in the order of its lines
    std::vector<Problem> warnings;
};

/// Reads `directory`/rehearse.yaml, environments/*.yaml and playbooks/*.yaml (or .yml), and checks what they
/// say about each other. Destroy steps get the defaults of their adapter's keys.
[[nodiscard]] WorkspaceFiles load_workspace_files(const std::filesystem::path& directory,
                                                  AdapterDescriptors adapters);

/// The first of that name, or null.
[[nodiscard]] const Environment* find_environment(const WorkspaceFiles& files, const EnvironmentName& name);
[[nodiscard]] const Playbook* find_playbook(const WorkspaceFiles& files, const PlaybookName& name);

/// All problems in one Failure{invalid_input}: the first one's place and words, and how many more there are.
[[nodiscard]] Failure failure_from(const std::vector<Problem>& problems);

}  // namespace rehearse
