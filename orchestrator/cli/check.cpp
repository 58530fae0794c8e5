// rehearse check: validates everything without touching anything.
#include <algorithm>
#include <filesystem>
#include <ostream>

#include "orchestrator/base/failure.h"
#include "orchestrator/cli/approving.h"
#include "orchestrator/cli/commands.h"
#include "orchestrator/cli/policy_change.h"
#include "orchestrator/playbook/policy.h"
#include "orchestrator/playbook/schema.h"

namespace rehearse {

namespace {

struct Options {
    std::vector<std::string> files;
    std::string schema;
};

json::array problems_json(const std::vector<Problem>& problems) {
    json::array array;
    for (const Problem& problem : problems) {
        array.emplace_back(json::object{{"file", problem.mark.file},
                                        {"line", problem.mark.line},
                                        {"column", problem.mark.column},
                                        {"message", problem.message},
                                        {"remedy", problem.remedy}});
    }
    return array;
}

/// Only what stands in the named files; all where none is named.
std::vector<Problem> in_files(const std::vector<Problem>& problems,
                              const std::vector<std::filesystem::path>& files) {
    if (files.empty()) return problems;
    std::vector<Problem> kept;
    for (const Problem& problem : problems) {
        std::error_code error;
        const bool named = std::any_of(files.begin(), files.end(), [&](const std::filesystem::path& file) {
            return std::filesystem::equivalent(problem.mark.file, file, error);
        });
        if (named) kept.push_back(problem);
    }
    return kept;
}

/// policy.yaml where there is one; what is wrong with it or its allowed_signers goes to `problems`.
std::optional<Policy> check_policy_files(const Workspace& workspace, std::vector<Problem>& problems) {
    if (!std::filesystem::exists(workspace.policy_file())) return std::nullopt;
    Loaded<Policy> loaded = load_policy(workspace.policy_file());
    std::move(loaded.problems.begin(), loaded.problems.end(), std::back_inserter(problems));
    if (!loaded.value || !loaded.problems.empty()) return std::nullopt;
    try {
        (void)read_policy_files(workspace);
    } catch (const Failure& failure) {
        problems.push_back({{loaded.value->allowed_signers_file, 1, 1},
                            failure.fields().object + ": " + failure.fields().message,
                            failure.fields().remedy});
    }
    return std::move(loaded.value);
}

int check(const Invocation& invocation, const Options& options) {
    const Host& host = invocation.host;
    if (!options.schema.empty()) {
        host.out << (options.schema == "environment" ? environment_schema(host.adapters)
                     : options.schema == "playbook"  ? playbook_schema(host.adapters)
                     : options.schema == "policy"    ? policy_schema()
                                                     : workspace_schema());
        return 0;
    }
    std::vector<std::filesystem::path> files;
    for (const std::string& name : options.files) {
        files.push_back(host.directory / name);
        if (!std::filesystem::exists(files.back())) {
            throw Failure({.kind = FailureKind::invalid_input,
                           .operation = "check",
                           .object = name,
                           .message = "there is no such file",
                           .remedy = "name files of the workspace, or none for all"});
        }
    }
    const Workspace workspace = invocation.workspace();
    WorkspaceFiles loaded = load_workspace_files(workspace.directory(), host.adapters);
    const std::optional<Policy> policy = check_policy_files(workspace, loaded.problems);
    const std::vector<Problem> problems = in_files(loaded.problems, files);
    const std::vector<Problem> warnings = in_files(loaded.warnings, files);
    if (invocation.json()) {
        print_json(host, json::object{{"schema", "rehearse.check/v1"},
                                      {"ok", problems.empty()},
                                      {"problems", problems_json(problems)},
                                      {"warnings", problems_json(warnings)}});
    }
    for (const Problem& warning : warnings) host.log << "warning: " << to_string(warning) << "\n";
    for (const Problem& problem : problems) host.log << to_string(problem) << "\n";
    if (!problems.empty()) return 2;
    if (!invocation.json()) {
        host.out << "All is well: " << loaded.environments.size()
                 << (loaded.environments.size() == 1 ? " environment, " : " environments, ")
                 << loaded.playbooks.size()
                 << (loaded.playbooks.size() == 1 ? " playbook.\n" : " playbooks.\n");
        if (policy) host.out << policy_text(*policy);
    }
    return 0;
}

}  // namespace

void add_check(Commands& commands) {
    auto options = std::make_shared<Options>();
    Command command = commands.add(
        "check", "validates the workspace without touching anything: file:line:column for each problem",
        "rehearse check playbooks/delete-and-recreate.yaml", true);
    command.option("FILE", options->files, "show only the problems of these files; default: of all");
    command.option("--print-schema", options->schema, "print the JSON Schema of a kind of file, for editors")
        .one_of({"environment", "playbook", "workspace", "policy"});
    commands.on(command, [options](const Invocation& invocation) { return check(invocation, *options); });
}

}  // namespace rehearse
