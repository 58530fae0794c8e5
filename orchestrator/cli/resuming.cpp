// Resuming open drills one after another.
#include "orchestrator/cli/resuming.h"

#include <ostream>

#include "orchestrator/base/failure.h"
#include "orchestrator/cli/console.h"
#include "orchestrator/drill/recovery.h"

namespace rehearse {

namespace {

Resumed resume_one(const Host& host, Workspace& workspace, const DrillRecord& record) {
    Resumed resumed{.drill = record.id};
    const Environment& environment = workspace.environment(record.environment.text());
    const Playbook* playbook = find_playbook(workspace.files(), record.playbook);
    ProgressObserver observer(host);
    CommandAlarm alarm(host, workspace.files().settings ? workspace.files().settings->alarm : std::nullopt);
    OpenWorld open(host, workspace, environment, playbook, observer, alarm);
    DrillOutcome outcome;
    host.run([&]() -> Task<void> { outcome = co_await resume_drill(open.world(), record); });
    resumed.result = outcome.record.result;
    resumed.exit_code = exit_code(*outcome.record.verdict);
    if (outcome.alarm_problem) {
        host.log << "rehearse: the alarm was not delivered: " << *outcome.alarm_problem << "\n";
    }
    return resumed;
}

}  // namespace

std::vector<Resumed> resume_open_drills(const Host& host, Workspace& workspace) {
    std::vector<Resumed> all;
    for (const DrillRecord& record : workspace.ledger().unfinished()) {
        const Epoch before = workspace.ledger().epoch(record.environment);
        try {
            all.push_back(resume_one(host, workspace, record));
        } catch (const Failure& failure) {
            // Without the lease we never began: the drill is simply still running. With it, the environment
            // is still damaged, as far as anyone knows.
            const bool began = workspace.ledger().epoch(record.environment) != before;
            const int code = !began && failure.kind() == FailureKind::refused ? 3
                             : may_be_damaged(record.state)                   ? 4
                                                                              : 5;
            all.push_back({.drill = record.id, .result = {}, .problem = failure.what(), .exit_code = code});
        }
    }
    return all;
}

}  // namespace rehearse
