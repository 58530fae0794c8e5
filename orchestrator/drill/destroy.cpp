// Breaking exactly what the plan names.
#include "orchestrator/drill/destroy.h"

#include <algorithm>
#include <set>

#include "orchestrator/base/failure.h"
#include "orchestrator/drill/attempt.h"
#include "orchestrator/guard/marker.h"

namespace rehearse {

namespace {

/// The marker must still be this drill's own: another orchestrator's epoch in it means that we are stale.
void require_own_marker(Execution& execution, const ResourceName& name) {
    const std::optional<std::string> text = execution.adapter(name).read_marker();
    std::string problem;
    if (!text) {
        problem = "its marker is gone";
    } else {
        const auto read = read_marker_text(*text, execution.world.marker_key);
        const auto* marker = std::get_if<Marker>(&read);
        if (marker == nullptr) {
            problem = "its marker can't be believed: " + std::get<std::string>(read);
        } else if (marker->epoch != execution.lease.epoch) {
            problem = "its marker holds epoch " + std::to_string(marker->epoch) + ", this drill's is " +
                      std::to_string(execution.lease.epoch);
        }
    }
    if (problem.empty()) return;
    throw Failure({.kind = FailureKind::refused,
                   .operation = "destroy",
                   .object = name.text(),
                   .message = problem,
                   .remedy = "see whether another orchestrator works on this environment"});
}

Task<std::string> destroy_step(Execution& execution, const PlanStep& step, const std::string& stage,
                               std::stop_token stop, const std::function<void()>& before_effect) {
    World& world = execution.world;
    const PlanResource& resource = execution.resource(step.resource);
    DestroyRequest request{
        .items = step.items,
        .whole = step.whole,
        .options = step.options,
        .expected = resource.identity,
        .idempotency_key = idempotency_key(execution, step.step, "destroy", resource.identity),
        .epoch = execution.lease.epoch,
        .stop = stop};
    execution.journal.add(EventKind::step_intent, {{"step", step.step},
                                                   {"stage", stage},
                                                   {"operation", "destroy"},
                                                   {"resource", step.resource.text()},
                                                   {"identity", resource.identity},
                                                   {"items", step.items.size()},
                                                   {"key", request.idempotency_key}});
    // Before the commit: where its outcome is not seen, the journal may name this resource all the same.
    execution.touched.insert(step.resource);
    co_await execution.journal.write();

    before_effect();
    const SteadyTime began = world.clock.steady();
    auto work = [&] {
        require_own_marker(execution, step.resource);
        execution.adapter(step.resource).destroy(request);
    };
    const Outcome<Nothing> outcome = co_await attempt(world.workers, work);
    const FailureFields* why = reason(outcome);
    execution.journal.add(EventKind::step_outcome,
                          {{"step", step.step},
                           {"stage", stage},
                           {"resource", step.resource.text()},
                           {"outcome", why == nullptr                               ? "done"
                                       : std::holds_alternative<Cancelled>(outcome) ? "cancelled"
                                       : std::holds_alternative<Unknown>(outcome)   ? "unknown"
                                                                                    : "failed"},
                           {"message", why == nullptr ? "" : text_of(*why)},
                           {"items", why == nullptr ? step.items.size() : 0},
                           {"began_ns", nanoseconds(began)},
                           {"ended_ns", nanoseconds(world.clock.steady())}});
    // An unknown outcome is read back by the proof of absence; it is never sent again.
    co_return why == nullptr || std::holds_alternative<Unknown>(outcome) ? ""
                                                                         : step.step + ": " + text_of(*why);
}

/// Observes each step's selection again: none of its items may be there.
Task<std::string> prove_absence(Execution& execution) {
    for (const PlanStep& step : execution.plan.destroy) {
        auto observe = [&] {
            return execution.adapter(step.resource).observe({step.patterns, step.options});
        };
        const Outcome<Observation> outcome = co_await attempt(execution.world.workers, observe);
        if (const FailureFields* why = reason(outcome)) {
            co_return step.step + ": its absence could not be seen: " + text_of(*why);
        }
        const std::set<std::string> named(step.items.begin(), step.items.end());
        for (const Item& item : std::get<Done<Observation>>(outcome).value.items) {
            if (named.contains(item.name)) co_return step.step + ": " + item.name + " is still there";
        }
    }
    co_return "";
}

}  // namespace

Task<std::string> drift_since(Execution& execution, const TakenSnapshot& snapshot, ResourceName resource) {
    const auto uncompared = snapshot.uncompared.find(resource);
    if (uncompared == snapshot.uncompared.end()) co_return "";
    auto look = [&] { return execution.adapter(resource).drift(uncompared->second); };
    const Outcome<std::string> outcome = co_await attempt(execution.world.workers, look);
    if (const FailureFields* why = reason(outcome)) co_return "it can't be seen: " + text_of(*why);
    co_return std::get<Done<std::string>>(outcome).value;
}

Task<Destroyed> destroy(Execution& execution, std::stop_token stop,
                        std::function<void(SteadyTime)> damage_begins) {
    const std::string stage = "destroy";
    bool first = true;
    std::optional<SteadyTime> damage_began;
    const std::function<void()> before_effect = [&] {
        if (!first) return;
        first = false;
        damage_began = execution.world.clock.steady();
        damage_begins(*damage_began);
    };
    for (const PlanStep& step : execution.plan.destroy) {
        if (stop.stop_requested())
            co_return Destroyed{false, step.step + " was not started: the drill was stopped"};
        // What a step or a hook of this drill touched before may differ by that: the guard looked before it.
        if (!execution.touched.contains(step.resource)) {
            const std::string drift = co_await drift_since(execution, *execution.before, step.resource);
            if (!drift.empty()) co_return Destroyed{false, step.step + " was not started: " + drift};
        }
        const bool was_first = first;
        std::string problem = co_await destroy_step(execution, step, stage, stop, before_effect);
        if (was_first && damage_began) {
            execution.journal.add(EventKind::clock,
                                  {{"clock", "damage_began"}, {"at_ns", nanoseconds(*damage_began)}});
        }
        if (!problem.empty()) co_return Destroyed{false, std::move(problem)};
    }
    std::string problem = co_await prove_absence(execution);
    if (!problem.empty()) co_return Destroyed{false, std::move(problem)};
    execution.journal.add(EventKind::clock, {{"clock", "destruction_proven"},
                                             {"at_ns", nanoseconds(execution.world.clock.steady())}});
    co_return Destroyed{true, ""};
}

Task<std::string> perturb(Execution& execution, PlanStep step) {
    const std::string stage = "perturb";
    const std::function<void()> before_effect = [] {};
    const std::stop_token never;
    std::string problem = co_await destroy_step(execution, step, stage, never, before_effect);
    co_return problem;
}

}  // namespace rehearse
