// rehearse plan: the dry run.
#include <algorithm>
#include <ostream>

#include "orchestrator/base/digest.h"
#include "orchestrator/cli/approving.h"
#include "orchestrator/cli/commands.h"
#include "orchestrator/cli/planning.h"
#include "orchestrator/report/terminal.h"
#include "orchestrator/report/words.h"

namespace rehearse {

namespace {

struct Options {
    std::string playbook, release;
    bool items = false, explain = false, standing = false, check_verifier = false;
    std::uint64_t runs = 1, max_items = 0;
    std::string valid_for = "30d";
};

/// Each interlock with its rule, what it saw, and why it passes or refuses.
std::string explanation(const std::vector<InterlockResult>& results) {
    std::string text = "\nInterlock by interlock\n";
    for (const Interlock& interlock : interlocks()) {
        const auto found = std::find_if(results.begin(), results.end(), [&](const InterlockResult& result) {
            return result.interlock == interlock.name;
        });
        const char* answer = found == results.end() ? "later  " : found->passed ? "passes " : "REFUSES";
        text += "  " + std::string(answer) + " " + std::string(interlock.name) + ": " +
                std::string(interlock.rule) + "\n";
        if (found == results.end()) {
            text += interlock.phase == GuardPhase::before_damage
                        ? "          asked after the snapshot, before anything is broken\n"
                        : "          asked once everything can be reached\n";
            continue;
        }
        text += "          saw: " + words::printable(found->saw) + "\n";
        if (found->passed) continue;
        text += "          because: " + words::printable(found->reason) + "\n";
        text += "          what to do: " + words::printable(found->remedy) + "\n";
    }
    return text;
}

int propose_standing(const Invocation& invocation, Workspace& workspace, const PlanView& view,
                     const Options& options) {
    const Host& host = invocation.host;
    require_may(host, workspace, PolicyAct::propose);
    // Whole milliseconds, as the document has them.
    const WallTime expires = parse_rfc3339(to_rfc3339(host.clock.wall() + parse_duration(options.valid_for)));
    const Standing standing{.playbook = view.plan.playbook,
                            .playbook_digest = view.plan.playbook_digest,
                            .environment = view.plan.environment,
                            .selectors = selectors_of(view.plan),
                            .approvals = view.plan.guard.approvals,
                            .max_items = options.max_items == 0 ? items_named(view.plan) : options.max_items,
                            .runs = options.runs,
                            .expires = expires};
    const std::string document = canonical_json(to_json(standing));
    const std::string subject = "sha256:" + sha256_hex(document);
    propose(host, workspace,
            {.kind = ProposalKind::standing,
             .subject = subject,
             .environment = view.plan.environment,
             .document = document,
             .runs = options.runs,
             .expires = expires});
    host.log << "The standing approval is kept and waits: rehearse approve " << subject << "\n";
    return 0;
}

int plan(const Invocation& invocation, const Options& options) {
    Workspace workspace = invocation.workspace();
    Playbook playbook = workspace.playbook(options.playbook);
    if (options.check_verifier) playbook.verify.check_verifier = true;
    const PreparedDrill prepared = prepare_drill(invocation.host, workspace, playbook, options.release);
    const json::object document = to_json(prepared.view, prepared.forecast);
    if (invocation.json()) {
        print_json(invocation.host, document);
    } else {
        invocation.host.out << plan_text(document, invocation.host.colour, options.items ? 0 : 40);
        if (options.explain) invocation.host.out << explanation(prepared.view.interlocks);
    }
    if (options.standing) return propose_standing(invocation, workspace, prepared.view, options);
    if (propose_plan(invocation.host, workspace, prepared.view))
        invocation.host.log << waits_text(prepared.view) << "\n";
    if (all_passed(prepared.view.interlocks)) return 0;
    invocation.host.log << refusal_text(prepared.view.interlocks) << "\n";
    return 3;
}

}  // namespace

void add_plan(Commands& commands) {
    auto options = std::make_shared<Options>();
    Command command = commands.add(
        "plan", "the dry run: what would be destroyed, in which order it comes back, what the guard says",
        "rehearse plan playbooks/delete-and-recreate.yaml", true);
    command.option("PLAYBOOK", options->playbook, "a playbook's name or file").required();
    command.option("--release", options->release, "the release that is rehearsed");
    command.flag("--check-verifier", options->check_verifier, "the plan of 'run --check-verifier'");
    command.flag("--items", options->items, "name every item, however many there are");
    command.flag("--explain", options->explain,
                 "say of each interlock what it saw, and why it passes or refuses");
    command.flag("--standing", options->standing,
                 "propose a standing approval: for runs of this playbook whose plans don't exist yet");
    command.option("--runs", options->runs, "with --standing: how many runs (default 1)").between(1, 10000);
    command.option("--max-items", options->max_items,
                   "with --standing: what one run may break at most; default: as many as now");
    command.option("--valid-for", options->valid_for, "with --standing: how long (default 30d)");
    commands.on(command, [options](const Invocation& invocation) { return plan(invocation, *options); });
}

}  // namespace rehearse
