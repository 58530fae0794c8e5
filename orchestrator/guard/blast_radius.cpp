// Interlocks on how much a plan may break.
#include <algorithm>
#include <map>
#include <set>
#include <string_view>

#include "orchestrator/guard/guard.h"

namespace rehearse {

namespace {

struct Named {
    std::set<std::string_view> items{};  // an item that two steps name counts once
    std::uint64_t all = 0;               // in the resource
};

std::map<ResourceName, Named> named_in(const Plan& plan) {
    std::map<ResourceName, Named> named;
    for (const PlanStep& step : plan.destroy) {
        Named& of_resource = named[step.resource];
        of_resource.items.insert(step.items.begin(), step.items.end());
        of_resource.all = std::max(of_resource.all, step.items_in_resource);
    }
    for (auto& [resource, of_resource] : named)
        of_resource.all = std::max<std::uint64_t>(of_resource.all, of_resource.items.size());
    return named;
}

/// Rounded up: 1 of 10,000 is more than nothing.
std::uint64_t permille_of(const Named& named) {
    return named.all == 0 ? 1000 : (named.items.size() * 1000 + named.all - 1) / named.all;
}

}  // namespace

InterlockResult check_targets(const GuardFacts& facts) {
    InterlockResult result{.saw = std::to_string(facts.plan.destroy.size()) + " destroy steps"};
    if (facts.plan.kind == DrillKind::rollback) {
        result.passed =
            facts.plan.destroy.empty() && !facts.plan.change.empty() && !facts.plan.rollback.empty();
        if (!result.passed) {
            result.reason = "a rollback drill has change and rollback commands, and no destroy steps";
            result.remedy = "see playbooks/README.md";
        }
        return result;
    }
    if (facts.plan.destroy.empty())
        result.reason = "the plan destroys nothing, so that it would prove nothing";
    for (const PlanStep& step : facts.plan.destroy) {
        std::string problem;
        if (find_resource(facts.plan, step.resource) == nullptr) {
            problem = "it is not a resource of the environment";
        } else if (!step.unmatched.empty()) {
            problem = "'" + step.unmatched.front() + "' selects nothing";
        } else if (step.items.empty()) {
            problem = "no item is there to destroy";
        }
        if (!problem.empty()) {
            result.reason += (result.reason.empty() ? "" : "; ") + step.resource.text() + ": " + problem;
        }
    }
    result.passed = result.reason.empty();
    if (!result.passed) result.remedy = "mend the playbook's destroy steps, then look at 'rehearse plan'";
    return result;
}

std::uint64_t items_named(const Plan& plan) {
    std::uint64_t total = 0;
    for (const auto& [resource, names] : named_in(plan)) total += names.items.size();
    return total;
}

std::map<ResourceName, std::uint64_t> permille_named(const Plan& plan) {
    std::map<ResourceName, std::uint64_t> shares;
    for (const auto& [resource, named] : named_in(plan)) shares[resource] = permille_of(named);
    return shares;
}

InterlockResult check_blast_radius(const GuardFacts& facts) {
    std::uint64_t total = 0;
    InterlockResult result;
    for (const auto& [resource, named] : named_in(facts.plan)) {
        total += named.items.size();
        if (permille_of(named) > facts.plan.guard.max_share_permille) {
            result.reason += (result.reason.empty() ? "" : "; ") + resource.text() + ": " +
                             std::to_string(named.items.size()) + " of " + std::to_string(named.all) +
                             " items, more than " + std::to_string(facts.plan.guard.max_share_permille / 10) +
                             " %";
        }
    }
    if (total > facts.plan.guard.max_items) {
        result.reason = std::to_string(total) + " items, more than the limit of " +
                        std::to_string(facts.plan.guard.max_items) + (result.reason.empty() ? "" : "; ") +
                        result.reason;
    }
    result.saw = std::to_string(total) + " items, limit " + std::to_string(facts.plan.guard.max_items) +
                 " items and " + std::to_string(facts.plan.guard.max_share_permille / 10) +
                 " % of a resource";
    result.passed = result.reason.empty();
    if (!result.passed)
        result.remedy = "narrow the destroy steps, or raise guard.max_items or guard.max_share";
    return result;
}

}  // namespace rehearse
