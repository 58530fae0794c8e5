// Interlocks on how much a plan may break.
#include <map>
#include <set>

#include "orchestrator/guard/guard.h"

namespace rehearse {

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

InterlockResult check_blast_radius(const GuardFacts& facts) {
    // An item that two steps name counts once: a union, as the share is of what there is.
    std::map<ResourceName, std::set<std::string>> named;
    std::map<ResourceName, std::uint64_t> in_resource;
    for (const PlanStep& step : facts.plan.destroy) {
        named[step.resource].insert(step.items.begin(), step.items.end());
        in_resource[step.resource] = std::max(in_resource[step.resource], step.items_in_resource);
    }
    std::uint64_t total = 0;
    InterlockResult result;
    for (const auto& [resource, items] : named) {
        total += items.size();
        const std::uint64_t all = std::max<std::uint64_t>(in_resource[resource], items.size());
        // Rounded up: 1 of 1000 is more than nothing.
        const std::uint64_t permille = all == 0 ? 1000 : (items.size() * 1000 + all - 1) / all;
        if (permille > facts.plan.guard.max_share_permille) {
            result.reason += (result.reason.empty() ? "" : "; ") + resource.text() + ": " +
                             std::to_string(items.size()) + " of " + std::to_string(all) +
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
