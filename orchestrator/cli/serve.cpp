// rehearse serve: runs due drills in the foreground, one at a time in an environment.
#include <algorithm>
#include <ostream>
#include <set>

#include "orchestrator/base/failure.h"
#include "orchestrator/base/task_group.h"
#include "orchestrator/cli/auditing.h"
#include "orchestrator/cli/commands.h"
#include "orchestrator/cli/planning.h"
#include "orchestrator/cli/resuming.h"
#include "orchestrator/cli/scheduling.h"
#include "orchestrator/drill/drill.h"

namespace rehearse {

namespace {

constexpr Duration poll = std::chrono::milliseconds(200);
constexpr Duration longest_wait = std::chrono::seconds(30);  // the wall clock may be set meanwhile

struct Serving {
    Host host;
    Workspace& workspace;
    std::vector<ScheduledPlaybook> all;
    std::set<EnvironmentName> busy;
    TaskGroup& drills;
    bool settled = false;  // no row is left that says no more than "begun"
};

void log_due(const Host& host, const DueTime& due) {
    host.log << "schedule: " << due.playbook << " due " << to_rfc3339(due.due) << ": " << to_string(due.fate)
             << ": " << due.reason << std::endl;
}

Task<void> record(Serving& serving, DueTime due, bool first) {
    auto write = [&] {
        if (first) {
            serving.workspace.ledger().record_due(due);
        } else {
            serving.workspace.ledger().update_due(due);
        }
    };
    co_await on_worker(serving.host.workers, write);
}

/// One due drill, from the plan to the row that says what became of it. Never throws for the drill's own
/// failures.
Task<void> run_due(Serving& serving, const ScheduledPlaybook& scheduled, DueTime due) {
    std::string problem;
    try {
        const Playbook& playbook = serving.workspace.playbook(scheduled.playbook.text());
        const Environment& environment = serving.workspace.environment(scheduled.environment.text());
        PreparedDrill prepared = open_drill(serving.host, serving.workspace, playbook);
        const std::vector<const AdapterDescriptor*> descriptors(serving.host.adapters.begin(),
                                                                serving.host.adapters.end());
        prepared.view = co_await make_plan(prepared.open->world(), environment, playbook, "", descriptors);
        const DrillOutcome outcome = co_await run_drill(prepared.open->world(), prepared.view);
        tell_of_drill(due, outcome.record);
        if (outcome.alarm_problem)
            serving.host.log << "rehearse: the alarm was not delivered: " << *outcome.alarm_problem << "\n";
    } catch (const Failure& failure) {
        problem = failure.what();
    }
    if (!problem.empty()) {
        due.fate = DueFate::refused;
        due.reason = problem;
    }
    log_due(serving.host, due);
    try {
        co_await record(serving, due, false);
    } catch (const Failure& failure) {
        serving.host.log << "rehearse: that could not be recorded and is tried again: " << failure.what()
                         << std::endl;
        serving.settled = false;
    }
    serving.busy.erase(scheduled.environment);
}

/// Rows that a crash or a ledger that could not be written left at "begun".
Task<void> settle(Serving& serving) {
    serving.settled = true;
    for (const ScheduledPlaybook& scheduled : serving.all) {
        if (serving.busy.contains(scheduled.environment)) {
            serving.settled = false;
            continue;
        }
        auto look = [&] {
            return settle_due_times(serving.workspace.ledger(), scheduled.playbook, serving.host.actor.name);
        };
        try {
            const std::vector<DueTime> changed = co_await on_worker(serving.host.workers, look);
            for (const DueTime& due : changed) log_due(serving.host, due);
        } catch (const Failure& failure) {
            serving.host.log << "rehearse: what became of due times of " << scheduled.playbook
                             << " could not be recorded and is tried again: " << failure.what() << std::endl;
            serving.settled = false;
        }
    }
}

Task<void> start_due(Serving& serving) {
    if (!serving.settled) co_await settle(serving);
    for (const ScheduledPlaybook& scheduled : serving.all) {
        const WallTime now = serving.host.clock.wall();
        auto last = [&] { return serving.workspace.ledger().last_due(scheduled.playbook); };
        const std::optional<WallTime> recorded = co_await on_worker(serving.host.workers, last);
        const DueNow due = due_now(scheduled, recorded, now);
        for (const DueTime& missed : due.missed) {
            log_due(serving.host, missed);
            co_await record(serving, missed, true);
        }
        if (!due.run) continue;
        DueTime row{.playbook = scheduled.playbook,
                    .due = *due.run,
                    .fate = DueFate::ran,
                    .reason = std::string(due_begun)};
        if (serving.busy.contains(scheduled.environment)) {
            row.fate = DueFate::skipped;
            row.reason = "another drill was running in " + scheduled.environment.text();
        }
        // The row is durable before the drill begins: a crash can't make it run twice.
        co_await record(serving, row, true);
        if (row.fate == DueFate::skipped) continue;
        serving.busy.insert(scheduled.environment);
        serving.drills.spawn(run_due(serving, scheduled, row));
    }
}

Task<void> serve_until_stopped(Serving& serving) {
    auto seal = [&] { seal_audit(serving.host, serving.workspace); };
    while (!serving.host.stop.stop_requested()) {
        co_await start_due(serving);
        co_await on_worker(serving.host.workers, seal);
        const WallTime now = serving.host.clock.wall();
        const WallTime next =
            std::min(next_due(serving.all, now).value_or(now + longest_wait), now + longest_wait);
        while (serving.host.clock.wall() < next && !serving.host.stop.stop_requested()) {
            const Duration rest = std::min<Duration>(poll, next - serving.host.clock.wall());
            co_await serving.host.sleeper.until(serving.host.clock.steady() + rest);
        }
    }
}

int serve(const Invocation& invocation) {
    Host host = invocation.host;
    host.actor = {.name = "schedule", .kind = ActorKind::automation};
    Workspace workspace = invocation.workspace();
    (void)workspace.files();
    workspace.make_state();
    for (const Resumed& resumed : resume_open_drills(host, workspace)) {
        host.log << "resumed drill " << resumed.drill << ": "
                 << (resumed.problem.empty() ? text_or(resumed.result, "verdict", "") : resumed.problem)
                 << "\n";
    }
    const std::vector<ScheduledPlaybook> all = scheduled_playbooks(host, workspace, true);
    if (all.empty()) {
        host.log << "rehearse: no playbook carries a schedule; see playbooks/README.md, 'schedule'\n";
        return 2;
    }
    host.log << "serving " << all.size() << " schedules; stop with SIGTERM or Ctrl-C\n" << std::flush;
    host.run([&]() -> Task<void> {
        TaskGroup drills(co_await boost::asio::this_coro::executor);
        Serving serving{host, workspace, all, {}, drills};
        std::exception_ptr error;
        try {
            co_await serve_until_stopped(serving);
        } catch (...) {
            error = std::current_exception();
        }
        host.log << "stopping: no new drills, running ones restore first\n" << std::flush;
        co_await drills.join();
        if (error) std::rethrow_exception(error);
    });
    return 0;
}

}  // namespace

void add_serve(Commands& commands) {
    Command command =
        commands.add("serve", "runs due drills in the foreground; first finishes what a crash left open",
                     "rehearse serve", false);
    commands.on(command, serve);
}

}  // namespace rehearse
