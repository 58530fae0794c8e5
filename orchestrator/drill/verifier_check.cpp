// Breaking one item of each resource, looking whether the verifier tells, and putting it back.
#include "orchestrator/drill/verifier_check.h"

#include <algorithm>
#include <optional>

#include "orchestrator/base/failure.h"
#include "orchestrator/drill/attempt.h"
#include "orchestrator/drill/destroy.h"
#include "orchestrator/drill/restore.h"
#include "orchestrator/drill/verify.h"

namespace rehearse {

namespace {

/// An item may refuse to go alone (a table that another one refers to): then the next one is tried.
constexpr std::size_t most_candidates = 8;

/// The items of one resource to try, one by one: what the guard let pass once, and never more. From the last
/// in order, which has nothing below it. What the playbook accepts as different comes last: nobody tells
/// that.
std::vector<PlanStep> candidates(const Plan& plan, const ResourceName& resource) {
    std::vector<PlanStep> steps, accepted;
    for (const PlanStep& step : plan.destroy) {
        if (step.resource != resource) continue;
        for (auto item = step.items.rbegin(); item != step.items.rend(); ++item) {
            const bool fine = is_accepted(plan.verify.accept, resource.text() + "/" + *item);
            std::vector<PlanStep>& tried = fine ? accepted : steps;
            if (tried.size() == most_candidates) continue;
            PlanStep one = step;
            one.whole = step.whole && step.items.size() == 1;
            one.items = {*item};
            tried.push_back(std::move(one));
        }
    }
    if (steps.empty()) steps = std::move(accepted);
    for (std::size_t i = 0; i < steps.size(); ++i)
        steps[i].step = "perturb-" + std::to_string(i + 1) + "-" + resource.text();
    return steps;
}

/// Dependents first, as the plan destroys.
std::vector<ResourceName> destroyed_resources(const Plan& plan) {
    std::vector<ResourceName> names;
    for (const PlanStep& step : plan.destroy) {
        const bool known = std::find(names.begin(), names.end(), step.resource) != names.end();
        if (!known && !step.items.empty()) names.push_back(step.resource);
    }
    return names;
}

std::string why_not(const Execution& execution) {
    if (execution.world.stop.stop_requested()) return "the drill was stopped";
    if (const auto halted = execution.world.halted()) return "destroying is halted: " + *halted;
    for (const DrillEvent& event : execution.journal.events()) {
        if (event.kind == EventKind::note && text_or(event.body, "text", "") == "resumed")
            return "the drill was resumed, and a resumed drill breaks nothing";
    }
    return "";
}

struct Check {
    bool begun = false;                          // an intent may be durable: there is something to put back
    bool all = true;                             // each resource was broken and looked at
    std::map<ResourceName, std::string> broken;  // the item
    std::set<ResourceName> seen;
};

Task<void> break_one_of(Execution& execution, const TakenSnapshot& proved, ResourceName resource,
                        Check& check) {
    std::string problem = co_await drift_since(execution, proved, resource);
    const bool drifted = !problem.empty();
    for (const PlanStep& step : candidates(execution.plan, resource)) {
        if (drifted) break;
        problem = why_not(execution);
        if (!problem.empty()) break;
        check.begun = true;
        problem = co_await perturb(execution, step);
        if (problem.empty()) {
            check.broken[resource] = step.items.front();
            co_return;
        }
    }
    check.all = false;
    execution.finding("the verifier was not checked on " + resource.text() + ": " + problem);
}

/// True where a listed difference of the resource is not accepted: what would fail the drill.
bool tells(const Execution& execution, const Compared& compared, const ResourceName& resource) {
    return std::any_of(
        compared.differences.begin(), compared.differences.end(), [&](const TreeDifference& difference) {
            return difference.resource == resource &&
                   !is_accepted(execution.plan.verify.accept, resource.text() + "/" + difference.path);
        });
}

/// One that is gone as a whole can't even be captured: that is seen, too.
Task<void> look(Execution& execution, Check& check) {
    std::set<ResourceName> there;
    for (const auto& [name, item] : check.broken) {
        auto identify = [&, &resource = name] {
            return execution.adapter(resource).identify(&execution.resource(resource).identity);
        };
        const Outcome<IdentityReport> outcome = co_await attempt(execution.world.workers, identify);
        const auto* done = std::get_if<Done<IdentityReport>>(&outcome);
        if (done == nullptr || done->value.match == IdentityMatch::same) {
            there.insert(name);
        } else {
            check.seen.insert(name);
        }
    }
    if (there.empty()) co_return;
    const Compared compared = co_await verify(execution, "perturbed", there);
    for (const ResourceName& name : there) {
        if (tells(execution, compared, name)) check.seen.insert(name);
    }
}

Task<void> break_and_look(Execution& execution, const TakenSnapshot& proved, Check& check) {
    for (const ResourceName& resource : destroyed_resources(execution.plan))
        co_await break_one_of(execution, proved, resource, check);
    if (!check.broken.empty()) co_await look(execution, check);
}

void note(const Execution& execution, const Check& check) {
    json::array perturbed;
    for (const auto& [resource, item] : check.broken) {
        const bool seen = check.seen.contains(resource);
        perturbed.emplace_back(json::object{{"resource", resource.text()}, {"item", item}, {"seen", seen}});
        if (!seen) {
            execution.finding("the verifier is blind to " + resource.text() + ": " + item +
                              " was destroyed, and it called the state equal");
        }
    }
    execution.journal.add(
        EventKind::note,
        {{"text", "verifier checked"}, {"perturbed", std::move(perturbed)}, {"all", check.all}});
}

}  // namespace

Task<bool> check_verifier(Execution& execution, const TakenSnapshot& proved) {
    const std::string hindrance = why_not(execution);
    if (!hindrance.empty()) {
        execution.finding("the verifier was not checked: " + hindrance);
        co_return false;
    }
    Check check;
    std::optional<FailureFields> failed;
    try {
        co_await break_and_look(execution, proved, check);
    } catch (const Failure& failure) {
        failed = failure.fields();
    }
    if (failed) {
        execution.finding("the verifier was not checked: " + text_of(*failed));
    } else {
        note(execution, check);
    }
    if (!check.begun) co_return false;
    // Where the lease was lost this writes nothing, fails, and leaves the restore to the one that has it.
    const std::string stage = "put_back";
    const NotRestored failures = co_await restore(execution, stage);
    for (const auto& [resource, why] : failures)
        execution.finding(resource.text() + " was not put back: " + why);
    co_return true;
}

}  // namespace rehearse
