// Running the playbook's commands.
#include "orchestrator/drill/commands.h"

#include "orchestrator/drill/attempt.h"

namespace rehearse {

namespace {

std::string shown(const CommandSpec& command) {
    std::string text;
    for (const std::string& argument : command.arguments) text += (text.empty() ? "" : " ") + argument;
    return text;
}

}  // namespace

Task<std::optional<std::string>> run_commands(Execution& execution, std::string stage,
                                              const std::vector<CommandSpec>& commands,
                                              std::stop_token stop) {
    World& world = execution.world;
    int number = 0;
    for (const CommandSpec& command : commands) {
        const std::string step = stage + "-" + std::to_string(++number);
        if (stop.stop_requested()) co_return step + " was not started: the drill was stopped";
        execution.journal.add(EventKind::step_intent,
                              {{"step", step},
                               {"stage", stage},
                               {"operation", "command"},
                               {"unguarded", true},
                               {"key", idempotency_key(execution, step, "command", {})}});
        co_await execution.journal.write();

        CommandRequest request{.arguments = command.arguments,
                               .directory = command.directory,
                               .environment = {{"REHEARSE_DRILL", execution.record.id.text()},
                                               {"REHEARSE_ENVIRONMENT", execution.plan.environment.text()},
                                               {"REHEARSE_STAGE", stage},
                                               {"REHEARSE_STEP", step},
                                               {"REHEARSE_RELEASE", execution.plan.release}},
                               .timeout = command.timeout,
                               .stop = stop};
        const SteadyTime began = world.clock.steady();
        std::string problem;
        for (int tries = 0; tries <= command.retries; ++tries) {
            auto run = [&] { return world.run_command(request); };
            const Outcome<CommandResult> outcome = co_await attempt(world.workers, run);
            if (const FailureFields* why = reason(outcome)) {
                problem = text_of(*why);
            } else {
                const CommandResult& result = std::get<Done<CommandResult>>(outcome).value;
                problem = result.succeeded() ? "" : result.describe();
            }
            if (problem.empty() || stop.stop_requested()) break;
        }
        execution.journal.add(EventKind::step_outcome, {{"step", step},
                                                        {"stage", stage},
                                                        {"outcome", problem.empty() ? "done" : "failed"},
                                                        {"message", problem},
                                                        {"began_ns", nanoseconds(began)},
                                                        {"ended_ns", nanoseconds(world.clock.steady())}});
        if (!problem.empty()) co_return step + " (" + shown(command) + "): " + problem;
    }
    co_return std::nullopt;
}

}  // namespace rehearse
