// Bringing back what was touched.
#include "orchestrator/drill/restore.h"

#include <algorithm>
#include <set>

#include "orchestrator/base/failure.h"
#include "orchestrator/drill/attempt.h"

namespace rehearse {

namespace {

constexpr int most_tries = 6;
constexpr Duration first_pause = std::chrono::milliseconds(200);

/// Commits the intent. Only a lost lease stops a restore: it means that another orchestrator has taken over.
Task<void> write_or_go_on(Execution& execution) {
    std::optional<FailureFields> lost;
    try {
        co_await execution.journal.write();
    } catch (const Failure& failure) {
        if (failure.kind() == FailureKind::refused) throw;
        lost = failure.fields();
    }
    if (lost) execution.finding("the journal could not be written while restoring: " + text_of(*lost));
}

struct Restoring {
    Execution& execution;
    std::string stage;
    Signal changed;
    std::set<ResourceName> pending, done;
    int running = 0;
    NotRestored failures;
    std::exception_ptr lost_lease;
};

Task<void> restore_one(Restoring& restoring, ResourceName name) {
    Execution& execution = restoring.execution;
    World& world = execution.world;
    const std::string step = restoring.stage + "-" + name.text();
    const PlanResource& resource = execution.resource(name);
    try {
        const auto uncompared = execution.before->uncompared.find(name);
        const RestoreRequest request{
            .expected = resource.identity,
            .uncompared =
                uncompared == execution.before->uncompared.end() ? json::object{} : uncompared->second,
            .idempotency_key = idempotency_key(execution, step, "restore", resource.identity),
            .epoch = execution.lease.epoch};
        execution.journal.add(EventKind::step_intent, {{"step", step},
                                                       {"stage", restoring.stage},
                                                       {"operation", "restore"},
                                                       {"resource", name.text()},
                                                       {"identity", resource.identity},
                                                       {"key", request.idempotency_key}});
        co_await write_or_go_on(execution);
        const SteadyTime began = world.clock.steady();
        std::string problem;
        RestoreReport report;
        int tried = 0;
        Duration pause = first_pause;
        for (int tries = 1;; ++tries) {
            auto work = [&] {
                const std::unique_ptr<TreeReader> tree = world.store.open(execution.before->id, name);
                return execution.adapter(name).restore(*tree, request);
            };
            const Outcome<RestoreReport> outcome = co_await attempt(world.workers, work);
            const FailureFields* why = reason(outcome);
            if (why == nullptr) {
                report = std::get<Done<RestoreReport>>(outcome).value;
                tried = tries;
                problem.clear();
                break;
            }
            problem = text_of(*why);
            // Restoring again is safe on any half-done state, so an unknown outcome is answered by doing it
            // again.
            const bool again = why->kind == FailureKind::transient ||
                               why->kind == FailureKind::unknown_outcome ||
                               why->kind == FailureKind::cancelled;
            if (!again || tries == most_tries) break;
            execution.journal.add(EventKind::note,
                                  {{"text", step + ", try " + std::to_string(tries) + ": " + problem}});
            co_await world.sleeper.until(world.clock.steady() + pause);
            pause *= 2;
        }
        // A second try finds what the first one left half made.
        json::array discarded;
        for (const std::string& taken : report.discarded) {
            if (tried == 1) discarded.emplace_back(taken);
        }
        execution.journal.add(EventKind::step_outcome, {{"step", step},
                                                        {"stage", restoring.stage},
                                                        {"resource", name.text()},
                                                        {"outcome", problem.empty() ? "done" : "failed"},
                                                        {"message", problem},
                                                        {"items", report.items_restored},
                                                        {"bytes", report.bytes_restored},
                                                        {"removed", report.items_removed},
                                                        {"discarded", std::move(discarded)},
                                                        {"tries", tried},
                                                        {"began_ns", nanoseconds(began)},
                                                        {"ended_ns", nanoseconds(world.clock.steady())}});
        if (!problem.empty()) restoring.failures[name] = problem;
    } catch (...) {
        restoring.lost_lease = std::current_exception();
    }
    restoring.done.insert(name);
    --restoring.running;
    restoring.changed.happen();
}

bool is_ready(const Restoring& restoring, const ResourceName& name) {
    const std::vector<ResourceName>& needs = restoring.execution.resource(name).needs;
    return std::all_of(needs.begin(), needs.end(), [&](const ResourceName& need) {
        return !restoring.execution.touched.contains(need) || restoring.done.contains(need);
    });
}

}  // namespace

Task<NotRestored> restore(Execution& execution, std::string stage) {
    const auto executor = co_await boost::asio::this_coro::executor;
    Restoring restoring{execution, stage, Signal(executor), execution.touched, {}, 0, {}, {}};
    TaskGroup group(executor);
    while (!restoring.pending.empty() || restoring.running > 0) {
        restoring.changed.reset();
        // The plan's order is the dependency order: the first ready one is the one that others wait for.
        for (const PlanResource& resource : execution.plan.resources) {
            if (restoring.running >= execution.plan.restore_parallel || restoring.lost_lease) break;
            if (!restoring.pending.contains(resource.name) || !is_ready(restoring, resource.name)) continue;
            restoring.pending.erase(resource.name);
            ++restoring.running;
            group.spawn(restore_one(restoring, resource.name));
        }
        if (restoring.running == 0) break;
        co_await restoring.changed.wait();
    }
    co_await group.join();
    if (restoring.lost_lease) std::rethrow_exception(restoring.lost_lease);
    if (stage == "restore")
        execution.journal.add(EventKind::clock, {{"clock", "restored"},
                                                 {"at_ns", nanoseconds(execution.world.clock.steady())}});
    co_return restoring.failures;
}

}  // namespace rehearse
