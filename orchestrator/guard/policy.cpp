// Interlocks of the policy: who runs, what it may touch, how much of it, and what looks like production.
#include <algorithm>

#include "orchestrator/guard/allowed_signers.h"
#include "orchestrator/guard/guard.h"

namespace rehearse {

namespace {

/// The first text anywhere in the value that one of the patterns matches.
std::optional<std::string> matching_text(const json::value& value, const std::vector<std::string>& patterns) {
    if (value.is_string()) {
        const std::string text(value.get_string());
        for (const std::string& pattern : patterns) {
            if (matches_pattern(text, pattern)) return "'" + text + "' matches '" + pattern + "'";
        }
    } else if (value.is_object()) {
        for (const auto& [key, inner] : value.get_object()) {
            if (auto found = matching_text(inner, patterns)) return found;
        }
    } else if (value.is_array()) {
        for (const json::value& inner : value.get_array()) {
            if (auto found = matching_text(inner, patterns)) return found;
        }
    }
    return std::nullopt;
}

std::string called(const Requester& requester) {
    std::string name = requester.actor.name;
    if (requester.account != name) name += " (account " + requester.account + ")";
    return name;
}

}  // namespace

InterlockResult check_policy(const GuardFacts& facts) {
    const PolicyFacts& known = facts.policy;
    InterlockResult result{.saw = known.policy ? "policy " + known.policy->name : "no policy"};
    if (!known.problem.empty()) {
        result.reason = known.problem;
        result.remedy = "run 'rehearse policy', then mend or adopt it";
        return result;
    }
    if (!known.policy) {
        result.passed = true;
        return result;
    }
    const Policy& policy = *known.policy;
    const std::string name = called(known.requester);
    result.saw += ", " + name + ", " + (is_automation(policy, known.requester) ? "automation" : "person");
    const PolicyEnvironment* environment = find_environment(policy, facts.plan.environment);
    if (members_of(policy, known.requester).empty()) {
        result.reason = "the policy knows nobody of the name " + name;
        result.remedy = "add them to persons or automations, then 'rehearse policy adopt'";
    } else if (!may(policy, known.requester, PolicyAct::run)) {
        result.reason = name + " may not run drills";
        result.remedy = "those who may: " + who_may(policy, PolicyAct::run);
    } else if (environment == nullptr) {
        result.reason = "the policy does not list " + facts.plan.environment.text();
        result.remedy = "add it to environments, then 'rehearse policy adopt'";
    } else {
        for (const PlanStep& step : facts.plan.destroy) {
            const auto& allowed = environment->resources;
            if (allowed.empty() || std::find(allowed.begin(), allowed.end(), step.resource) != allowed.end())
                continue;
            result.reason = "the policy does not list resource " + step.resource.text() + " of " +
                            facts.plan.environment.text();
            result.remedy = "leave it out of the playbook, or add it and adopt the policy";
        }
        result.passed = result.reason.empty();
    }
    return result;
}

InterlockResult check_caps(const GuardFacts& facts) {
    InterlockResult result{.saw = "no caps"};
    const std::optional<Policy>& policy = facts.policy.policy;
    const bool automation = policy && is_automation(*policy, facts.policy.requester);
    const std::string_view who = automation ? "automation" : "a person";
    const auto cap = !policy ? std::nullopt : automation ? policy->automations_cap : policy->persons_cap;
    if (!cap) {
        result.passed = true;
        return result;
    }
    const std::uint64_t items = items_named(facts.plan);
    result.saw = std::to_string(items) + " items, " + std::string(who) + " may break " +
                 std::to_string(cap->max_items) + " and " + std::to_string(cap->max_share_permille / 10) +
                 " % of a resource";
    if (items > cap->max_items) {
        result.reason = std::to_string(items) + " items, and " + std::string(who) + " may break " +
                        std::to_string(cap->max_items);
    }
    for (const auto& [resource, share] : permille_named(facts.plan)) {
        if (share <= cap->max_share_permille) continue;
        result.reason += (result.reason.empty() ? "" : "; ") + resource.text() + ": " +
                         std::to_string(share / 10) + " % of it, and " + std::string(who) + " may break " +
                         std::to_string(cap->max_share_permille / 10) + " %";
    }
    result.passed = result.reason.empty();
    if (!result.passed) result.remedy = "narrow the destroy steps, or change the policy's caps and adopt it";
    return result;
}

InterlockResult check_production(const GuardFacts& facts) {
    InterlockResult result{.saw = "no patterns"};
    if (!facts.policy.policy || facts.policy.policy->production.empty()) {
        result.passed = true;
        return result;
    }
    const std::vector<std::string>& patterns = facts.policy.policy->production;
    result.saw = std::to_string(facts.resources.size()) + " live identities, " +
                 std::to_string(patterns.size()) + (patterns.size() == 1 ? " pattern" : " patterns");
    for (const ResourceFacts& resource : facts.resources) {
        if (const auto found = matching_text(resource.identity.live, patterns)) {
            result.reason += (result.reason.empty() ? "" : "; ") + resource.resource.text() +
                             ": its live identity looks like production: " + *found;
        }
    }
    result.passed = result.reason.empty();
    if (!result.passed) result.remedy = "point the environment at something that is no production";
    return result;
}

}  // namespace rehearse
