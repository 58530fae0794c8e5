// What a drill needs of the world beside adapters, store and ledger: watching, alarms, commands, the kill
// switch.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>

#include "orchestrator/commands/command.h"
#include "orchestrator/model/drill.h"

namespace rehearse {

/// Is told of each journal event after it is durable. Must not throw and must be quick.
class Observer {
  public:
    virtual ~Observer() = default;
    virtual void on_event(const DrillRecord& drill, const DrillEvent& event) = 0;
};

struct AlarmMessage {
    EnvironmentName environment{};
    DrillId drill{};
    std::string summary{};  // one line
    std::string text{};     // what is known of each resource, and the exact next command
};

/// Tells people. Blocking; a failure is a Failure, which the caller records and prints.
class Alarm {
  public:
    virtual ~Alarm() = default;
    virtual void raise(const AlarmMessage& message, const std::optional<CommandSpec>& playbook_alarm) = 0;
};

/// Runs a child process to its end; the real one is run_command().
using CommandRunner = std::function<CommandResult(const CommandRequest&)>;

/// Why destroying is halted, or nothing. Asked before and during each destroy step.
using HaltQuestion = std::function<std::optional<std::string>()>;

/// Why the audit log can't be believed, or nothing. Asked before each plan and again before the first damage.
using AuditQuestion = std::function<std::optional<std::string>()>;

/// Free bytes on the file system of a path. Fails: permanent.
using DiskQuestion = std::function<std::uint64_t(const std::filesystem::path&)>;

}  // namespace rehearse
