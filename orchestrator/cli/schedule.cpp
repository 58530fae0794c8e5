// rehearse schedule: the next runs, and what became of the last due times.
#include <algorithm>
#include <ostream>

#include "orchestrator/cli/commands.h"
#include "orchestrator/cli/scheduling.h"

namespace rehearse {

namespace {

struct Run {
    WallTime due;
    const ScheduledPlaybook* scheduled;
};

int schedule(const Invocation& invocation, std::size_t count) {
    const Host& host = invocation.host;
    Workspace workspace = invocation.workspace();
    const std::vector<ScheduledPlaybook> all = scheduled_playbooks(host, workspace, false);
    std::vector<Run> runs;
    for (const ScheduledPlaybook& scheduled : all) {
        std::optional<WallTime> due = host.clock.wall();
        for (std::size_t i = 0; i < count; ++i) {
            due = next_after(scheduled.schedule, *due);
            if (!due) break;
            runs.push_back({*due, &scheduled});
        }
    }
    std::stable_sort(runs.begin(), runs.end(), [](const Run& a, const Run& b) { return a.due < b.due; });
    if (runs.size() > count) runs.resize(count);
    std::vector<DueTime> past;
    if (workspace.has_state()) {
        for (const ScheduledPlaybook& scheduled : all) {
            const auto some = workspace.ledger().due_times(scheduled.playbook, count);
            past.insert(past.end(), some.begin(), some.end());
        }
    }
    std::stable_sort(past.begin(), past.end(),
                     [](const DueTime& a, const DueTime& b) { return a.due > b.due; });
    if (past.size() > count) past.resize(count);

    json::array next, last;
    for (const Run& run : runs) {
        next.emplace_back(json::object{{"due", to_rfc3339(run.due)},
                                       {"playbook", run.scheduled->playbook.text()},
                                       {"environment", run.scheduled->environment.text()}});
    }
    for (const DueTime& due : past) {
        last.emplace_back(json::object{{"due", to_rfc3339(due.due)},
                                       {"playbook", due.playbook.text()},
                                       {"fate", std::string(to_string(due.fate))},
                                       {"reason", due.reason},
                                       {"drill", due.drill.text()}});
    }
    if (invocation.json()) {
        print_json(host, json::object{{"schema", "rehearse.schedule/v1"},
                                      {"next", std::move(next)},
                                      {"last", std::move(last)}});
        return 0;
    }
    if (all.empty()) {
        host.out << "No playbook carries a schedule; see playbooks/README.md, 'schedule'.\n";
        return 0;
    }
    host.out << "Next:\n";
    for (const Run& run : runs) {
        host.out << "  " << to_rfc3339(run.due) << "  " << run.scheduled->playbook << " in "
                 << run.scheduled->environment << "\n";
    }
    if (!past.empty()) host.out << "Last:\n";
    for (const DueTime& due : past) {
        host.out << "  " << to_rfc3339(due.due) << "  " << due.playbook << "  " << to_string(due.fate)
                 << (due.reason.empty() ? "" : ": " + due.reason)
                 << (due.drill.empty() ? "" : " (" + due.drill.text() + ")") << "\n";
    }
    return 0;
}

}  // namespace

void add_schedule(Commands& commands) {
    auto count = std::make_shared<std::size_t>(10);
    Command command = commands.add("schedule", "lists the next runs, and what became of the last due times",
                                   "rehearse schedule --count 5", true);
    command.option("--count", *count, "how many of each; default 10").between(1, 1000);
    commands.on(command, [count](const Invocation& invocation) { return schedule(invocation, *count); });
}

}  // namespace rehearse
