// Resuming a drill: everything that is known comes from the journal.
#include "orchestrator/drill/recovery.h"

#include <utility>

#include "orchestrator/base/failure.h"
#include "orchestrator/drill/finish.h"
#include "orchestrator/drill/lease.h"
#include "orchestrator/drill/snapshot.h"

namespace rehearse {

namespace {

struct Left {
    bool snapshot_hook_open = false;  // a before_snapshot hook began and did not end well
    bool commands_ran = false;
};

Left what_is_left(Execution& execution) {
    Left left;
    std::map<std::string, bool> open_hooks;
    for (const DrillEvent& event : execution.journal.events()) {
        const std::string stage = text_or(event.body, "stage", "");
        const std::string step = text_or(event.body, "step", "");
        if (event.kind == EventKind::step_intent) {
            if (event.body.contains("unguarded") && stage != "before_snapshot") left.commands_ran = true;
            if (stage == "before_snapshot") open_hooks[step] = true;
            if (stage == "destroy" || stage == "restore" || stage == "perturb" || stage == "put_back") {
                execution.touched.insert(ResourceName(text_or(event.body, "resource", "")));
            }
        }
        if (event.kind == EventKind::step_outcome && stage == "before_snapshot") {
            open_hooks[step] = text_or(event.body, "outcome", "") != "done";
        }
    }
    for (const auto& [step, open] : open_hooks) left.snapshot_hook_open = left.snapshot_hook_open || open;
    return left;
}

Task<DrillOutcome> resume_leased(Execution& execution, Prober& prober) {
    const Left left = what_is_left(execution);
    const DrillState state = execution.record.state;
    execution.journal.add(
        EventKind::note,
        {{"text", "resumed"}, {"from", std::string(to_string(state))}, {"epoch", execution.lease.epoch}});
    co_await execution.journal.write();
    if (!may_be_damaged(state)) {
        if (left.snapshot_hook_open) {
            for (const PlanResource& resource : execution.plan.resources)
                execution.touched.insert(resource.name);
            co_return co_await finish_damaged(
                execution,
                "the drill was interrupted in a before_snapshot hook; the environment may be damaged");
        }
        co_return co_await finish_untouched(execution, Verdict::aborted,
                                            "interrupted before anything was touched");
    }
    if (left.commands_ran) {
        for (const PlanResource& resource : execution.plan.resources) execution.touched.insert(resource.name);
    }
    execution.before = snapshot_from_journal(execution.journal.events());
    if (!execution.before) {
        co_await execution.journal.enter(DrillState::restoring);
        co_return co_await finish_damaged(execution, "the journal names no snapshot to restore from");
    }
    co_await write_epoch(execution);
    start_probing(execution, prober, co_await boost::asio::this_coro::executor,
                  execution.world.clock.steady());
    co_return co_await restore_and_finish(execution, prober);
}

}  // namespace

Task<DrillOutcome> resume_drill(World& world, DrillRecord record) {
    const Plan plan = plan_from_json(parse_json_object(record.plan, "plan of " + record.id.text()),
                                     "plan of " + record.id.text());
    auto acquire = [&] { return world.ledger.acquire_lease(record.environment, world.owner, lease_term); };
    Lease lease = co_await on_worker(world.workers, acquire);
    auto read = [&] { return world.ledger.events(record.id); };
    std::vector<DrillEvent> earlier = co_await on_worker(world.workers, read);

    Journal journal(world, lease, record, std::move(earlier));
    Execution execution{world, plan, record, lease, journal, {}, {}};
    const auto executor = co_await boost::asio::this_coro::executor;
    Prober prober = make_prober(execution);
    Signal over(executor);
    TaskGroup group(executor);
    group.spawn(keep_lease(world, lease, over, std::stop_source{}));

    DrillOutcome outcome;
    std::exception_ptr error;
    try {
        outcome = co_await resume_leased(execution, prober);
    } catch (...) {
        error = std::current_exception();
    }
    over.happen();
    co_await prober.stop();
    co_await group.join();
    if (error) co_await tell_of_open_drill(execution, error);
    co_return outcome;
}

}  // namespace rehearse
