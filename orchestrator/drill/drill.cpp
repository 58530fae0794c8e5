// The story of a drill, and every branch in it.
#include "orchestrator/drill/drill.h"

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <utility>

#include "orchestrator/base/digest.h"
#include "orchestrator/base/failure.h"
#include "orchestrator/drill/attempt.h"
#include "orchestrator/drill/commands.h"
#include "orchestrator/drill/destroy.h"
#include "orchestrator/drill/finish.h"
#include "orchestrator/drill/lease.h"
#include "orchestrator/drill/measure.h"
#include "orchestrator/drill/snapshot.h"
#include "orchestrator/drill/verify.h"

namespace rehearse {

namespace {

constexpr Duration halt_poll = std::chrono::milliseconds(50);
constexpr Duration longest_probe = std::chrono::seconds(30);

DrillRecord new_record(World& world, const PlanView& view) {
    const WallTime now = world.clock.wall();
    std::string id = to_rfc3339(now).substr(0, 19) + "Z-" + random_hex(3);
    std::erase_if(id, [](char c) { return c == ':'; });
    // 2026-11-23T214500Z-abcdef: the date's hyphens go too, so that only one stands before the random part.
    id.erase(7, 1).erase(4, 1);
    return {.id = DrillId(id),
            .environment = view.plan.environment,
            .playbook = view.plan.playbook,
            .kind = view.plan.kind,
            .plan_hash = view.hash,
            .plan = canonical_json(to_json(view.plan)),
            .release = view.plan.release,
            .actor = world.actor,
            .host = world.host,
            .versions = world.versions,
            .started_at = now};
}

void add_guard_events(Journal& journal, const std::vector<InterlockResult>& results) {
    for (const InterlockResult& result : results) journal.add(EventKind::guard, to_json(result));
}

std::string first_refusal(const std::vector<InterlockResult>& results) {
    for (const InterlockResult& result : results) {
        if (!result.passed) return std::string(result.interlock) + ": " + result.reason;
    }
    return "";
}

/// Turns the kill switch, a signal or a lost lease into one stop token for the destroy steps.
Task<void> watch_for_stop(World& world, std::stop_source stop, Signal& over) {
    using namespace boost::asio::experimental::awaitable_operators;
    while (!over.happened() && !stop.stop_requested()) {
        if (world.stop.stop_requested() || world.halted()) {
            stop.request_stop();
            co_return;
        }
        co_await (world.sleeper.until(world.clock.steady() + halt_poll) || over.wait());
    }
}

/// Proof, then the guard's second phase on facts gathered anew. The refusal, or none.
Task<std::vector<InterlockResult>> prove_and_ask(Execution& execution, Prober& prober) {
    World& world = execution.world;
    SnapshotFacts snapshot{.id = execution.before->id,
                           .taken_at = execution.before->taken_at,
                           .identities = execution.before->identities,
                           .not_restorable = execution.before->not_restorable};
    auto verify_store = [&] { return world.store.verify(execution.before->id); };
    const Outcome<Verification> proof = co_await attempt(world.workers, verify_store);
    if (const auto* done = std::get_if<Done<Verification>>(&proof)) {
        snapshot.read_back = true;
        snapshot.proof = done->value.digest;
        execution.journal.add(EventKind::note, {{"text", "snapshot read back"},
                                                {"proof", done->value.digest},
                                                {"objects", done->value.objects},
                                                {"bytes", done->value.bytes}});
        co_await execution.journal.enter(DrillState::proven);
    } else {
        execution.finding("the snapshot could not be read back: " + text_of(*reason(proof)));
    }
    const Unreadable none;
    GuardFacts facts = co_await gather_guard_facts(world, execution.plan, execution.record.id, none);
    facts.snapshot = std::move(snapshot);
    const auto answers = co_await prober.once_all(longest_probe);
    for (const auto& [probe, result] : answers) {
        facts.steady_state.push_back({probe, result.passed, result.detail});
    }
    // Last, so that as little time as can be is left for somebody to write unseen.
    for (const PlanStep& step : execution.plan.destroy) {
        const std::string drift = co_await drift_since(execution, *execution.before, step.resource);
        if (!drift.empty()) facts.snapshot->drifted[step.resource] = drift;
    }
    facts.now = world.clock.wall();
    auto results = ask_guard(facts, GuardPhase::before_damage);
    add_guard_events(execution.journal, results);
    co_return results;
}

Task<void> touch_everything(Execution& execution) {
    for (const PlanResource& resource : execution.plan.resources) execution.touched.insert(resource.name);
    co_return;
}

/// kind disaster: hooks and destroy steps. Whatever happens, the caller restores.
Task<void> break_it(Execution& execution, Prober& prober, std::stop_token stop) {
    co_await execution.journal.enter(DrillState::destroying);
    if (has_unguarded_commands(execution.plan)) co_await touch_everything(execution);
    if (const auto problem =
            co_await run_commands(execution, "before_destroy", execution.plan.hooks.before_destroy, stop)) {
        execution.finding("nothing was destroyed: a hook failed: " + *problem);
        co_return;
    }
    const auto executor = co_await boost::asio::this_coro::executor;
    auto start_probes = [&](SteadyTime damage_began) {
        start_probing(execution, prober, executor, damage_began);
    };
    const Destroyed destroyed = co_await destroy(execution, stop, start_probes);
    if (!destroyed.complete) execution.finding("the destruction was not completed: " + destroyed.why);
    if (const auto problem = co_await run_commands(execution, "after_destroy",
                                                   execution.plan.hooks.after_destroy, std::stop_token{})) {
        execution.finding("a hook failed: " + *problem);
    }
}

/// kind rollback: the release, then its rollback, then what the rollback left behind. The caller restores
/// that.
Task<void> release_and_roll_back(Execution& execution, Prober& prober, std::stop_token stop) {
    World& world = execution.world;
    const auto executor = co_await boost::asio::this_coro::executor;
    co_await execution.journal.enter(DrillState::changing);
    co_await touch_everything(execution);
    if (const auto problem =
            co_await run_commands(execution, "before_destroy", execution.plan.hooks.before_destroy, stop)) {
        execution.finding("the release was not applied: a hook failed: " + *problem);
        co_return;
    }
    const SteadyTime damage_began = world.clock.steady();
    start_probing(execution, prober, executor, damage_began);
    execution.journal.add(EventKind::clock,
                          {{"clock", "damage_began"}, {"at_ns", nanoseconds(damage_began)}});
    // A release that half fails is rolled back like a whole one.
    if (const auto problem = co_await run_commands(execution, "change", execution.plan.change, stop)) {
        execution.finding("the release failed, it is rolled back: " + *problem);
    }
    if (stop.stop_requested()) execution.journal.add(EventKind::note, {{"text", "stopped"}});
    const auto answers = co_await prober.once_all(longest_probe);
    for (const auto& [probe, result] : answers) {
        execution.journal.add(EventKind::probe, {{"probe", probe},
                                                 {"passed", result.passed},
                                                 {"detail", result.detail},
                                                 {"when", "after the release"}});
        if (!result.passed) execution.finding("after the release " + probe + " fails: " + result.detail);
    }
    execution.journal.add(EventKind::clock,
                          {{"clock", "rollback_began"}, {"at_ns", nanoseconds(world.clock.steady())}});
    co_await execution.journal.enter(DrillState::rolling_back);
    const auto problem =
        co_await run_commands(execution, "rollback", execution.plan.rollback, std::stop_token{});
    if (problem) execution.finding("the rollback failed: " + *problem);
    const SteadyTime rolled_back = world.clock.steady();
    std::optional<ServingResult> serving;
    if (!problem) {
        serving = co_await prober.serving(rolled_back, execution.plan.verify.consecutive,
                                          rolled_back + execution.plan.verify.within);
    }
    if (serving) {
        execution.journal.add(EventKind::clock, {{"clock", "serving"},
                                                 {"earliest_ns", nanoseconds(serving->earliest)},
                                                 {"at_ns", nanoseconds(serving->latest)},
                                                 {"probe", serving->slowest_probe}});
    } else if (!problem) {
        execution.finding("the probes did not pass after the rollback");
    }
    std::optional<FailureFields> failed;
    try {
        const Compared residue = co_await verify(execution, "residue", execution.touched);
        // What equals the snapshot needs no restore.
        execution.touched = residue.different;
    } catch (const Failure& failure) {
        failed = failure.fields();
    }
    if (failed) execution.finding("what the rollback left behind could not be listed: " + text_of(*failed));
}

/// Everything up to the point where damage is allowed: the ending where it is not, none where the drill is
/// armed, or where a hook may have done damage, which goes into `damaged`.
Task<std::optional<DrillOutcome>> arm(Execution& execution, Prober& prober, std::stop_token stop,
                                      std::string& damaged) {
    const Plan& plan = execution.plan;
    co_await write_epoch(execution);
    co_await execution.journal.enter(DrillState::snapshotting);
    if (const auto problem =
            co_await run_commands(execution, "before_snapshot", plan.hooks.before_snapshot, stop)) {
        co_await touch_everything(execution);
        damaged = "a before_snapshot hook failed, the environment may be damaged: " + *problem;
        co_return std::nullopt;
    }
    std::set<ResourceName> everything;
    for (const PlanResource& resource : plan.resources) everything.insert(resource.name);
    execution.before = co_await take_drill_snapshot(execution, "before", everything);
    const std::vector<InterlockResult> results = co_await prove_and_ask(execution, prober);
    if (!all_passed(results)) {
        co_return co_await finish_untouched(execution, Verdict::refused, first_refusal(results));
    }
    if (stop.stop_requested()) {
        co_return co_await finish_untouched(execution, Verdict::aborted,
                                            "stopped before anything was touched");
    }
    co_await execution.journal.enter(DrillState::armed);
    co_return std::nullopt;
}

Task<DrillOutcome> run_leased(Execution& execution, Prober& prober, std::stop_token stop) {
    std::optional<FailureFields> failed;
    std::optional<DrillOutcome> ended;
    std::string damaged;
    try {
        ended = co_await arm(execution, prober, stop, damaged);
    } catch (const Failure& failure) {
        failed = failure.fields();
    }
    if (failed) {
        // With a lost lease this can't be written either: the drill stays open for 'rehearse resume'.
        co_return co_await finish_untouched(execution, Verdict::aborted,
                                            "nothing was touched: " + text_of(*failed));
    }
    if (!damaged.empty()) co_return co_await finish_damaged(execution, damaged);
    if (ended) co_return *std::move(ended);

    // From here on every way leads through the restore. Only a lost lease ends the drill: then another one
    // restores.
    try {
        if (execution.plan.kind == DrillKind::rollback) {
            co_await release_and_roll_back(execution, prober, stop);
        } else {
            co_await break_it(execution, prober, stop);
        }
    } catch (const Failure& failure) {
        if (failure.kind() == FailureKind::refused) throw;
        failed = failure.fields();
    }
    if (failed) execution.finding("the drill was broken off: " + text_of(*failed));
    start_probing(execution, prober, co_await boost::asio::this_coro::executor,
                  execution.world.clock.steady());
    co_return co_await restore_and_finish(execution, prober);
}

/// Between the plan's look and the lease another orchestrator may have left a drill or a quarantine open:
/// asked again under the lease, without which nobody begins anything.
Task<std::vector<InterlockResult>> ask_what_is_open(World& world, const Plan& plan) {
    GuardFacts facts{.plan = plan, .now = world.clock.wall()};
    const DrillId none;
    auto ask = [&] {
        gather_open(world.ledger, none, facts);
        return true;
    };
    co_await on_worker(world.workers, ask);
    std::vector<Interlock> asked;
    for (const Interlock& interlock : interlocks()) {
        if (interlock.check == check_unfinished || interlock.check == check_quarantine)
            asked.push_back(interlock);
    }
    co_return ask_guard(facts, GuardPhase::before_damage, asked);
}

Task<void> give_back(World& world, const Lease& lease) {
    auto release = [&] { world.ledger.release_lease(lease); };
    co_await on_worker(world.workers, release);
}

}  // namespace

Task<DrillOutcome> record_refusal(World& world, const PlanView& view) {
    DrillRecord record = new_record(world, view);
    record.state = DrillState::refused;
    record.verdict = Verdict::refused;
    record.ended_at = world.clock.wall();
    std::vector<DrillEvent> events;
    const auto add = [&](EventKind kind, json::object body) {
        events.push_back({.kind = kind,
                          .steady = world.clock.steady(),
                          .wall = world.clock.wall(),
                          .boot = world.clock.boot(),
                          .body = std::move(body)});
    };
    for (const InterlockResult& result : view.interlocks) add(EventKind::guard, to_json(result));
    add(EventKind::state, {{"state", "refused"}});
    Measurement found;
    found.reasons = {first_refusal(view.interlocks)};
    record.result = drill_document(record, view.plan, events, Verdict::refused, found);
    auto write = [&] { world.ledger.record_refused(record, events); };
    co_await on_worker(world.workers, write);
    co_return DrillOutcome{.record = std::move(record), .alarm_problem = {}};
}

Task<DrillOutcome> run_drill(World& world, const PlanView& view) {
    if (!all_passed(view.interlocks)) co_return co_await record_refusal(world, view);
    DrillRecord record = new_record(world, view);

    auto acquire = [&] { return world.ledger.acquire_lease(view.plan.environment, world.owner, lease_term); };
    const Outcome<Lease> leased = co_await attempt(world.workers, acquire);
    if (const FailureFields* why = reason(leased)) {
        if (why->kind != FailureKind::refused) throw Failure(*why);
        PlanView refused = view;
        refused.interlocks.push_back({.interlock = "lease",
                                      .passed = false,
                                      .saw = "another drill",
                                      .reason = why->message,
                                      .remedy = why->remedy});
        co_return co_await record_refusal(world, refused);
    }
    Lease lease = std::get<Done<Lease>>(leased).value;
    std::vector<InterlockResult> open;
    std::exception_ptr unknown;
    try {
        open = co_await ask_what_is_open(world, view.plan);
    } catch (...) {
        unknown = std::current_exception();
    }
    if (unknown || !all_passed(open)) co_await give_back(world, lease);
    if (unknown) std::rethrow_exception(unknown);
    if (!all_passed(open)) {
        PlanView refused = view;
        refused.interlocks = std::move(open);
        co_return co_await record_refusal(world, refused);
    }
    record.state = DrillState::planned;
    auto begin = [&] {
        world.ledger.begin_drill(lease, record, view.approved);
        return true;
    };
    const Outcome<bool> begun = co_await attempt(world.workers, begin);
    if (const FailureFields* why = reason(begun)) {
        co_await give_back(world, lease);
        if (why->kind != FailureKind::refused) throw Failure(*why);
        // Approvals that were used, denied or expired since the plan was made.
        PlanView refused = view;
        refused.interlocks.push_back({.interlock = "approvals",
                                      .passed = false,
                                      .saw = "the ledger",
                                      .reason = why->message,
                                      .remedy = why->remedy});
        co_return co_await record_refusal(world, refused);
    }

    Journal journal(world, lease, record);
    Execution execution{world, view.plan, record, lease, journal, {}, {}};
    const auto executor = co_await boost::asio::this_coro::executor;
    Prober prober = make_prober(execution);
    Signal over(executor);
    std::stop_source stop;
    TaskGroup group(executor);
    group.spawn(keep_lease(world, lease, over, stop));
    group.spawn(watch_for_stop(world, stop, over));

    DrillOutcome outcome;
    std::exception_ptr error;
    try {
        add_guard_events(journal, view.interlocks);
        co_await journal.enter(DrillState::approved);
        co_await journal.enter(DrillState::leased);
        outcome = co_await run_leased(execution, prober, stop.get_token());
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
