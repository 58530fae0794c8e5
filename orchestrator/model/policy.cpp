// Looking things up in a policy. What is not granted is denied.
#include "orchestrator/model/policy.h"

#include <algorithm>

#include "orchestrator/base/json.h"

namespace rehearse {

namespace {

bool holds(const std::vector<std::string>& list, const std::string& text) {
    return std::find(list.begin(), list.end(), text) != list.end();
}

}  // namespace

std::string_view to_string(PolicyAct act) {
    switch (act) {
        case PolicyAct::propose:
            return "propose";
        case PolicyAct::approve:
            return "approve";
        case PolicyAct::run:
            return "run";
        case PolicyAct::clear:
            return "clear";
        case PolicyAct::lift:
            return "lift";
    }
    return "";
}

std::string policy_document(std::string_view policy, std::string_view allowed_signers) {
    return canonical_json(json::object{
        {"schema", "rehearse.policy/v1"}, {"policy", policy}, {"allowed_signers", allowed_signers}});
}

std::vector<const PolicyMember*> members_of(const Policy& policy, const Requester& requester) {
    std::vector<const PolicyMember*> found;
    for (const PolicyMember& member : policy.members) {
        if (member.name == requester.actor.name || holds(member.accounts, requester.actor.name) ||
            holds(member.accounts, requester.account)) {
            found.push_back(&member);
        }
    }
    return found;
}

bool may(const Policy& policy, const PolicyMember& member, PolicyAct act) {
    for (const PolicyGrant& grant : policy.grants) {
        if (grant.act != act) continue;
        for (const PolicyRole& role : policy.roles) {
            if (holds(grant.roles, role.name) && holds(role.members, member.name)) return true;
        }
    }
    return false;
}

bool may(const Policy& policy, const Requester& requester, PolicyAct act) {
    const auto members = members_of(policy, requester);
    return !members.empty() && std::all_of(members.begin(), members.end(), [&](const PolicyMember* member) {
        return may(policy, *member, act);
    });
}

bool is_automation(const Policy& policy, const Requester& requester) {
    const auto members = members_of(policy, requester);
    return requester.actor.kind == ActorKind::automation ||
           std::any_of(members.begin(), members.end(),
                       [](const PolicyMember* member) { return member->kind == ActorKind::automation; });
}

const PolicyEnvironment* find_environment(const Policy& policy, const EnvironmentName& name) {
    const auto found = std::find_if(policy.environments.begin(), policy.environments.end(),
                                    [&](const PolicyEnvironment& known) { return known.name == name; });
    return found == policy.environments.end() ? nullptr : &*found;
}

std::string who_may(const Policy& policy, PolicyAct act) {
    std::string names;
    for (const PolicyMember& member : policy.members) {
        if (may(policy, member, act)) names += (names.empty() ? "" : ", ") + member.name;
    }
    return names.empty() ? "nobody" : names;
}

}  // namespace rehearse
