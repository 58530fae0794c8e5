// rehearse plan: the dry run.
#include <ostream>

#include "orchestrator/cli/commands.h"
#include "orchestrator/cli/planning.h"
#include "orchestrator/report/terminal.h"

namespace rehearse {

namespace {

struct Options {
    std::string playbook, release;
    bool items = false;
};

int plan(const Invocation& invocation, const Options& options) {
    Workspace workspace = invocation.workspace();
    const Playbook& playbook = workspace.playbook(options.playbook);
    const PreparedDrill prepared = prepare_drill(invocation.host, workspace, playbook, options.release);
    const json::object document = to_json(prepared.view, prepared.forecast);
    if (invocation.json()) {
        print_json(invocation.host, document);
    } else {
        invocation.host.out << plan_text(document, invocation.host.colour, options.items ? 0 : 40);
    }
    if (all_passed(prepared.view.interlocks)) return 0;
    invocation.host.log << refusal_text(prepared.view.interlocks) << "\n";
    return 3;
}

}  // namespace

void add_plan(Commands& commands) {
    auto options = std::make_shared<Options>();
    CLI::App* command = commands.add(
        "plan", "the dry run: what would be destroyed, in which order it comes back, what the guard says",
        "rehearse plan playbooks/delete-and-recreate.yaml", true);
    command->add_option("PLAYBOOK", options->playbook, "a playbook's name or file")->required();
    command->add_option("--release", options->release, "the release that is rehearsed");
    command->add_flag("--items", options->items, "name every item, however many there are");
    commands.on(command, [options](const Invocation& invocation) { return plan(invocation, *options); });
}

}  // namespace rehearse
