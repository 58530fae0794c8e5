// rehearse halt: the kill switch. Destroying stops, restores go on.
#include <ostream>

#include "orchestrator/base/file.h"
#include "orchestrator/cli/approving.h"
#include "orchestrator/cli/auditing.h"
#include "orchestrator/cli/commands.h"

namespace rehearse {

namespace {

struct Options {
    std::string reason;
    bool lift = false;
};

int halt(const Invocation& invocation, const Options& options) {
    const Host& host = invocation.host;
    Workspace workspace = invocation.workspace();
    if (options.lift) {
        if (workspace.has_state()) require_may(host, workspace, PolicyAct::lift);
        const bool was = workspace.has_state() && remove_file_durably(workspace.halt_file());
        if (was) tell_audit(host, workspace, "halt_lifted", {});
        host.out << (was ? "The kill switch is off: drills may destroy again.\n"
                         : "The kill switch was not on.\n");
        return 0;
    }
    workspace.make_state();
    const std::string text = "by " + host.actor.name + " at " + to_rfc3339(host.clock.wall()) +
                             (options.reason.empty() ? "" : ": " + options.reason);
    write_file_durably(workspace.halt_file(), text, 0600);
    tell_audit(host, workspace, "halted", {{"text", text}});
    host.out << "The kill switch is on: nothing is destroyed any more, restores go on. Lift it with "
                "'rehearse halt --lift'.\n";
    return 0;
}

}  // namespace

void add_halt(Commands& commands) {
    auto options = std::make_shared<Options>();
    Command command = commands.add("halt", "kill switch: no destroying any more, restores go on",
                                   "rehearse halt --reason 'wrong cluster?'", false);
    command.option("--reason", options->reason, "why; whoever is refused by it reads this");
    command.flag("--lift", options->lift, "turn the kill switch off again");
    commands.on(command, [options](const Invocation& invocation) { return halt(invocation, *options); });
}

}  // namespace rehearse
