# The bugs that are planted: each is a name, a source, what is replaced in it (found exactly once), and the check that must tell.
from dataclasses import dataclass

SIMULATION = ("tests/simulation/simulation", ["--seeds", "1500"])


def suite(name, *options):
    return f"tests/{name}/test_{name}", list(options)


@dataclass
class Bug:
    name: str
    source: str
    changes: list  # of (what stands there, what stands there instead)
    check: tuple = SIMULATION  # a program of the build folder, and its arguments


def bug(name, source, before, after, check=SIMULATION):
    return Bug(name, "orchestrator/" + source, [(before, after)], check)


def drill(cases):
    return suite("drill", f"--test-case={cases}")


# Whole suites of the engine and the ledger take most of a minute: each bug names the cases that must tell.
LAST_MOMENT = suite("drill", "--source-file=*last_moment_test*")
LEASE = suite("drill", "--source-file=*lease_test*")
NEIGHBOUR = suite("drill", "--source-file=*neighbour_test*")
MEASURE = suite("drill", "--source-file=*measure_test*")
HALTED = drill("the kill switch stops*")
AUDIT = suite("ledger", "--source-file=*audit_test*")
LEASES = suite("ledger", "--source-file=*leases_test*,*journal_test*")
GUARD = suite("guard")
COMMIT = "co_await execution.journal.write();\n\n    before_effect();"
ARMED = "    co_return co_await restore_and_finish(execution, prober);\n}\n\n/// Between the plan's look"

BUGS = [
    # --- order of intent, act and outcome
    bug("the intent of a destroy is not written first", "drill/destroy.cpp", COMMIT, "before_effect();"),
    bug("the ledger is not synced", "ledger/database.cpp", "PRAGMA synchronous=EXTRA; PRAGMA fullfsync=ON;", "PRAGMA synchronous=OFF;"),
    bug("an event that may have been committed is sent again", "drill/journal.cpp", "if (unsure_) co_await read_back();", ""),
    Bug("the alarm is raised after the verdict", "orchestrator/drill/finish.cpp", [
        ("    if (quarantine) outcome.alarm_problem = co_await raise_alarm(execution, *quarantine);\n", ""),
        ("    outcome.record = execution.record;\n",
         "    if (quarantine) outcome.alarm_problem = co_await raise_alarm(execution, *quarantine);\n    outcome.record = execution.record;\n"),
    ], LAST_MOMENT),
    bug("an illegal order of states is taken", "ledger/journal.cpp", "if (!may_follow(from, to)) {", "if (false) {", AUDIT),
    # --- proof before damage
    bug("the snapshot is not read back", "drill/drill.cpp",
        "auto verify_store = [&] { return world.store.verify(execution.before->id); };",
        'auto verify_store = [&] { return Verification{.digest = "unread"}; };', LAST_MOMENT),
    bug("the guard's second answer is not heeded", "drill/drill.cpp",
        "if (!all_passed(results)) {\n        co_return co_await finish_untouched(execution, Verdict::refused",
        "if (false) {\n        co_return co_await finish_untouched(execution, Verdict::refused", drill("a resource that can't be read is a refusal*")),
    bug("what is open is not asked again under the lease", "drill/drill.cpp", "open = co_await ask_what_is_open(world, view.plan);",
        "static_cast<void>(co_await ask_what_is_open(world, view.plan));", drill("a drill that was left open after*")),
    bug("a neighbour's write before the destroy is not seen", "drill/destroy.cpp",
        'if (!drift.empty()) co_return Destroyed{false, step.step + " was not started: " + drift};', "", NEIGHBOUR),
    # --- what is destroyed
    bug("more is destroyed than the plan names", "drill/destroy.cpp", ".items = step.items,\n        .whole = step.whole,",
        ".items = {},\n        .whole = true,"),
    bug("dependencies are destroyed before their dependents", "drill/destroy.cpp",
        "    for (const PlanStep& step : execution.plan.destroy) {\n        if (stop.stop_requested())",
        "    const std::vector<PlanStep> backwards(execution.plan.destroy.rbegin(), execution.plan.destroy.rend());\n"
        "    for (const PlanStep& step : backwards) {\n        if (stop.stop_requested())"),
    bug("a marker with another epoch is taken for one's own", "drill/destroy.cpp", "require_own_marker(execution, step.resource);", "", LAST_MOMENT),
    bug("the kill switch is not looked at", "drill/drill.cpp", "if (world.stop.stop_requested() || world.halted()) {", "if (false) {", HALTED),
    # --- the way back
    bug("a halted drill is not restored", "drill/drill.cpp", ARMED,
        '    if (stop.stop_requested()) co_return co_await finish_untouched(execution, Verdict::aborted, "stopped");\n' + ARMED, HALTED),
    bug("a restore that failed is swallowed", "drill/restore.cpp", "if (!again || tries == most_tries) break;",
        "problem.clear();\n            break;", drill("a restore that fails*,a phase that was not measured*")),
    bug("dependents come back before their dependencies", "drill/restore.cpp", "return std::all_of(needs.begin(), needs.end(), [&]",
        "return needs.size() > 1000 || !std::all_of(needs.begin(), needs.end(), [&]"),
    bug("resuming forgets a resource", "drill/recovery.cpp",
        'execution.touched.insert(ResourceName(text_or(event.body, "resource", "")));', ""),
    bug("a hook that was cut off is forgotten", "drill/recovery.cpp", "if (left.snapshot_hook_open) {", "if (false) {", SIMULATION),
    bug("what the verifier's check broke stays broken", "drill/verifier_check.cpp",
        "const NotRestored failures = co_await restore(execution, stage);", "const NotRestored failures;"),
    # --- who may act
    bug("a journal is written without the lease", "ledger/sqlite_ledger.cpp",
        'require_current(database, lease, "write journal");\n            if (batch.quarantine)', "if (batch.quarantine)", LEASES),
    bug("a lease is taken before it has expired", "ledger/leases.cpp", "if (!expired) {", "if (false) {"),
    bug("a stopped owner is not ended before the next one acts", "ledger/leases.cpp",
        "if (database.processes().end(held.owner, request.patience) == Ending::ended) return std::nullopt;", "return std::nullopt;"),
    bug("a lease is not given back", "drill/finish.cpp", "execution.world.ledger.release_lease(execution.lease);", "", LAST_MOMENT),
    bug("a lease is not renewed", "drill/lease.cpp", "world.ledger.renew_lease(lease, lease_term);", "", LEASE),
    bug("an epoch is given twice", "ledger/leases.cpp", ".epoch = held ? held->epoch + 1 : 1,", ".epoch = held ? held->epoch : 1,", AUDIT),
    # --- equality
    bug("the comparison always says equal", "drill/verify.cpp", "compared.equal = compared.after.tree == execution.before->tree;",
        "compared.equal = true;"),
    bug("the verifying capture skips what was touched", "drill/finish.cpp", 'co_await verify(execution, "after", execution.touched);',
        'co_await verify(execution, "after", {});'),
    bug("a difference is no matter for the verdict", "drill/measure.cpp", "if (!found.equal) {", "if (false) {", drill("what comes back different*")),
    bug("a blind verifier is no matter for the verdict", "drill/measure.cpp", "if (found.verifier_saw == false) {", "if (false) {", drill("a verifier that misses*")),
    bug("nothing is quarantined", "drill/finish.cpp", "const bool quarantined = !found.compared ||", "const bool quarantined = false && !found.compared &&"),
    bug("a quarantine calls nobody", "drill/finish.cpp", "execution.world.alarm.raise(message, execution.world.playbook_alarm);", ""),
    bug("a destroy without an answer is forgotten", "drill/measure.cpp", "        std::any_of(unanswered.begin(), unanswered.end(),",
        "        std::any_of(unanswered.end(), unanswered.end(),"),
    bug("a breaking for the verifier's check without an answer is forgotten", "drill/measure.cpp",
        "perturb_may_still_come = true;", "perturb_may_still_come = false;", MEASURE),
    # --- the clocks
    bug("the damage is read from the wall clock", "drill/destroy.cpp", "damage_began = execution.world.clock.steady();",
        "damage_began = SteadyTime{execution.world.clock.wall().since_epoch};"),
    Bug("the damage is timed after its effect", "orchestrator/drill/destroy.cpp", [
        ("    before_effect();\n    const SteadyTime began", "    const SteadyTime began"),
        ("    const FailureFields* why = reason(outcome);\n    execution.journal.add(EventKind::step_outcome,",
         "    before_effect();\n    const FailureFields* why = reason(outcome);\n    execution.journal.add(EventKind::step_outcome,"),
    ]),
    bug("the interval begins where it ends", "drill/measure.cpp", 'clocks.serving_earliest = instant_at(event.body, "earliest_ns");',
        "clocks.serving_earliest = at;"),
    bug("the uncertainty is left out", "drill/measure.cpp", ".uncertainty = (high - low) / 2,", ".uncertainty = Duration::zero(),", MEASURE),
    bug("a target counts as met by the lower end", "drill/measure.cpp", ".met = high <= target};", ".met = low <= target};", MEASURE),
    bug("a clock that was lost in a reboot goes on", "drill/measure.cpp", "clocks.lost = boots.size() > 1;", "clocks.lost = false;"),
    # --- approvals
    bug("who asks may approve", "guard/approvals.cpp", 'if (is_requester(voting.policy, member, voting.requesters)) return member.name + " is who asks";',
        "", GUARD),
    bug("automation may approve", "guard/approvals.cpp", 'if (member.kind == ActorKind::automation) return member.name + " is automation";', "", GUARD),
    bug("an approval that expired counts", "guard/approvals.cpp", "if (voting.now >= record.proposal.expires)", "if (false)", GUARD),
    bug("a denial is not heeded", "guard/approvals.cpp", "if (counted.void_because) problem = *counted.void_because;", "", GUARD),
    bug("an approval of another plan counts", "guard/approvals.cpp", 'if (approval.text != text) return "it is an approval of something else";',
        "", GUARD),
    bug("a signature is not verified", "guard/approvals.cpp", "if (!is_good(signature, text, approval_namespace)) return", "if (false) return", GUARD),
    bug("one person counts twice", "guard/approvals.cpp",
        "if (std::find(counted.persons.begin(), counted.persons.end(), name) == counted.persons.end())\n", "", GUARD),
    # --- limits
    bug("one item more than allowed passes", "guard/blast_radius.cpp", "if (total > facts.plan.guard.max_items) {",
        "if (total > facts.plan.guard.max_items + 1) {", GUARD),
    bug("a snapshot that is too old passes", "guard/snapshot.cpp",
        "age >= Duration::zero() && age <= facts.plan.guard.snapshot_max_age;", "age >= Duration::zero();", GUARD),
    # --- the audit log
    bug("an entry is left out of the audit log's tree", "ledger/audit.cpp", "tree.append(leaf_hash(text));", "", AUDIT),
]

# Each run plants these, too, and says so where one is caught: then it is struck from here. What would tell is not there yet.
NOT_CAUGHT_YET: set[str] = set()
