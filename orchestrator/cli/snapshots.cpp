// rehearse snapshots: lists an environment's snapshots.
#include <cstdio>
#include <ostream>

#include "orchestrator/cli/commands.h"

namespace rehearse {

namespace {

struct Options {
    std::string environment;
    std::size_t limit = 20;
};

int snapshots(const Invocation& invocation, const Options& options) {
    Workspace workspace = invocation.workspace();
    const Environment& environment = workspace.environment(options.environment);
    const std::vector<SnapshotSummary> list = workspace.store().list(environment.name, options.limit);
    if (invocation.json()) {
        json::array array;
        for (const SnapshotSummary& one : list) {
            array.emplace_back(json::object{{"commit", one.id.text()},
                                            {"tree", one.resources_tree.text()},
                                            {"taken_at", to_rfc3339(one.at)},
                                            {"message", one.message},
                                            {"manifest", one.manifest}});
        }
        print_json(invocation.host,
                   json::object{{"schema", "rehearse.snapshots/v1"}, {"snapshots", std::move(array)}});
        return 0;
    }
    for (const SnapshotSummary& one : list) {
        invocation.host.out << one.id << "  " << to_rfc3339(one.at) << "  "
                            << one.message.substr(0, one.message.find('\n')) << "\n";
    }
    if (list.empty()) {
        invocation.host.out << "No snapshot yet: run 'rehearse snapshot " << options.environment << "'\n";
    }
    return 0;
}

}  // namespace

void add_snapshots(Commands& commands) {
    auto options = std::make_shared<Options>();
    Command command = commands.add("snapshots", "lists an environment's snapshots, newest first",
                                   "rehearse snapshots shop-staging --limit 5", true);
    command.option("ENVIRONMENT", options->environment, "the environment's name").required();
    command.option("--limit", options->limit, "how many at most; default 20; 0: all");
    commands.on(command, [options](const Invocation& invocation) { return snapshots(invocation, *options); });
}

}  // namespace rehearse
