// The public doors: one file, or a whole workspace whose files are held against each other.
#include "orchestrator/playbook/loader.h"

#include <algorithm>
#include <map>
#include <utility>

#include "orchestrator/playbook/nearest.h"
#include "orchestrator/playbook/source.h"
#include "orchestrator/playbook/values.h"

namespace rehearse {

namespace {

/// The YAML files of a folder, by name; hidden ones and folders are left out.
std::vector<std::filesystem::path> yaml_files(const std::filesystem::path& folder) {
    std::vector<std::filesystem::path> files;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
        const std::filesystem::path& path = entry.path();
        const bool yaml = path.extension() == ".yaml" || path.extension() == ".yml";
        if (yaml && !path.filename().string().starts_with('.')) files.push_back(path);
    }
    std::sort(files.begin(), files.end());
    return files;
}

/// The first file of a name keeps it; each later one is told where that is.
template <class T>
void check_names(std::vector<Read<T>>& files, std::string_view key) {
    std::map<std::string, std::string> seen;
    for (Read<T>& file : files) {
        const Node* name = file.source.root ? child(*file.source.root, key) : nullptr;
        if (name == nullptr || name->kind != Node::Kind::scalar) continue;
        const auto [first, added] = seen.emplace(name->text, to_string(file.source.mark(name->at)));
        if (added) continue;
        file.source.problems.add(name->at,
                                 "there are two " + std::string(key) + "s of the name '" +
                                     shortened(name->text) + "'; the first is " + first->second,
                                 "rename one of them");
    }
}

void check_environment_of(Read<Playbook>& playbook, const std::vector<Read<Environment>>& environments,
                          AdapterDescriptors adapters) {
    const Node* name = playbook.source.root ? child(*playbook.source.root, "environment") : nullptr;
    if (name == nullptr || name->kind != Node::Kind::scalar || name->text.empty()) return;
    std::vector<std::string_view> names;
    bool unreadable = false;
    for (const Read<Environment>& environment : environments) {
        if (environment.value && environment.value->name.text() == name->text) {
            cross_check(playbook, *environment.value, adapters);
            return;
        }
        const Node* other =
            environment.source.root ? child(*environment.source.root, "environment") : nullptr;
        if (other != nullptr && other->text == name->text) return;  // has problems of its own
        if (other != nullptr && other->kind == Node::Kind::scalar) names.push_back(other->text);
        unreadable = unreadable || other == nullptr;
    }
    if (unreadable) return;  // it may be the one
    playbook.source.problems.add(
        name->at, "there is no environment '" + shortened(name->text) + "'",
        names.empty() ? "write environments/" + shortened(name->text) + ".yaml"
                      : suggestion(name->text, names, "the environments of this workspace are"));
}

template <class T>
void collect(std::vector<Read<T>> files, std::vector<T>& values, WorkspaceFiles& all) {
    for (Read<T>& file : files) {
        Loaded<T> loaded = std::move(file).loaded();
        if (loaded.problems.empty() && loaded.value) values.push_back(std::move(*loaded.value));
        std::move(loaded.problems.begin(), loaded.problems.end(), std::back_inserter(all.problems));
        std::move(loaded.warnings.begin(), loaded.warnings.end(), std::back_inserter(all.warnings));
    }
}

}  // namespace

std::string to_string(const Problem& problem) {
    std::string text = to_string(problem.mark) + ": " + problem.message;
    if (!problem.remedy.empty()) text += "; " + problem.remedy;
    return text;
}

Loaded<Environment> load_environment(const std::filesystem::path& path, AdapterDescriptors adapters) {
    return build_environment(read_source(path), adapters).loaded();
}
Loaded<Playbook> load_playbook(const std::filesystem::path& path, AdapterDescriptors adapters) {
    return build_playbook(read_source(path), adapters).loaded();
}
Loaded<WorkspaceSettings> load_workspace(const std::filesystem::path& path) {
    return build_workspace(read_source(path)).loaded();
}
Loaded<Environment> parse_environment(std::string text, const std::filesystem::path& path,
                                      AdapterDescriptors adapters) {
    return build_environment(source_from(std::move(text), path), adapters).loaded();
}
Loaded<Playbook> parse_playbook(std::string text, const std::filesystem::path& path,
                                AdapterDescriptors adapters) {
    return build_playbook(source_from(std::move(text), path), adapters).loaded();
}
Loaded<WorkspaceSettings> parse_workspace(std::string text, const std::filesystem::path& path) {
    return build_workspace(source_from(std::move(text), path)).loaded();
}

WorkspaceFiles load_workspace_files(const std::filesystem::path& directory, AdapterDescriptors adapters) {
    WorkspaceFiles all;
    Loaded<WorkspaceSettings> settings = load_workspace(directory / "rehearse.yaml");
    all.settings = std::move(settings.value);
    all.problems = std::move(settings.problems);
    all.warnings = std::move(settings.warnings);

    std::vector<Read<Environment>> environments;
    for (const std::filesystem::path& path : yaml_files(directory / "environments")) {
        environments.push_back(build_environment(read_source(path), adapters));
    }
    check_names(environments, "environment");
    std::vector<Read<Playbook>> playbooks;
    for (const std::filesystem::path& path : yaml_files(directory / "playbooks")) {
        playbooks.push_back(build_playbook(read_source(path), adapters));
    }
    check_names(playbooks, "playbook");
    for (Read<Playbook>& playbook : playbooks) check_environment_of(playbook, environments, adapters);

    collect(std::move(environments), all.environments, all);
    collect(std::move(playbooks), all.playbooks, all);
    return all;
}

const Environment* find_environment(const WorkspaceFiles& files, const EnvironmentName& name) {
    const auto found = std::find_if(files.environments.begin(), files.environments.end(),
                                    [&](const Environment& environment) { return environment.name == name; });
    return found == files.environments.end() ? nullptr : &*found;
}

const Playbook* find_playbook(const WorkspaceFiles& files, const PlaybookName& name) {
    const auto found = std::find_if(files.playbooks.begin(), files.playbooks.end(),
                                    [&](const Playbook& playbook) { return playbook.name == name; });
    return found == files.playbooks.end() ? nullptr : &*found;
}

Failure failure_from(const std::vector<Problem>& problems) {
    FailureFields fields{.kind = FailureKind::invalid_input};
    if (problems.empty()) return Failure(std::move(fields));
    fields.object = to_string(problems.front().mark);
    fields.message = problems.front().message;
    if (problems.size() > 1) {
        const std::size_t more = problems.size() - 1;
        fields.message +=
            " (and " + std::to_string(more) + (more == 1 ? " more problem)" : " more problems)");
    }
    fields.remedy = problems.front().remedy;
    return Failure(std::move(fields));
}

}  // namespace rehearse
