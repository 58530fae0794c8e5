// Restore, verify, judge, and tell people.
#include "orchestrator/drill/finish.h"

#include <utility>

#include "orchestrator/base/digest.h"
#include "orchestrator/base/failure.h"
#include "orchestrator/drill/attempt.h"
#include "orchestrator/drill/commands.h"
#include "orchestrator/drill/measure.h"
#include "orchestrator/drill/restore.h"
#include "orchestrator/drill/verifier_check.h"
#include "orchestrator/drill/verify.h"
#include "orchestrator/guard/marker.h"

namespace rehearse {

std::string idempotency_key(const Execution& execution, const std::string& step, const std::string& operation,
                            const json::object& identity) {
    return sha256_hex(canonical_json(json::array{execution.record.id.text(), step, operation, identity,
                                                 execution.record.plan_hash.text()}));
}

namespace {

/// What a person at 3 a.m. needs: each resource, its state, and the exact next command.
Quarantine quarantine_of(const Execution& execution, const std::string& reason, const Measurement& found) {
    const std::string environment = execution.plan.environment.text();
    Quarantine quarantine{.environment = execution.plan.environment,
                          .drill = execution.record.id,
                          .since = execution.world.clock.wall(),
                          .reason = reason};
    for (const PlanResource& resource : execution.plan.resources) {
        const bool touched = execution.touched.contains(resource.name);
        std::string state = "not touched by the drill";
        if (touched)
            state = found.compared
                        ? "restored; see 'rehearse show " + execution.record.id.text() + "' for what differs"
                        : "state unknown";
        for (const ResourceName& name : found.not_restored) {
            if (name == resource.name) state = "NOT restored";
        }
        const std::string snapshot = execution.before ? execution.before->id.text() : "latest";
        quarantine.resources[resource.name.text()] = json::object{
            {"state", state},
            {"next", touched ? "rehearse restore " + environment + " " + snapshot : "nothing to do"}};
    }
    return quarantine;
}

Task<std::optional<std::string>> raise_alarm(Execution& execution, const Quarantine& quarantine) {
    const std::string environment = quarantine.environment.text();
    AlarmMessage message{.environment = quarantine.environment,
                         .drill = quarantine.drill,
                         .summary = "rehearse: " + environment + " is quarantined: " + quarantine.reason};
    message.text = message.summary + "\n";
    for (const json::key_value_pair& member : quarantine.resources) {
        message.text += "  " + std::string(member.key()) + ": " +
                        text_or(member.value().as_object(), "state", "unknown") +
                        "; next: " + text_or(member.value().as_object(), "next", "") + "\n";
    }
    message.text += "  drill " + quarantine.drill.text() +
                    "; when the environment is right: rehearse clear " + environment + " --reason '...'\n";
    auto raise = [&] { execution.world.alarm.raise(message, execution.world.playbook_alarm); };
    const Outcome<Nothing> outcome = co_await attempt(execution.world.workers, raise);
    if (const FailureFields* why = reason(outcome)) co_return text_of(*why);
    co_return std::nullopt;
}

Task<DrillOutcome> end(Execution& execution, Verdict verdict, const Measurement& found, bool quarantined) {
    const std::string why = found.reasons.empty() ? std::string(to_string(verdict)) : found.reasons.front();
    std::optional<Quarantine> quarantine;
    if (quarantined) quarantine = quarantine_of(execution, why, found);
    // The document holds what is already in the journal; what was only added goes to disk first.
    co_await execution.journal.write();
    json::object document =
        drill_document(execution.record, execution.plan, execution.journal.events(), verdict, found);
    // The alarm comes first: a crash after it raises it once more on resuming, one before it loses nothing.
    DrillOutcome outcome;
    if (quarantine) outcome.alarm_problem = co_await raise_alarm(execution, *quarantine);
    co_await execution.journal.finish(verdict, std::move(document), quarantine);
    outcome.record = execution.record;
    auto release = [&] { execution.world.ledger.release_lease(execution.lease); };
    co_await on_worker(execution.world.workers, release);
    co_return outcome;
}

Task<void> after_restore_hooks(Execution& execution) {
    const auto problem = co_await run_commands(execution, "after_restore", execution.plan.hooks.after_restore,
                                               std::stop_token{});
    if (problem) execution.finding("a hook failed: " + *problem);
}

struct Verified {
    std::optional<Compared> compared;
    std::string problem;
};

Task<void> compare_into(Execution& execution, Verified& verified) {
    std::optional<FailureFields> failed;
    try {
        verified.compared = co_await verify(execution, "after", execution.touched);
        execution.journal.add(EventKind::clock, {{"clock", "verified"},
                                                 {"at_ns", nanoseconds(execution.world.clock.steady())}});
    } catch (const Failure& failure) {
        failed = failure.fields();
    }
    if (failed) verified.problem = text_of(*failed);
}

Task<void> await_serving(Execution& execution, Prober& prober, SteadyTime restored, bool& serving) {
    const std::optional<ServingResult> found = co_await prober.serving(
        restored, execution.plan.verify.consecutive, restored + execution.plan.verify.within);
    serving = found.has_value();
    if (!found) co_return;
    execution.journal.add(EventKind::clock, {{"clock", "serving"},
                                             {"earliest_ns", nanoseconds(found->earliest)},
                                             {"at_ns", nanoseconds(found->latest)},
                                             {"probe", found->slowest_probe}});
}

/// A pass proves more where the verifier was seen to fail, too. What is broken for it is put back, compared
/// again, and serves again, before the drill ends. Only a pass is worth it.
Task<void> see_verifier_fail(Execution& execution, Prober& prober, const Verified& verified) {
    Measurement found = measure(execution.plan, execution.journal.events());
    const Verdict verdict = judge(execution.plan, found);
    if (verdict != Verdict::recovered && verdict != Verdict::recovered_late) co_return;
    // Putting back would undo what the playbook accepts as changed since.
    if (!verified.compared || !verified.compared->equal) {
        execution.finding(
            "the verifier was not checked: what came back differs in what the playbook accepts");
        co_return;
    }
    const bool broken = co_await check_verifier(execution, verified.compared->after);
    if (!broken) co_return;
    Verified again;
    co_await compare_into(execution, again);
    if (!again.problem.empty()) execution.finding("the verifying capture failed: " + again.problem);
    bool serving = false;
    co_await await_serving(execution, prober, execution.world.clock.steady(), serving);
    if (!serving) execution.finding("the probes do not pass since the verifier was checked");
}

}  // namespace

Task<DrillOutcome> restore_and_finish(Execution& execution, Prober& prober) {
    World& world = execution.world;
    const auto executor = co_await boost::asio::this_coro::executor;
    const bool rollback = execution.plan.kind == DrillKind::rollback;
    execution.journal.add(EventKind::clock,
                          {{"clock", "restore_began"}, {"at_ns", nanoseconds(world.clock.steady())}});
    if (execution.record.state != DrillState::restoring)
        co_await execution.journal.enter(DrillState::restoring);
    if (!execution.touched.empty()) {
        const auto problem = co_await run_commands(execution, "before_restore",
                                                   execution.plan.hooks.before_restore, std::stop_token{});
        if (problem) execution.finding("a hook failed, the restore goes on: " + *problem);
    }
    const std::string stage = "restore";
    const NotRestored failures = co_await restore(execution, stage);
    for (const auto& [resource, why] : failures)
        execution.finding(resource.text() + " was not restored: " + why);
    const SteadyTime restored = world.clock.steady();
    co_await after_restore_hooks(execution);
    if (!failures.empty()) {
        co_await prober.stop();
        co_await execution.journal.write();
        Measurement found = measure(execution.plan, execution.journal.events());
        const Verdict verdict = judge(execution.plan, found);
        co_return co_await end(execution, verdict, found, true);
    }

    co_await execution.journal.enter(DrillState::verifying);
    Verified verified;
    bool serving = false;
    {
        TaskGroup group(executor);
        group.spawn(compare_into(execution, verified));
        // A rollback's service is measured from the rollback on, before residue is restored.
        if (!rollback) group.spawn(await_serving(execution, prober, restored, serving));
        co_await group.join();
    }
    if (rollback) {
        // What matters at the end of a rollback drill is that the environment works again at all.
        const auto after = co_await prober.serving(restored, execution.plan.verify.consecutive,
                                                   restored + execution.plan.verify.within);
        if (!after) execution.finding("the probes do not pass at the end of the drill");
    }
    if (!rollback) {
        if (const auto detected = prober.detected()) {
            execution.journal.add(EventKind::clock, {{"clock", "detected"},
                                                     {"at_ns", nanoseconds(detected->attempt.ended)},
                                                     {"probe", detected->probe}});
        } else {
            execution.finding("the outage was not seen by any probe");
        }
    }
    if (!verified.problem.empty()) execution.finding("the verifying capture failed: " + verified.problem);
    co_await execution.journal.write();
    if (execution.plan.verify.check_verifier) {
        co_await see_verifier_fail(execution, prober, verified);
        co_await execution.journal.write();
    }
    co_await prober.stop();

    Measurement found = measure(execution.plan, execution.journal.events());
    const Verdict verdict = judge(execution.plan, found);
    // Equality that was not proved quarantines, whatever else went well; so does what may still be destroyed.
    const bool quarantined = !found.compared || !found.equal || found.may_still_come ||
                             found.verifier_saw == false || !found.not_restored.empty();
    co_return co_await end(execution, verdict, found, quarantined);
}

Task<DrillOutcome> finish_untouched(Execution& execution, Verdict verdict, std::string why) {
    Measurement found = measure(execution.plan, execution.journal.events());
    found.reasons = {std::move(why)};
    co_return co_await end(execution, verdict, found, false);
}

Task<DrillOutcome> finish_damaged(Execution& execution, std::string why) {
    Measurement found = measure(execution.plan, execution.journal.events());
    found.reasons = {std::move(why)};
    co_return co_await end(execution, Verdict::not_recovered, found, true);
}

Task<void> write_epoch(Execution& execution) {
    World& world = execution.world;
    auto ask = [&] { return world.ledger.enrolment(execution.plan.environment); };
    const std::optional<Enrolment> enrolment = co_await on_worker(world.workers, ask);
    for (const PlanResource& resource : execution.plan.resources) {
        const Marker marker{.environment = execution.plan.environment,
                            .resource = resource.name,
                            .identity = resource.identity,
                            .nonce = enrolment ? enrolment->nonce : "",
                            .epoch = execution.lease.epoch,
                            .written_at = world.clock.wall()};
        auto write = [&] {
            Adapter& adapter = execution.adapter(resource.name);
            // A higher epoch in the marker: another orchestrator has gone on without us.
            if (const auto text = adapter.read_marker()) {
                const auto read = read_marker_text(*text, world.marker_key);
                const auto* there = std::get_if<Marker>(&read);
                if (there != nullptr && there->epoch > execution.lease.epoch) {
                    throw Failure({.kind = FailureKind::refused,
                                   .operation = "lease",
                                   .object = resource.name.text(),
                                   .message = "its marker holds epoch " + std::to_string(there->epoch) +
                                              ", ours is " + std::to_string(execution.lease.epoch),
                                   .remedy = "another orchestrator works on this environment, or this ledger "
                                             "is an old copy"});
                }
            }
            adapter.write_marker(sign_marker(marker, world.marker_key));
        };
        co_await on_worker(world.workers, write);
    }
}

Task<void> tell_of_open_drill(Execution& execution, std::exception_ptr error) {
    FailureFields why{.kind = FailureKind::permanent, .message = "unknown error"};
    try {
        std::rethrow_exception(error);
    } catch (const Failure& failure) {
        why = failure.fields();
    } catch (const std::exception& other) {
        why.message = other.what();
    }
    if (may_be_damaged(execution.record.state)) {
        Quarantine left = quarantine_of(
            execution, "drill " + execution.record.id.text() + " was broken off: " + text_of(why), {});
        for (json::key_value_pair& member : left.resources)
            member.value().as_object()["next"] = "rehearse resume";
        if (const auto problem = co_await raise_alarm(execution, left)) {
            why.message += "; and the alarm could not be raised: " + *problem;
        }
        if (why.remedy.empty())
            why.remedy = "run 'rehearse resume' to bring " + execution.plan.environment.text() + " back";
    }
    throw Failure(why);
}

void start_probing(Execution& execution, Prober& prober, const boost::asio::any_io_executor& executor,
                   SteadyTime damage_began) {
    if (execution.probing) return;
    execution.probing = true;
    prober.start(executor, damage_began);
}

Prober make_prober(Execution& execution) {
    QueryFunction query = [&execution](const ResourceName& name, const std::string& text, Duration timeout) {
        return execution.adapter(name).query(text, timeout);
    };
    World& world = execution.world;
    auto make = [&world, query](const ProbeSpec& spec) { return world.make_probe(spec, world.clock, query); };
    auto told = [&execution](const std::string& probe, const ProbeTry& result) {
        execution.journal.add(EventKind::probe, {{"probe", probe},
                                                 {"passed", result.passed},
                                                 {"began_ns", nanoseconds(result.began)},
                                                 {"ended_ns", nanoseconds(result.ended)},
                                                 {"detail", result.detail}});
    };
    return Prober(execution.plan.steady_state, {.clock = world.clock,
                                                .sleeper = world.sleeper,
                                                .workers = world.workers,
                                                .make = std::move(make),
                                                .observer = std::move(told)});
}

}  // namespace rehearse
