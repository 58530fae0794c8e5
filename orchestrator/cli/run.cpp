// rehearse run: a drill, from the plan to the verdict.
#include <algorithm>
#include <ostream>

#include "orchestrator/base/failure.h"
#include "orchestrator/cli/approving.h"
#include "orchestrator/cli/auditing.h"
#include "orchestrator/cli/commands.h"
#include "orchestrator/cli/planning.h"
#include "orchestrator/drill/drill.h"
#include "orchestrator/report/terminal.h"

namespace rehearse {

namespace {

constexpr int exit_invalid = 2, exit_refused = 3, exit_not_recovered = 4, exit_signal = 130;

struct Options {
    std::string playbook, release, plan_hash;
    bool yes = false, check_verifier = false;
};

bool all_but_approvals(const PlanView& view) {
    return std::all_of(view.interlocks.begin(), view.interlocks.end(), [](const InterlockResult& result) {
        return result.passed || result.interlock == "approvals";
    });
}

int run(const Invocation& invocation, const Options& options) {
    const Host& host = invocation.host;
    if (!options.yes && !host.asks) {
        host.log << "rehearse: without a terminal to ask on, 'rehearse run' wants --yes (and --plan-hash "
                    "HASH makes it "
                    "run that plan or nothing)\n";
        return exit_invalid;
    }
    Workspace workspace = invocation.workspace();
    Playbook playbook = workspace.playbook(options.playbook);
    if (options.check_verifier) playbook.verify.check_verifier = true;
    PreparedDrill prepared = prepare_drill(host, workspace, playbook, options.release);
    const PlanView& view = prepared.view;

    // Where the guard refuses anyway, its reasons say more than another hash; that nobody approved it follows
    // from the other hash.
    if (!options.plan_hash.empty() && options.plan_hash != view.hash.text() && all_but_approvals(view)) {
        host.log << "guard refused: plan_hash: the plan is now " << view.hash << ", not " << options.plan_hash
                 << "; look at 'rehearse plan " << options.playbook << "' again\n";
        return exit_refused;
    }
    if (!options.yes) {
        host.log << plan_text(to_json(view, prepared.forecast), host.colour);
        if (all_passed(view.interlocks) &&
            !confirm(host, "This breaks " + view.plan.environment.text() + " and then restores it.",
                     view.plan.environment.text())) {
            host.log << "Nothing was done.\n";
            return exit_refused;
        }
    }
    if (propose_plan(host, workspace, view)) host.log << waits_text(view) << std::endl;
    DrillOutcome outcome;
    host.run([&]() -> Task<void> { outcome = co_await run_drill(prepared.open->world(), view); });
    seal_audit(host, workspace);

    if (invocation.json()) {
        print_json(host, outcome.record.result);
    } else {
        host.out << drill_text(outcome.record.result, host.colour) << std::flush;
    }
    if (outcome.record.verdict == Verdict::refused && invocation.json()) {
        host.log << refusal_text(outcome.record.result.at("interlocks").as_array(), false);
    }
    if (outcome.alarm_problem)
        host.log << "rehearse: the alarm was not delivered: " << *outcome.alarm_problem << "\n";
    const int code = exit_code(*outcome.record.verdict);
    return host.stop.stop_requested() && code != exit_not_recovered ? exit_signal : code;
}

}  // namespace

void add_run(Commands& commands) {
    auto options = std::make_shared<Options>();
    Command command =
        commands.add("run", "runs a drill: snapshot, destroy, restore, prove, measure",
                     "rehearse run playbooks/delete-and-recreate.yaml --yes --output json", true);
    command.option("PLAYBOOK", options->playbook, "a playbook's name or file").required();
    command.flag("--yes", options->yes, "don't ask (needed where there is no terminal)");
    command.option("--plan-hash", options->plan_hash, "run this very plan (see 'rehearse plan') or nothing");
    command.flag("--check-verifier", options->check_verifier,
                 "afterwards break one item of each resource, see whether the verifier tells, put it back");
    command.option("--release", options->release, "the release that is rehearsed; recorded with the drill");
    commands.on(command, [options](const Invocation& invocation) { return run(invocation, *options); });
}

}  // namespace rehearse
