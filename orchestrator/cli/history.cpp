// rehearse history: what happened, newest first.
#include <ostream>

#include "orchestrator/cli/commands.h"
#include "orchestrator/cli/filters.h"
#include "orchestrator/report/terminal.h"

namespace rehearse {

namespace {

struct Options {
    std::string environment, playbook, since;
    std::size_t limit = 20;
};

int history(const Invocation& invocation, const Options& options) {
    const Host& host = invocation.host;
    Workspace workspace = invocation.workspace();
    const std::vector<DrillRecord> drills =
        workspace.ledger().drills({.environment = EnvironmentName(options.environment),
                                   .playbook = PlaybookName(options.playbook),
                                   .since = parse_since(options.since, host.clock.wall()),
                                   .limit = options.limit});
    if (invocation.json()) {
        json::array array;
        for (const DrillRecord& drill : drills) array.emplace_back(summary_of(drill));
        print_json(host, json::object{{"schema", "rehearse.history/v1"}, {"drills", std::move(array)}});
    } else if (drills.empty()) {
        host.out << "No drill yet.\n";
    } else {
        host.out << history_text(drills, host.colour);
    }
    return 0;
}

}  // namespace

void add_history(Commands& commands) {
    auto options = std::make_shared<Options>();
    Command command = commands.add("history", "what happened, newest first",
                                   "rehearse history --environment shop-staging --since 30d", true);
    command.option("--environment", options->environment, "only this environment");
    command.option("--playbook", options->playbook, "only this playbook");
    command.option("--since", options->since, "a date (2026-11-01T00:00:00Z) or an age (30d)");
    command.option("--limit", options->limit, "how many at most; default 20; 0: all");
    commands.on(command, [options](const Invocation& invocation) { return history(invocation, *options); });
}

}  // namespace rehearse
