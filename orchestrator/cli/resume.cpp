// rehearse resume: finishes what a crash left open.
#include <algorithm>
#include <ostream>

#include "orchestrator/base/failure.h"
#include "orchestrator/cli/auditing.h"
#include "orchestrator/cli/commands.h"
#include "orchestrator/cli/resuming.h"
#include "orchestrator/report/terminal.h"

namespace rehearse {

namespace {

int resume(const Invocation& invocation) {
    Workspace workspace = invocation.workspace();
    json::array documents;
    int code = 0;
    if (workspace.has_state()) {
        for (const Resumed& resumed : resume_open_drills(invocation.host, workspace)) {
            if (!resumed.problem.empty()) {
                invocation.host.log << "rehearse: drill " << resumed.drill << ": " << resumed.problem << "\n";
                code = std::max(code, resumed.exit_code);
                continue;
            }
            documents.emplace_back(resumed.result);
            if (!invocation.json()) invocation.host.out << drill_text(resumed.result, invocation.host.colour);
            code = std::max(code, resumed.exit_code);
        }
        seal_audit(invocation.host, workspace);
    }
    if (invocation.json()) {
        print_json(invocation.host,
                   json::object{{"schema", "rehearse.resume/v1"}, {"drills", std::move(documents)}});
    } else if (documents.empty() && code == 0) {
        invocation.host.out << "Nothing was left open.\n";
    }
    return code;
}

}  // namespace

void add_resume(Commands& commands) {
    Command command = commands.add("resume", "finishes what a crash left open: restores, verifies, judges",
                                   "rehearse resume", true);
    commands.on(command, resume);
}

}  // namespace rehearse
