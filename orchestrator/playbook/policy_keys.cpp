// The table of policy.yaml's keys, in the order in which people write them.
#include <vector>

#include "orchestrator/playbook/keys.h"
#include "orchestrator/playbook/policy.h"

namespace rehearse {

namespace {

constexpr KeySpec member_keys[] = {
    {.name = "accounts",
     .type = ValueType::text_list,
     .help = "Accounts of the machine, and names that drills are recorded under, that mean them."},
    {.name = "principals",
     .type = ValueType::text_list,
     .help = "Principals of the allowed_signers file whose signatures are theirs."},
};
constexpr KeySpec role_keys[] = {
    {.name = "members",
     .type = ValueType::name_list,
     .required = true,
     .help = "Names of persons and automations."},
};
constexpr KeySpec may_keys[] = {
    {.name = "propose", .type = ValueType::name_list, .help = "Roles that may propose plans for approval."},
    {.name = "approve", .type = ValueType::name_list, .help = "Roles whose persons' approvals count."},
    {.name = "run", .type = ValueType::name_list, .help = "Roles that may run drills."},
    {.name = "clear", .type = ValueType::name_list, .help = "Roles that may end a quarantine."},
    {.name = "lift",
     .type = ValueType::name_list,
     .help = "Roles that may turn the kill switch off. Turning it on is everybody's."},
};
constexpr KeySpec environment_keys_of_policy[] = {
    {.name = "resources",
     .type = ValueType::name_list,
     .help = "Resources that may be destroyed; left out: all."},
    {.name = "approvals",
     .type = ValueType::integer,
     .help = "How many people must approve a plan at least, whatever the playbook says.",
     .default_text = "0",
     .maximum = 100},
};
constexpr KeySpec cap_keys[] = {
    {.name = "max_items",
     .type = ValueType::integer,
     .required = true,
     .help = "A plan that would break more items than this is refused."},
    {.name = "max_share",
     .type = ValueType::share,
     .help = "So is one that would break a larger share of a resource's items.",
     .default_text = "100%"},
};
constexpr KeySpec caps_keys[] = {
    {.name = "persons",
     .type = ValueType::mapping,
     .help = "For drills that a person runs.",
     .nested = cap_keys},
    {.name = "automations",
     .type = ValueType::mapping,
     .help = "For drills that automation runs.",
     .nested = cap_keys},
};
constexpr KeySpec approval_keys[] = {
    {.name = "expire",
     .type = ValueType::duration,
     .help = "How long after it was proposed a plan can be approved and run.",
     .default_text = "24h"},
    {.name = "policy_change",
     .type = ValueType::integer,
     .help = "How many people must approve a changed policy before it is adopted.",
     .default_text = "1",
     .minimum = 1,
     .maximum = 100},
};

std::vector<KeySpec> table() {
    return {
        {.name = "policy", .type = ValueType::name, .required = true, .help = "Its name."},
        {.name = "allowed_signers",
         .type = ValueType::path,
         .help =
             "Whose keys sign: a file as ssh-keygen(1) describes under ALLOWED SIGNERS; left out: "
             "allowed_signers beside this file. It belongs to the policy: changed keys are inert, too, until "
             "they are adopted."},
        {.name = "persons",
         .type = ValueType::named_mappings,
         .required = true,
         .help = "The people, by name.",
         .nested = member_keys},
        {.name = "automations",
         .type = ValueType::named_mappings,
         .help = "The programs that act by themselves, by name. Their approvals never count.",
         .nested = member_keys},
        {.name = "roles",
         .type = ValueType::named_mappings,
         .required = true,
         .help = "Who holds which role.",
         .nested = role_keys},
        {.name = "may",
         .type = ValueType::mapping,
         .required = true,
         .help = "Which roles may do what; what is not granted is denied.",
         .nested = may_keys},
        {.name = "environments",
         .type = ValueType::named_mappings,
         .required = true,
         .help = "Environments that drills may run in.",
         .nested = environment_keys_of_policy},
        {.name = "caps",
         .type = ValueType::mapping,
         .help = "How much one drill may break at most, by who runs it.",
         .nested = caps_keys},
        {.name = "production",
         .type = ValueType::text_list,
         .help = "Globs; a resource whose live identity holds a text that one matches is never destroyed."},
        *find_key(workspace_keys(), "freeze"),
        {.name = "approvals",
         .type = ValueType::mapping,
         .help = "How approvals are counted.",
         .nested = approval_keys},
    };
}

}  // namespace

std::span<const KeySpec> policy_keys() {
    static const std::vector<KeySpec> keys = table();
    return keys;
}

}  // namespace rehearse
