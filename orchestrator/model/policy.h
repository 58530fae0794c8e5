// The policy: who is a person and who is automation, who may do what where, and how many must agree.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/model/approval.h"
#include "orchestrator/model/playbook.h"

namespace rehearse {

/// Somebody the policy knows. Recognised by the accounts of this machine, and by the principals of
/// signatures.
struct PolicyMember {
    std::string name{};
    ActorKind kind = ActorKind::person;
    std::vector<std::string> accounts{}, principals{};
};

struct PolicyRole {
    std::string name{};
    std::vector<std::string> members{};
};

/// The acts that the policy grants. Halting is not among them: everybody may, always.
enum class PolicyAct { propose, approve, run, clear, lift };
[[nodiscard]] std::string_view to_string(PolicyAct act);

struct PolicyGrant {
    PolicyAct act = PolicyAct::propose;
    std::vector<std::string> roles{};
};

struct PolicyEnvironment {
    EnvironmentName name{};
    std::vector<ResourceName> resources{};  // that may be destroyed; empty: all
    int approvals = 0;                      // at least so many, whatever the playbook says
};

struct PolicyCaps {
    std::uint64_t max_items = 0;
    std::uint64_t max_share_permille = 1000;
};

struct Policy {
    std::string name{};
    std::string allowed_signers_file{};  // absolute
    std::vector<PolicyMember> members{};
    std::vector<PolicyRole> roles{};
    std::vector<PolicyGrant> grants{};
    std::vector<PolicyEnvironment> environments{};
    std::optional<PolicyCaps> persons_cap{}, automations_cap{};
    std::vector<std::string> production{};  // globs; a live identity that holds a text that matches refuses
    std::vector<FreezeWindow> freeze{};
    Duration approvals_expire = std::chrono::hours(24);
    int change_approvals = 1;  // that a changed policy needs
};

/// Both files' text as one canonical document (schema rehearse.policy/v1): what is adopted, and approved.
[[nodiscard]] std::string policy_document(std::string_view policy, std::string_view allowed_signers);

/// Every member that the requester may be: by the name it goes by, and by the account. Empty: nobody known.
[[nodiscard]] std::vector<const PolicyMember*> members_of(const Policy& policy, const Requester& requester);
[[nodiscard]] bool may(const Policy& policy, const PolicyMember& member, PolicyAct act);
/// True where the policy knows the requester, and everyone it may be may do it. Automation's own account is
/// enough to make it automation.
[[nodiscard]] bool may(const Policy& policy, const Requester& requester, PolicyAct act);
/// Automation by what its surroundings say, or by the policy.
[[nodiscard]] bool is_automation(const Policy& policy, const Requester& requester);
[[nodiscard]] const PolicyEnvironment* find_environment(const Policy& policy, const EnvironmentName& name);
/// Names of those who may, for messages: "ada, ben".
[[nodiscard]] std::string who_may(const Policy& policy, PolicyAct act);

}  // namespace rehearse
