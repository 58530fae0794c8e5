// policy.yaml on its way into the model, and what the table of keys can't see in it.
#include "orchestrator/playbook/policy.h"

#include <algorithm>
#include <map>
#include <utility>

#include "orchestrator/playbook/nearest.h"
#include "orchestrator/playbook/source.h"
#include "orchestrator/playbook/values.h"

namespace rehearse {

namespace {

constexpr PolicyAct acts[] = {PolicyAct::propose, PolicyAct::approve, PolicyAct::run, PolicyAct::clear,
                              PolicyAct::lift};

/// Complains about each scalar of the list under `key` that is not among `known`.
void check_known(const Node& parent, std::string_view key, const std::vector<std::string_view>& known,
                 std::string_view what, Problems& problems) {
    const Node* list = child(parent, key);
    if (list == nullptr || list->kind != Node::Kind::list) return;
    for (const Node& item : list->items) {
        if (item.kind != Node::Kind::scalar) continue;
        if (std::find(known.begin(), known.end(), item.text) != known.end()) continue;
        problems.add(item.at, "there is no " + std::string(what) + " '" + shortened(item.text) + "'",
                     suggestion(item.text, known, "the policy has"));
    }
}

std::vector<std::string_view> names_in(const Node& root, std::string_view key) {
    std::vector<std::string_view> names;
    const Node* section_node = child(root, key);
    if (section_node == nullptr || section_node->kind != Node::Kind::mapping) return names;
    for (const Node& name : section_node->keys) names.push_back(name.text);
    return names;
}

void check_members(const Node& root, Problems& problems) {
    std::map<std::string, std::string, std::less<>> seen, principals;
    for (const std::string_view key : {"persons", "automations"}) {
        const Node* members = child(root, key);
        if (members == nullptr || members->kind != Node::Kind::mapping) continue;
        for (std::size_t i = 0; i < members->keys.size(); ++i) {
            const Node& name = members->keys[i];
            if (!seen.emplace(name.text, key).second)
                problems.add(name.at, "'" + shortened(name.text) + "' is a person and an automation",
                             "an approval of automation never counts: decide for one");
            const Node* list = child(members->items[i], "principals");
            if (list == nullptr) continue;
            for (const Node& principal : list->items) {
                const auto [first, added] = principals.emplace(principal.text, name.text);
                if (!added && first->second != name.text)
                    problems.add(principal.at,
                                 "the principal '" + shortened(principal.text) + "' is '" +
                                     shortened(first->second) + "' already",
                                 "a signature must be one person's");
            }
        }
    }
}

void check_roles(const Node& root, Problems& problems) {
    std::vector<std::string_view> members = names_in(root, "persons");
    for (const std::string_view name : names_in(root, "automations")) members.push_back(name);
    const Node* roles = child(root, "roles");
    if (roles != nullptr && roles->kind == Node::Kind::mapping) {
        for (std::size_t i = 0; i < roles->keys.size(); ++i) {
            check_known(roles->items[i], "members", members, "person or automation", problems);
            const Node* list = child(roles->items[i], "members");
            if (list != nullptr && list->kind == Node::Kind::list && list->items.empty())
                problems.add(roles->keys[i].at,
                             "nobody holds the role '" + shortened(roles->keys[i].text) + "'",
                             "name its members, or remove it");
        }
    }
    const Node* may = child(root, "may");
    if (may == nullptr || may->kind != Node::Kind::mapping) return;
    const std::vector<std::string_view> known = names_in(root, "roles");
    for (const PolicyAct act : acts) check_known(*may, to_string(act), known, "role", problems);
}

/// More approvals than there are people who can give them would be a lock without a key.
void check_numbers(const Node& root, const Policy& policy, Problems& problems) {
    std::size_t approvers = 0;
    for (const PolicyMember& member : policy.members) {
        if (member.kind == ActorKind::person && !member.principals.empty() &&
            rehearse::may(policy, member, PolicyAct::approve))
            ++approvers;
    }
    const auto check = [&](const Node* node, int wanted) {
        if (node == nullptr || static_cast<std::size_t>(wanted) <= approvers) return;
        problems.add(node->at,
                     std::to_string(wanted) + " approvals are wanted, and only " + std::to_string(approvers) +
                         (approvers == 1 ? " person with a principal may approve"
                                         : " persons with a principal may approve"),
                     "give more people a role of may.approve");
    };
    const Node* environments = child(root, "environments");
    for (const PolicyEnvironment& environment : policy.environments) {
        const Node* node = environments == nullptr ? nullptr : child(*environments, environment.name.text());
        check(node == nullptr ? nullptr : child(*node, "approvals"), environment.approvals);
    }
    const Node* approvals = child(root, "approvals");
    check(approvals == nullptr ? nullptr : child(*approvals, "policy_change"), policy.change_approvals);
}

/// The entries of a section of named mappings, in the file's order.
template <class Add>
void each(const json::object& values, std::string_view key, const Add& add) {
    const json::value* found = values.if_contains(key);
    if (found == nullptr) return;
    for (const auto& [name, entry] : found->get_object()) add(std::string(name), entry.get_object());
}

std::optional<PolicyCaps> caps_from(const SourceFile& source, std::string_view who) {
    const json::value* caps = source.values.if_contains("caps");
    const json::value* cap = caps == nullptr ? nullptr : caps->get_object().if_contains(who);
    if (cap == nullptr) return std::nullopt;
    const std::string& file = source.problems.file();
    return PolicyCaps{
        .max_items = static_cast<std::uint64_t>(integer_at(cap->get_object(), "max_items", file)),
        .max_share_permille = permille(text_at(cap->get_object(), "max_share", file))};
}

Policy policy_from(const SourceFile& source) {
    const std::string& file = source.problems.file();
    const json::object& values = source.values;
    Policy policy;
    policy.name = text_at(values, "policy", file);
    policy.allowed_signers_file =
        text_or(values, "allowed_signers", (source.folder() / "allowed_signers").string());
    for (const auto& [key, kind] :
         {std::pair{"persons", ActorKind::person}, std::pair{"automations", ActorKind::automation}}) {
        each(values, key, [&, of = kind](const std::string& name, const json::object& entry) {
            policy.members.push_back({.name = name,
                                      .kind = of,
                                      .accounts = texts_at(entry, "accounts"),
                                      .principals = texts_at(entry, "principals")});
        });
    }
    each(values, "roles", [&](const std::string& name, const json::object& entry) {
        policy.roles.push_back({.name = name, .members = texts_at(entry, "members")});
    });
    const json::object& may = object_at(values, "may", file);
    for (const PolicyAct act : acts)
        policy.grants.push_back({.act = act, .roles = texts_at(may, to_string(act))});
    each(values, "environments", [&](const std::string& name, const json::object& entry) {
        PolicyEnvironment environment{.name = EnvironmentName(name),
                                      .approvals = static_cast<int>(integer_at(entry, "approvals", file))};
        for (const std::string& resource : texts_at(entry, "resources"))
            environment.resources.emplace_back(resource);
        policy.environments.push_back(std::move(environment));
    });
    policy.persons_cap = caps_from(source, "persons");
    policy.automations_cap = caps_from(source, "automations");
    policy.production = texts_at(values, "production");
    policy.freeze = freeze_from(source);
    const json::object approvals = section(values, policy_keys(), "approvals");
    policy.approvals_expire = duration_at(approvals, "expire");
    policy.change_approvals = static_cast<int>(integer_at(approvals, "policy_change", file));
    return policy;
}

Loaded<Policy> build_policy(SourceFile source) {
    std::optional<Policy> policy;
    if (source.root) {
        Checker checker(source.folder(), source.problems);
        source.values = checker.mapping(*source.root, policy_keys(), "policy.yaml", {1, 1});
        check_freeze(*source.root, source.problems);
        check_members(*source.root, source.problems);
        check_roles(*source.root, source.problems);
        if (source.problems.empty()) {
            policy = policy_from(source);
            check_numbers(*source.root, *policy, source.problems);
            if (!source.problems.empty()) policy.reset();
        }
    }
    return Read<Policy>{std::move(source), std::move(policy)}.loaded();
}

}  // namespace

Loaded<Policy> load_policy(const std::filesystem::path& path) { return build_policy(read_source(path)); }
Loaded<Policy> parse_policy(std::string text, const std::filesystem::path& path) {
    return build_policy(source_from(std::move(text), path));
}

}  // namespace rehearse
