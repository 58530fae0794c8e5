// One file on its way to the model: its text, its tree, its complaints. Shared by the three kinds of file.
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "orchestrator/base/json.h"
#include "orchestrator/playbook/checker.h"
#include "orchestrator/playbook/document.h"
#include "orchestrator/playbook/loader.h"
#include "orchestrator/playbook/problems.h"

namespace rehearse {

struct SourceFile {
    std::filesystem::path path;  // absolute, lexically normalised
    Problems problems;
    std::string bytes;
    std::optional<Node> root;  // where the syntax allows one
    json::object values;       // what the table of keys makes of it

    [[nodiscard]] std::filesystem::path folder() const { return path.parent_path(); }
    [[nodiscard]] SourceMark mark(Position at) const { return problems.mark(at); }
};

/// A file and the model's value, which is there only where nothing is wrong with the file by itself.
template <class T>
struct Read {
    SourceFile source;
    std::optional<T> value;

    [[nodiscard]] Loaded<T> loaded() && {
        return {std::move(value), source.problems.problems(), source.problems.warnings()};
    }
};

/// Takes text for the content of `path`.
[[nodiscard]] SourceFile source_from(std::string text, const std::filesystem::path& path);
/// Reads `path`; what goes wrong is a problem of the file.
[[nodiscard]] SourceFile read_source(const std::filesystem::path& path);

[[nodiscard]] Read<Environment> build_environment(SourceFile source, AdapterDescriptors adapters);
[[nodiscard]] Read<Playbook> build_playbook(SourceFile source, AdapterDescriptors adapters);
[[nodiscard]] Read<WorkspaceSettings> build_workspace(SourceFile source);

/// Complains about what a playbook says of its environment, and gives destroy steps their adapters' defaults.
void cross_check(Read<Playbook>& playbook, const Environment& environment, AdapterDescriptors adapters);

/// The section under `key`, or its defaults from the table where it is not written.
[[nodiscard]] json::object section(const json::object& values, std::span<const KeySpec> keys,
                                   std::string_view key);
/// The texts of the list under `key`; empty where it is not written.
[[nodiscard]] std::vector<std::string> texts_at(const json::object& values, std::string_view key);
[[nodiscard]] Duration duration_at(const json::object& values, std::string_view key);

/// One command of `values`, whose tree is `node`.
[[nodiscard]] CommandSpec command_from(const SourceFile& source, const json::object& values,
                                       const Node& node);
/// The commands under `key`; empty where it is not written.
[[nodiscard]] std::vector<CommandSpec> commands_from(const SourceFile& source, const json::object& values,
                                                     const Node& node, std::string_view key);
/// The alarm, where there is one.
[[nodiscard]] std::optional<CommandSpec> alarm_from(const SourceFile& source);

/// Complains about what the table of keys cannot see in an environment by itself; warns of passwords in
/// clear.
void check_environment(const Node& root, AdapterDescriptors adapters, Problems& problems);
/// The same for a playbook by itself.
void check_playbook(const Node& root, Problems& problems);
/// Complains about freeze windows that say nothing or too much.
void check_freeze(const Node& root, Problems& problems);
/// The freeze windows of a checked file.
[[nodiscard]] std::vector<FreezeWindow> freeze_from(const SourceFile& source);

/// The adapter of that name, or null.
[[nodiscard]] const AdapterDescriptor* find_adapter(AdapterDescriptors adapters, std::string_view name);

}  // namespace rehearse
