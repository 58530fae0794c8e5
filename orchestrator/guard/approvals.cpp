// Counting approvals, and the interlock that wants enough of them.
#include "orchestrator/guard/approvals.h"

#include <algorithm>

#include "orchestrator/base/digest.h"
#include "orchestrator/base/failure.h"
#include "orchestrator/guard/guard.h"
#include "orchestrator/guard/ssh_key.h"
#include "orchestrator/guard/ssh_signature.h"

namespace rehearse {

namespace {

std::string joined(const std::vector<std::string>& list, const char* between = ", ") {
    std::string text;
    for (const std::string& one : list) text += (text.empty() ? "" : between) + one;
    return text;
}

bool is_requester(const Policy& policy, const PolicyMember& member,
                  const std::vector<Requester>& requesters) {
    for (const Requester& requester : requesters) {
        const auto known = members_of(policy, requester);
        if (std::find(known.begin(), known.end(), &member) != known.end()) return true;
    }
    return false;
}

/// Everyone that the key may be, and why a line that has the key does not count.
std::vector<const PolicyMember*> owners_of(const std::string& key, const Voting& voting,
                                           std::string& problem) {
    std::vector<const PolicyMember*> owners;
    for (const AllowedSigner& signer : voting.signers) {
        if (signer.key != key) continue;
        if (const auto why = signer.problem(approval_namespace, voting.now)) {
            problem = *why;
            continue;
        }
        for (const PolicyMember& member : voting.policy.members) {
            const bool named =
                std::any_of(member.principals.begin(), member.principals.end(),
                            [&](const std::string& principal) { return signer.names(principal); });
            if (named && std::find(owners.begin(), owners.end(), &member) == owners.end())
                owners.push_back(&member);
        }
    }
    return owners;
}

/// `total` approvals of the proposals that may speak for the plan; the first that has enough wins.
struct Candidate {
    const ProposalRecord& record;
    std::string targets;
    std::string problem;
};

std::vector<Candidate> candidates(const GuardFacts& facts) {
    std::vector<Candidate> found;
    const std::string hash = plan_hash(facts.plan).text();
    for (const ProposalRecord& record : facts.policy.proposals) {
        const Proposal& proposal = record.proposal;
        if (proposal.kind == ProposalKind::plan && proposal.subject == hash) {
            found.push_back({record, targets_digest(facts.plan), ""});
        } else if (proposal.kind == ProposalKind::standing) {
            const Standing standing =
                standing_from_json(parse_json_object(proposal.document, proposal.subject), proposal.subject);
            if (standing.playbook != facts.plan.playbook) continue;
            found.push_back({record, targets_of(proposal), beyond(standing, facts.plan).value_or("")});
        }
    }
    return found;
}

/// Uses by other drills than the one that asks.
std::string used_up(const Proposal& proposal, const DrillId& drill) {
    const bool own =
        std::find(proposal.used_by.begin(), proposal.used_by.end(), drill) != proposal.used_by.end();
    if (own) return "";
    if (!drill.empty()) return "it was not used by drill " + drill.text();
    if (proposal.used_by.size() < proposal.runs) return "";
    return "it was used by drill " + proposal.used_by.back().text();
}

}  // namespace

std::string targets_of(const Proposal& proposal) {
    const auto document = [&] { return parse_json_object(proposal.document, proposal.subject); };
    switch (proposal.kind) {
        case ProposalKind::plan:
            return targets_digest(plan_from_json(document(), proposal.subject));
        case ProposalKind::standing:
            return "sha256:" +
                   sha256_hex(canonical_json(standing_from_json(document(), proposal.subject).selectors));
        case ProposalKind::policy:
            break;
    }
    return proposal.subject;
}

std::string approval_text(const Proposal& proposal, const std::string& targets) {
    return canonical_json(json::object{{"schema", "rehearse.approval/v1"},
                                       {"decision", "approve"},
                                       {"kind", to_string(proposal.kind)},
                                       {"subject", proposal.subject},
                                       {"environment", proposal.environment.text()},
                                       {"targets", targets},
                                       {"runs", proposal.runs},
                                       {"expires", to_rfc3339(proposal.expires)},
                                       {"nonce", proposal.nonce}}) +
           "\n";
}

std::variant<const PolicyMember*, std::string> voter_of(const Approval& approval, const std::string& text,
                                                        const Voting& voting) {
    SshSignature signature;
    try {
        signature = read_ssh_signature(approval.signature);
        if (signature.name_space != approval_namespace)
            return "it was signed for '" + signature.name_space.substr(0, 60) + "', not for '" +
                   std::string(approval_namespace) + "'";
        if (approval.text != text) return "it is an approval of something else";
        if (!is_good(signature, text, approval_namespace)) return "its signature is not good";
    } catch (const Failure& failure) {
        return "its signature can't be read: " + failure.fields().message;
    }
    const std::string key = fingerprint(signature.key);
    std::string problem = "no line of allowed_signers has the key";
    const auto owners = owners_of(signature.key, voting, problem);
    if (owners.empty()) return "key " + key + " is nobody's that the policy knows: " + problem;
    if (owners.size() > 1)
        return "key " + key + " could be " + owners[0]->name + " or " + owners[1]->name +
               ": it counts for neither";
    const PolicyMember& member = *owners.front();
    if (member.kind == ActorKind::automation) return member.name + " is automation";
    if (is_requester(voting.policy, member, voting.requesters)) return member.name + " is who asks";
    if (!may(voting.policy, member, PolicyAct::approve)) return member.name + " may not approve";
    return &member;
}

Tally tally(const ProposalRecord& record, const std::string& targets, const Voting& voting) {
    Tally counted;
    const std::string text = approval_text(record.proposal, targets);
    for (const Approval& approval : record.approvals) {
        if (approval.decision != Decision::approve) {
            counted.void_because = approval.by.actor.name + " denied it" +
                                   (approval.reason.empty() ? "" : ": " + approval.reason);
            continue;
        }
        const auto voter = voter_of(approval, text, voting);
        if (const auto* why = std::get_if<std::string>(&voter)) {
            counted.not_counted.push_back(*why);
            continue;
        }
        const std::string& name = std::get<const PolicyMember*>(voter)->name;
        if (std::find(counted.persons.begin(), counted.persons.end(), name) == counted.persons.end())
            counted.persons.push_back(name);
    }
    if (voting.now >= record.proposal.expires)
        counted.void_because = "it expired at " + to_rfc3339(record.proposal.expires);
    return counted;
}

int approvals_needed(const Plan& plan, const std::optional<Policy>& policy) {
    const PolicyEnvironment* environment = policy ? find_environment(*policy, plan.environment) : nullptr;
    return std::max(plan.guard.approvals, environment == nullptr ? 0 : environment->approvals);
}

std::optional<std::string> beyond(const Standing& standing, const Plan& plan) {
    if (standing.playbook_digest != plan.playbook_digest) return "the playbook was changed";
    if (standing.environment != plan.environment) return "it is for another environment";
    if (standing.selectors != selectors_of(plan)) return "the plan selects something else";
    if (const std::uint64_t items = items_named(plan); items > standing.max_items) {
        return "the plan breaks " + std::to_string(items) + " items, it allows " +
               std::to_string(standing.max_items);
    }
    return std::nullopt;
}

Authority authority_for(const GuardFacts& facts) {
    const int needed = approvals_needed(facts.plan, facts.policy.policy);
    Authority authority{.saw = "0 of " + std::to_string(needed) + " approvals"};
    const std::vector<AllowedSigner> signers =
        read_allowed_signers(facts.policy.allowed_signers, "allowed_signers");
    for (const Candidate& candidate : candidates(facts)) {
        const Proposal& proposal = candidate.record.proposal;
        const Voting voting{.policy = *facts.policy.policy,
                            .signers = signers,
                            .requesters = {proposal.by, facts.policy.requester},
                            .now = facts.now};
        const Tally counted = tally(candidate.record, candidate.targets, voting);
        std::string problem =
            candidate.problem.empty() ? used_up(proposal, facts.policy.drill) : candidate.problem;
        if (counted.void_because) problem = *counted.void_because;
        const bool enough = static_cast<int>(counted.persons.size()) >= needed;
        const std::string what =
            std::string(proposal.kind == ProposalKind::standing ? "a standing proposal has " : "") +
            std::to_string(counted.persons.size()) + " of " + std::to_string(needed) + " approvals" +
            (counted.persons.empty() ? "" : " (" + joined(counted.persons) + ")");
        if (problem.empty() && enough) return {.nonce = proposal.nonce, .saw = what, .lacks = ""};
        // The newest says most; candidates come newest first.
        if (!authority.lacks.empty()) continue;
        authority.saw = what;
        authority.lacks = problem.empty() ? what : what + ", and is void: " + problem;
        if (!counted.not_counted.empty())
            authority.lacks += "; not counted: " + joined(counted.not_counted, "; ");
    }
    if (authority.lacks.empty()) authority.lacks = authority.saw;
    return authority;
}

InterlockResult check_approvals(const GuardFacts& facts) {
    const int needed = approvals_needed(facts.plan, facts.policy.policy);
    InterlockResult result{.saw = std::to_string(needed) + " approvals needed"};
    if (needed == 0) {
        result.passed = true;
        return result;
    }
    if (!facts.policy.policy) {
        result.reason =
            "the plan needs " + std::to_string(needed) + " approvals, and no policy says who may approve";
        result.remedy = "write policy.yaml, then 'rehearse policy adopt'";
        return result;
    }
    const Authority authority = authority_for(facts);
    result.saw = authority.saw;
    result.passed = !authority.nonce.empty();
    if (!result.passed) {
        result.reason = "the plan has " + authority.lacks;
        result.remedy = "ask " + who_may(*facts.policy.policy, PolicyAct::approve) +
                        " for 'rehearse approve " + plan_hash(facts.plan).text() +
                        "', after 'rehearse plan " + facts.plan.playbook.text() + "'";
    }
    return result;
}

}  // namespace rehearse
