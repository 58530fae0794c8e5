// rehearse init: a commented workspace to start from.
#include <filesystem>
#include <ostream>

#include "orchestrator/base/failure.h"
#include "orchestrator/base/file.h"
#include "orchestrator/cli/commands.h"
#include "orchestrator/playbook/templates.h"

namespace rehearse {

namespace {

int init(const Invocation& invocation, const std::string& directory) {
    const Host& host = invocation.host;
    const std::filesystem::path place = (host.directory / directory).lexically_normal();
    if (std::filesystem::exists(place / "rehearse.yaml")) {
        throw Failure({.kind = FailureKind::invalid_input,
                       .operation = "init",
                       .object = place,
                       .message = "there is a workspace already",
                       .remedy = "run 'rehearse check' to see whether it is right"});
    }
    // Nothing that is there is overwritten: all names are looked at before the first file is written.
    const std::vector<WorkspaceTemplate> files =
        workspace_templates(host.adapters, (place / "").parent_path().filename().string());
    for (const WorkspaceTemplate& file : files) {
        if (std::filesystem::exists(place / file.path)) {
            throw Failure({.kind = FailureKind::invalid_input,
                           .operation = "init",
                           .object = place / file.path,
                           .message = "the file is there already",
                           .remedy = "choose an empty folder"});
        }
    }
    for (const WorkspaceTemplate& file : files) {
        make_directory_durably((place / file.path).parent_path(), 0755);
        write_file_durably(place / file.path, file.text, 0644);
        host.out << (place / file.path).string() << "\n";
    }
    host.out
        << "It runs as it is: in this folder, 'rehearse enroll example' and 'rehearse run "
           "delete-and-recreate'.\n"
           "Then describe your own environment in environments/; 'rehearse check' and 'rehearse doctor' help."
           "\n";
    return 0;
}

}  // namespace

void add_init(Commands& commands) {
    auto directory = std::make_shared<std::string>(".");
    Command command =
        commands.add("init", "writes a commented workspace: rehearse.yaml, environments/, playbooks/",
                     "rehearse init drills", false);
    command.option("DIR", *directory, "the new workspace's folder; default: here");
    commands.on(command, [directory](const Invocation& invocation) { return init(invocation, *directory); });
}

}  // namespace rehearse
