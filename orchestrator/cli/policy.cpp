// rehearse policy: shows the policy in force, adopts policy.yaml.
#include <ostream>

#include "orchestrator/base/failure.h"
#include "orchestrator/cli/approving.h"
#include "orchestrator/cli/commands.h"
#include "orchestrator/cli/policy_change.h"

namespace rehearse {

namespace {

struct Options {
    std::string action = "show";
    bool yes = false;
};

int show(const Invocation& invocation, Workspace& workspace) {
    const Host& host = invocation.host;
    const auto adopted =
        workspace.has_state() ? workspace.ledger().adopted_policy() : std::optional<AdoptedPolicy>();
    std::string problem;
    json::object document{{"schema", "rehearse.policy/v1"}, {"in_force", nullptr}, {"inert", nullptr}};
    if (adopted) {
        const PolicyInForce known = workspace.policy_in_force();
        problem = known.problem;
        document["in_force"] = json::object{{"digest", adopted->digest},
                                            {"adopted_at", to_rfc3339(adopted->at)},
                                            {"adopted_by", adopted->by.actor.name},
                                            {"policy", parse_json(adopted->document, "the adopted policy")}};
        if (known.policy && !invocation.json())
            host.out << "In force since " << to_rfc3339(adopted->at) << ", adopted by "
                     << adopted->by.actor.name << " (" << adopted->digest << "):\n"
                     << policy_text(*known.policy);
    } else if (!invocation.json()) {
        host.out << "No policy is in force.\n";
    }
    if (!problem.empty()) host.log << problem << "\n";
    if (std::filesystem::exists(workspace.policy_file())) {
        const PolicyFiles files = read_policy_files(workspace);
        if (!adopted || adopted->digest != files.digest) document["inert"] = files.digest;
        if (document["inert"].is_string() && !invocation.json())
            host.out << "policy.yaml says something else, and is inert until 'rehearse policy adopt' ("
                     << files.digest << ").\n";
    }
    if (invocation.json()) print_json(host, document);
    return problem.empty() ? 0 : 2;
}

/// The first one: nobody could approve it, so a person decides.
int adopt_first(const Invocation& invocation, Workspace& workspace, const PolicyFiles& files, bool yes) {
    const Host& host = invocation.host;
    if (host.actor.kind == ActorKind::automation) {
        host.log << "guard refused: policy: the first policy is adopted by a person, and this is automation ("
                 << host.actor.name << ")\n";
        return 3;
    }
    host.log << policy_text(files.policy);
    if (!yes && !host.asks) {
        host.log << "rehearse: without a terminal to ask on, 'rehearse policy adopt' wants --yes\n";
        return 2;
    }
    if (!yes && !confirm(host, "From now on what this policy does not grant is denied.", files.policy.name)) {
        host.log << "Nothing was adopted.\n";
        return 3;
    }
    workspace.ledger().adopt_policy(
        {.digest = files.digest, .document = files.document, .by = requester(host), .at = host.clock.wall()},
        "");
    host.out << "The policy is in force: " << files.digest << "\n";
    return 0;
}

int adopt(const Invocation& invocation, Workspace& workspace, bool yes) {
    const Host& host = invocation.host;
    const PolicyFiles files = read_policy_files(workspace);
    workspace.make_state();
    const auto adopted = workspace.ledger().adopted_policy();
    if (!adopted) return adopt_first(invocation, workspace, files, yes);
    if (adopted->digest == files.digest) {
        host.out << "This policy is in force already.\n";
        return 0;
    }
    const PolicyInForce before = require_policy(workspace);
    require_may(host, workspace, PolicyAct::propose);
    propose(host, workspace,
            {.kind = ProposalKind::policy, .subject = files.digest, .document = files.document});
    const ProposalRecord record = find_proposal(workspace, files.digest);
    const Progress progress = where_it_stands(record, before, {requester(host)}, host.clock.wall());
    if (static_cast<int>(progress.counted.persons.size()) < progress.needed) {
        host.log << "guard refused: policy: the changed policy has " << text_of(progress) << "; ask "
                 << who_may(*before.policy, PolicyAct::approve) << " for 'rehearse approve " << files.digest
                 << "', then adopt it again; until then the old one is in force\n";
        return 3;
    }
    workspace.ledger().adopt_policy(
        {.digest = files.digest, .document = files.document, .by = requester(host), .at = host.clock.wall()},
        adopted->digest);
    host.out << "The changed policy is in force: " << files.digest << "\n";
    return 0;
}

}  // namespace

void add_policy(Commands& commands) {
    auto options = std::make_shared<Options>();
    Command command = commands.add(
        "policy", "shows the policy in force; 'adopt' puts policy.yaml in force, approved under the old one",
        "rehearse policy adopt", true);
    command.option("ACTION", options->action, "show (default) or adopt").one_of({"show", "adopt"});
    command.flag("--yes", options->yes, "don't ask before the first policy is adopted");
    commands.on(command, [options](const Invocation& invocation) {
        Workspace workspace = invocation.workspace();
        return options->action == "adopt" ? adopt(invocation, workspace, options->yes)
                                          : show(invocation, workspace);
    });
}

}  // namespace rehearse
