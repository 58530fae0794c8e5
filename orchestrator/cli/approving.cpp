// Proposals kept, found and counted.
#include "orchestrator/cli/approving.h"

#include <algorithm>
#include <set>

#include "orchestrator/base/digest.h"
#include "orchestrator/base/failure.h"

namespace rehearse {

namespace {

Failure refused(const std::string& what, const std::string& message, const std::string& remedy) {
    return Failure({.kind = FailureKind::refused,
                    .operation = "guard refused",
                    .object = what,
                    .native_code = {},
                    .message = message,
                    .remedy = remedy});
}

std::string joined(const std::vector<std::string>& names) {
    std::string text;
    for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
    return text.empty() ? "nobody" : text;
}

}  // namespace

Requester requester(const Host& host) { return {.actor = host.actor, .account = host.account}; }

void require_may(const Host& host, Workspace& workspace, PolicyAct act) {
    const PolicyInForce known = workspace.policy_in_force();
    if (!known.problem.empty())
        throw refused("policy", known.problem, "run 'rehearse policy', then mend or adopt it");
    if (!known.policy || may(*known.policy, requester(host), act)) return;
    throw refused("policy", host.actor.name + " may not " + std::string(to_string(act)),
                  "those who may: " + who_may(*known.policy, act));
}

PolicyInForce require_policy(Workspace& workspace) {
    PolicyInForce known = workspace.policy_in_force();
    if (!known.problem.empty())
        throw refused("policy", known.problem, "run 'rehearse policy', then mend or adopt it");
    if (!known.policy)
        throw refused("policy", "no policy says who may approve",
                      "write policy.yaml, then 'rehearse policy adopt'");
    return known;
}

Progress where_it_stands(const ProposalRecord& record, const PolicyInForce& policy,
                         const std::vector<Requester>& also, WallTime now) {
    Progress progress;
    const Proposal& proposal = record.proposal;
    const std::vector<AllowedSigner> signers =
        read_allowed_signers(policy.allowed_signers, "allowed_signers");
    Voting voting{.policy = *policy.policy, .signers = signers, .requesters = {proposal.by}, .now = now};
    voting.requesters.insert(voting.requesters.end(), also.begin(), also.end());
    progress.counted = tally(record, targets_of(proposal), voting);
    const PolicyEnvironment* environment = find_environment(*policy.policy, proposal.environment);
    const int of_environment = environment == nullptr ? 0 : environment->approvals;
    const auto document = [&] { return parse_json_object(proposal.document, proposal.subject); };
    switch (proposal.kind) {
        case ProposalKind::plan:
            progress.needed = approvals_needed(plan_from_json(document(), proposal.subject), policy.policy);
            break;
        case ProposalKind::standing:
            progress.needed =
                std::max(standing_from_json(document(), proposal.subject).approvals, of_environment);
            break;
        case ProposalKind::policy:
            progress.needed = policy.policy->change_approvals;
            break;
    }
    if (progress.counted.void_because) {
        progress.closed = *progress.counted.void_because;
    } else if (proposal.used_by.size() >= proposal.runs) {
        progress.closed = "drill " + proposal.used_by.back().text() + " used it";
    }
    return progress;
}

void propose(const Host& host, Workspace& workspace, Proposal proposal) {
    const WallTime now = host.clock.wall();
    const PolicyInForce policy = require_policy(workspace);
    for (const ProposalRecord& record : workspace.ledger().proposals(proposal.subject)) {
        if (where_it_stands(record, policy, {}, now).closed.empty()) return;
    }
    proposal.nonce = random_hex(16);
    proposal.by = requester(host);
    proposal.at = now;
    if (proposal.expires <= now) proposal.expires = now + policy.policy->approvals_expire;
    workspace.ledger().record_proposal(proposal);
}

bool propose_plan(const Host& host, Workspace& workspace, const PlanView& view) {
    const PolicyInForce known = workspace.policy_in_force();
    if (!known.policy || !view.unreadable.empty() || !view.approved.empty() ||
        approvals_needed(view.plan, known.policy) == 0 ||
        !may(*known.policy, requester(host), PolicyAct::propose))
        return false;
    propose(host, workspace,
            {.kind = ProposalKind::plan,
             .subject = view.hash.text(),
             .environment = view.plan.environment,
             .document = canonical_json(to_json(view.plan))});
    return true;
}

std::string waits_text(const PlanView& view) {
    return "The plan is kept and waits for approval: rehearse approve " + view.hash.text();
}

ProposalRecord find_proposal(Workspace& workspace, const std::string& subject) {
    const std::vector<ProposalRecord> found = workspace.ledger().proposals(subject);
    std::set<std::string> subjects;
    for (const ProposalRecord& record : found) subjects.insert(record.proposal.subject);
    const std::string remedy = "see 'rehearse approve', which lists what waits";
    if (subject.empty() || subjects.empty() || subjects.size() > 1) {
        throw Failure({.kind = FailureKind::invalid_input,
                       .object = subject,
                       .message = subjects.size() > 1 ? "this beginning fits several proposals"
                                                      : "nothing of this hash waits for approval",
                       .remedy = remedy});
    }
    return found.front();
}

std::string text_of(const Progress& progress) {
    std::string text = std::to_string(progress.counted.persons.size()) + " of " +
                       std::to_string(progress.needed) + " approvals";
    if (!progress.counted.persons.empty()) text += ": " + joined(progress.counted.persons);
    if (!progress.closed.empty()) text += "; closed: " + progress.closed;
    for (const std::string& why : progress.counted.not_counted) text += "; not counted: " + why;
    return text;
}

json::object to_json(const ProposalRecord& record, const Progress& progress) {
    const Proposal& proposal = record.proposal;
    json::array persons, not_counted;
    for (const std::string& person : progress.counted.persons) persons.emplace_back(person);
    for (const std::string& why : progress.counted.not_counted) not_counted.emplace_back(why);
    return {{"schema", "rehearse.proposal/v1"},
            {"subject", proposal.subject},
            {"kind", to_string(proposal.kind)},
            {"environment", proposal.environment.text()},
            {"proposed_by", proposal.by.actor.name},
            {"proposed_at", to_rfc3339(proposal.at)},
            {"expires", to_rfc3339(proposal.expires)},
            {"runs", proposal.runs},
            {"used", proposal.used_by.size()},
            {"needed", progress.needed},
            {"approved_by", std::move(persons)},
            {"not_counted", std::move(not_counted)},
            {"closed", progress.closed}};
}

std::string policy_text(const Policy& policy) {
    std::string text = "policy " + policy.name + "\n";
    const auto names = [&](ActorKind kind) {
        std::vector<std::string> of_kind;
        for (const PolicyMember& member : policy.members) {
            if (member.kind == kind) of_kind.push_back(member.name);
        }
        return joined(of_kind);
    };
    text += "  persons: " + names(ActorKind::person) + "\n";
    text += "  automations: " + names(ActorKind::automation) + "\n";
    for (const PolicyGrant& grant : policy.grants)
        text += "  may " + std::string(to_string(grant.act)) + ": " + who_may(policy, grant.act) + "\n";
    text += "  may halt: everybody\n";
    for (const PolicyEnvironment& environment : policy.environments) {
        std::vector<std::string> resources;
        for (const ResourceName& name : environment.resources) resources.push_back(name.text());
        text += "  environment " + environment.name.text() + ": " +
                (resources.empty() ? "all resources" : joined(resources)) + ", at least " +
                std::to_string(environment.approvals) + " approvals\n";
    }
    const auto cap = [&](const char* who, const std::optional<PolicyCaps>& caps) {
        if (!caps) return;
        text += "  " + std::string(who) + " break at most " + std::to_string(caps->max_items) +
                " items and " + std::to_string(caps->max_share_permille / 10) + " % of a resource\n";
    };
    cap("persons", policy.persons_cap);
    cap("automations", policy.automations_cap);
    if (!policy.production.empty()) text += "  production: " + joined(policy.production) + "\n";
    if (!policy.freeze.empty()) text += "  freeze windows: " + std::to_string(policy.freeze.size()) + "\n";
    text += "  approvals expire after " + to_text(policy.approvals_expire) + "; a changed policy needs " +
            std::to_string(policy.change_approvals) + "\n";
    return text;
}

}  // namespace rehearse
