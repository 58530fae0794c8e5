// rehearse clear: a person ends a quarantine, with a reason.
#include <ostream>

#include "orchestrator/cli/approving.h"
#include "orchestrator/cli/commands.h"

namespace rehearse {

namespace {

struct Options {
    std::string environment, reason;
};

int clear(const Invocation& invocation, const Options& options) {
    const Host& host = invocation.host;
    if (options.reason.find_first_not_of(" \t") == std::string::npos) {
        host.log
            << "rehearse: a quarantine ends with a reason: add --reason 'what you looked at and mended'\n";
        return 2;
    }
    if (host.actor.kind == ActorKind::automation) {
        host.log << "guard refused: clear: a quarantine is ended by a person, and this is automation ("
                 << host.actor.name << "); run it from a person's terminal\n";
        return 3;
    }
    Workspace workspace = invocation.workspace();
    require_may(host, workspace, PolicyAct::clear);
    const Environment& environment = workspace.environment(options.environment);
    if (!workspace.ledger().clear_quarantine(environment.name, host.actor, options.reason,
                                             host.clock.wall())) {
        host.out << environment.name << " is not quarantined.\n";
        return 0;
    }
    host.out << environment.name << " is no longer quarantined. Check it with 'rehearse diff "
             << environment.name << "'.\n";
    return 0;
}

}  // namespace

void add_clear(Commands& commands) {
    auto options = std::make_shared<Options>();
    Command command =
        commands.add("clear", "a person ends a quarantine, with a reason",
                     "rehearse clear shop-staging --reason 'orders restored by hand, compared'", false);
    command.option("ENVIRONMENT", options->environment, "the environment's name").required();
    command.option("--reason", options->reason, "what was looked at and mended; kept in the ledger")
        .required();
    commands.on(command, [options](const Invocation& invocation) { return clear(invocation, *options); });
}

}  // namespace rehearse
