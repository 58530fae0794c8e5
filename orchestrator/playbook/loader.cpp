// The public doors: one file, or a whole workspace whose files are held against each other.
#include "orchestrator/playbook/loader.h"

#include <algorithm>
#include <map>
#include <utility>

#include "orchestrator/playbook/keys.h"
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

/// One playbook against its environment.
class CrossCheck {
  public:
    CrossCheck(Read<Playbook>& playbook, const Environment& environment, AdapterDescriptors adapters)
        : source_(playbook.source),
          playbook_(playbook.value),
          environment_(environment),
          adapters_(adapters) {
        for (const ResourceSpec& resource : environment.resources) resources_.push_back(resource.name.text());
        for (const ProbeSpec& probe : environment.probes) probes_.push_back(probe.name);
    }

    void run() {
        steady_state();
        destroy();
        accept();
    }

  private:
    [[nodiscard]] std::string environment() const { return "environment '" + environment_.name.text() + "'"; }

    void steady_state() {
        const Node* list = child(*source_.root, "steady_state");
        if (list == nullptr) return;
        for (const Node& name : list->items) {
            if (name.kind != Node::Kind::scalar || find_probe(environment_, name.text) != nullptr) continue;
            source_.problems.add(name.at, environment() + " has no probe '" + shortened(name.text) + "'",
                                 probes_.empty()
                                     ? "add it under 'probes' in " + environment_.file.filename().string()
                                     : suggestion(name.text, probes_, "its probes are"));
        }
    }

    void destroy() {
        const Node* list = child(*source_.root, "destroy");
        if (list == nullptr) return;
        for (std::size_t i = 0; i < list->items.size(); ++i) {
            const Node* name = child(list->items[i], "resource");
            if (name == nullptr || name->kind != Node::Kind::scalar) continue;
            const ResourceSpec* resource = find_resource(environment_, ResourceName(name->text));
            if (resource == nullptr) {
                source_.problems.add(name->at,
                                     environment() + " has no resource '" + shortened(name->text) + "'",
                                     suggestion(name->text, resources_, "its resources are"));
            } else if (const AdapterDescriptor* adapter = find_adapter(adapters_, resource->adapter)) {
                step(list->items[i], i, *adapter);
            }
        }
    }

    /// What a step says must be what its adapter takes; the adapter's defaults are filled in.
    void step(const Node& node, std::size_t index, const AdapterDescriptor& adapter) {
        const std::string name(adapter.name);
        if (adapter.patterns.empty()) {
            if (const Node* items = key_of(node, "items")) {
                source_.problems.add(items->at,
                                     "the adapter '" + name + "' breaks a resource as a whole only",
                                     "remove 'items'");
            }
        }
        std::vector<KeySpec> keys;
        for (const KeySpec& key : find_key(playbook_keys(), "destroy")->nested) {
            if (key.name != "items" || !adapter.patterns.empty()) keys.push_back(key);
        }
        keys.insert(keys.end(), adapter.destroy_keys.begin(), adapter.destroy_keys.end());
        Problems again(source_.problems.file());
        Checker checker(source_.folder(), again);
        json::object values =
            checker.mapping(node, keys, "a destroy step of the adapter '" + name + "'", node.at);
        for (const Problem& problem : again.problems()) add_once(problem);
        if (!playbook_) return;
        values.erase("resource");
        values.erase("items");
        playbook_->destroy[index].options = std::move(values);
    }

    /// What the file by itself was told at the same place is not told again.
    void add_once(const Problem& problem) {
        const std::vector<Problem> known = source_.problems.problems();
        const bool there = std::any_of(known.begin(), known.end(), [&](const Problem& other) {
            return other.mark.line == problem.mark.line && other.mark.column == problem.mark.column;
        });
        if (!there) {
            source_.problems.add({problem.mark.line, problem.mark.column}, problem.message, problem.remedy);
        }
    }

    /// "orders/**": a resource that is written out must exist; one with a glob in it is taken as it is.
    void accept() {
        const Node* verify = child(*source_.root, "verify");
        const Node* list = verify == nullptr ? nullptr : child(*verify, "accept");
        if (list == nullptr) return;
        for (const Node& pattern : list->items) {
            if (pattern.kind != Node::Kind::scalar) continue;
            const std::string name = pattern.text.substr(0, pattern.text.find('/'));
            if (name.find_first_of("*?[\\") != std::string::npos) continue;
            if (find_resource(environment_, ResourceName(name)) != nullptr) continue;
            source_.problems.add(pattern.at, environment() + " has no resource '" + shortened(name) + "'",
                                 "write resource/item; " + suggestion(name, resources_, "its resources are"));
        }
    }

    SourceFile& source_;
    std::optional<Playbook>& playbook_;
    const Environment& environment_;
    AdapterDescriptors adapters_;
    std::vector<std::string_view> resources_, probes_;
};

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

void check_playbook(Read<Playbook>& playbook, const std::vector<Read<Environment>>& environments,
                    AdapterDescriptors adapters) {
    const Node* name = playbook.source.root ? child(*playbook.source.root, "environment") : nullptr;
    if (name == nullptr || name->kind != Node::Kind::scalar || name->text.empty()) return;
    std::vector<std::string_view> names;
    bool unreadable = false;
    for (const Read<Environment>& environment : environments) {
        if (environment.value && environment.value->name.text() == name->text) {
            CrossCheck(playbook, *environment.value, adapters).run();
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
    for (Read<Playbook>& playbook : playbooks) check_playbook(playbook, environments, adapters);

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
