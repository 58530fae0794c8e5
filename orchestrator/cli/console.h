// Talking to a person or a pipeline: progress on stderr, results on stdout, questions only on a terminal; and
// the alarm command.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "orchestrator/cli/host.h"
#include "orchestrator/ports/surroundings.h"

namespace rehearse {

/// Prints each event that a person cares about, one line each, with the time since the drill began.
class ProgressObserver : public Observer {
  public:
    explicit ProgressObserver(const Host& host) : host_(host) {}
    void on_event(const DrillRecord& drill, const DrillEvent& event) override;

  private:
    const Host& host_;
    std::optional<SteadyTime> began_;
};

/// Prints the alarm and runs the playbook's or else the workspace's alarm command, with the text on its
/// stdin.
class CommandAlarm : public Alarm {
  public:
    CommandAlarm(const Host& host, std::optional<CommandSpec> workspace_alarm)
        : host_(host), workspace_alarm_(std::move(workspace_alarm)) {}
    void raise(const AlarmMessage& message, const std::optional<CommandSpec>& playbook_alarm) override;

  private:
    const Host& host_;
    std::optional<CommandSpec> workspace_alarm_;
};

/// One JSON document on stdout.
void print_json(const Host& host, const json::value& document);
/// Asks for `word` on the terminal. False for any other answer and at the end of input.
[[nodiscard]] bool confirm(const Host& host, const std::string& question, const std::string& word);

}  // namespace rehearse
