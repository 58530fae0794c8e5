// Progress, alarms, questions.
#include "orchestrator/cli/console.h"

#include <cstdio>
#include <istream>
#include <ostream>

#include "orchestrator/base/failure.h"
#include "orchestrator/commands/command.h"
#include "orchestrator/report/words.h"

namespace rehearse {

namespace {

std::string line_of(const DrillEvent& event) {
    const json::object& body = event.body;
    const std::string step = text_or(body, "step", "");
    switch (event.kind) {
        case EventKind::state:
            return text_or(body, "state", "");
        case EventKind::step_outcome: {
            const std::string message = text_or(body, "message", "");
            return "  " + step + " " + text_or(body, "outcome", "") + (message.empty() ? "" : ": " + message);
        }
        case EventKind::clock:
            return "  clock: " + text_or(body, "clock", "");
        case EventKind::probe: {
            const json::value* passed = body.if_contains("passed");
            const bool passes = passed != nullptr && passed->is_bool() && passed->get_bool();
            return "  probe " + text_or(body, "probe", "") + (passes ? " passes" : " fails") + ": " +
                   text_or(body, "detail", "");
        }
        case EventKind::guard: {
            const json::value* passed = body.if_contains("passed");
            if (passed != nullptr && passed->is_bool() && passed->get_bool()) return "";
            return "  guard refused: " + text_or(body, "interlock", "") + ": " + text_or(body, "reason", "") +
                   "; " + text_or(body, "remedy", "");
        }
        case EventKind::snapshot:
            return "  snapshot " + text_or(body, "role", "") + " " + text_or(body, "commit", "");
        case EventKind::finding:
            return "  finding: " + text_or(body, "text", "");
        case EventKind::step_intent:
        case EventKind::note:
            return "";
    }
    return "";
}

}  // namespace

void ProgressObserver::on_event(const DrillRecord& drill, const DrillEvent& event) {
    if (!began_) {
        began_ = event.steady;
        host_.log << "drill " << drill.id << " of " << drill.environment << "\n";
    }
    const std::string line = line_of(event);
    if (line.empty()) return;
    char time[32];
    std::snprintf(time, sizeof time, "%9.3f s  ",
                  std::chrono::duration<double>(event.steady - *began_).count());
    host_.log << time << words::printable(line) << "\n" << std::flush;
}

void CommandAlarm::raise(const AlarmMessage& message, const std::optional<CommandSpec>& playbook_alarm) {
    host_.log << "\nALARM " << words::printable(message.text, true) << std::flush;
    const std::optional<CommandSpec>& command = playbook_alarm ? playbook_alarm : workspace_alarm_;
    if (!command) {
        throw Failure({.kind = FailureKind::permanent,
                       .operation = "alarm",
                       .object = message.environment.text(),
                       .message = "no alarm command is set, nobody but this terminal was told",
                       .remedy = "set 'alarm:' in the playbook or in rehearse.yaml"});
    }
    std::string problem;
    for (int tries = 0; tries <= command->retries; ++tries) {
        const CommandResult result =
            run_command({.arguments = command->arguments,
                         .directory = command->directory,
                         .environment = {{"REHEARSE_ENVIRONMENT", message.environment.text()},
                                         {"REHEARSE_DRILL", message.drill.text()},
                                         {"REHEARSE_SUMMARY", message.summary}},
                         .input = message.text,
                         .timeout = command->timeout});
        if (result.succeeded()) return;
        problem = result.describe();
    }
    throw Failure({.kind = FailureKind::permanent,
                   .operation = "alarm",
                   .object = command->arguments.empty() ? "" : command->arguments.front(),
                   .message = problem,
                   .remedy = "tell the environment's owner by hand, and mend the alarm command"});
}

void print_json(const Host& host, const json::value& document) {
    host.out << pretty_json(document) << std::flush;
}

bool confirm(const Host& host, const std::string& question, const std::string& word) {
    host.log << question << "\nType " << word << " to go on: " << std::flush;
    std::string answer;
    std::getline(host.in, answer);
    return answer == word;
}

}  // namespace rehearse
