// rehearse snapshot: captures an environment and commits it.
#include <ostream>

#include "orchestrator/cli/commands.h"
#include "orchestrator/cli/snapshotting.h"

namespace rehearse {

namespace {

int snapshot(const Invocation& invocation, const std::string& name) {
    Workspace workspace = invocation.workspace();
    const Environment& environment = workspace.environment(name);
    workspace.make_state();
    const SnapshotSummary taken = snapshot_environment(invocation.host, workspace, environment,
                                                       "Snapshot of " + name, "refs/heads/" + name);
    if (invocation.json()) {
        print_json(invocation.host, json::object{{"schema", "rehearse.snapshot/v1"},
                                                 {"environment", name},
                                                 {"commit", taken.id.text()},
                                                 {"tree", taken.resources_tree.text()},
                                                 {"taken_at", to_rfc3339(taken.at)},
                                                 {"manifest", taken.manifest}});
    } else {
        invocation.host.out << taken.id << "\n";
    }
    return 0;
}

}  // namespace

void add_snapshot(Commands& commands) {
    auto name = std::make_shared<std::string>();
    Command command = commands.add("snapshot", "captures an environment, commits it, prints the commit",
                                   "rehearse snapshot shop-staging", true);
    command.option("ENVIRONMENT", *name, "the environment's name").required();
    commands.on(command, [name](const Invocation& invocation) { return snapshot(invocation, *name); });
}

}  // namespace rehearse
