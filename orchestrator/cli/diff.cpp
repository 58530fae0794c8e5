// rehearse diff: what differs between two snapshots, or between a snapshot and what is live.
#include <ostream>

#include "orchestrator/cli/commands.h"
#include "orchestrator/cli/snapshotting.h"
#include "orchestrator/report/words.h"

namespace rehearse {

namespace {

struct Options {
    std::string environment, before = "latest", after;
};

int diff(const Invocation& invocation, const Options& options) {
    const Host& host = invocation.host;
    Workspace workspace = invocation.workspace();
    const Environment& environment = workspace.environment(options.environment);
    const SnapshotSummary before = workspace.store().find(environment.name, options.before);
    const SnapshotSummary after =
        options.after.empty() ? snapshot_environment(host, workspace, environment, "Live state, for a diff",
                                                     "refs/live/" + options.environment)
                              : workspace.store().find(environment.name, options.after);
    const std::vector<TreeDifference> differences = workspace.store().diff(before.id, after.id, 0);
    json::array array;
    for (const TreeDifference& difference : differences) {
        array.emplace_back(json::object{{"resource", difference.resource.text()},
                                        {"kind", std::string(to_string(difference.kind))},
                                        {"path", difference.path},
                                        {"before", difference.before_id},
                                        {"after", difference.after_id}});
        if (!invocation.json()) {
            host.out << to_string(difference.kind) << "  " << difference.resource << "/"
                     << words::printable(difference.path) << "\n";
        }
    }
    const bool equal = before.resources_tree == after.resources_tree;
    if (invocation.json()) {
        print_json(host, json::object{{"schema", "rehearse.diff/v1"},
                                      {"before", before.id.text()},
                                      {"after", after.id.text()},
                                      {"equal", equal},
                                      {"differences", std::move(array)}});
    } else if (equal) {
        host.out << "Nothing differs.\n";
    }
    return equal ? 0 : 1;
}

}  // namespace

void add_diff(Commands& commands) {
    auto options = std::make_shared<Options>();
    Command command = commands.add("diff",
                                   "says what differs between two snapshots, or between one and what is "
                                   "live; exit 1 where something does",
                                   "rehearse diff shop-staging latest", true);
    command.option("ENVIRONMENT", options->environment, "the environment's name").required();
    command.option("A", options->before, "a snapshot: commit, ref, drill's ref, or latest (the default)");
    command.option("B", options->after, "another snapshot; left out: what is live now");
    commands.on(command, [options](const Invocation& invocation) { return diff(invocation, *options); });
}

}  // namespace rehearse
