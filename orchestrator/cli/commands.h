// The commands: one file each, listed in cli.cpp. A command adds its options here and says what to run.
#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "orchestrator/cli/console.h"
#include "orchestrator/cli/host.h"
#include "orchestrator/cli/workspace.h"

namespace rehearse {

/// What every command knows: the host, and the options that all share.
struct Invocation {
    const Host& host;
    std::string workspace_option;
    std::string output = "text";

    [[nodiscard]] bool json() const { return output == "json"; }
    [[nodiscard]] Workspace workspace() const {
        return Workspace::find(host, workspace_option.empty()
                                         ? std::nullopt
                                         : std::optional<std::filesystem::path>(workspace_option));
    }
};

class Commands {
  public:
    Commands(CLI::App& app, Invocation& invocation) : app_(app), invocation_(invocation) {}

    /// A command with its one-line summary and an example, shown by --help. `prints_data`: takes --output.
    CLI::App* add(const std::string& name, const std::string& summary, const std::string& example,
                  bool prints_data);
    /// What the command does; returns the exit code.
    void on(CLI::App* command, std::function<int(const Invocation&)> action);
    /// Runs the chosen one.
    [[nodiscard]] int run() const { return action_(invocation_); }

  private:
    CLI::App& app_;
    Invocation& invocation_;
    std::function<int(const Invocation&)> action_;
};

void add_adapters(Commands& commands);
void add_approve(Commands& commands);
void add_audit(Commands& commands);
void add_check(Commands& commands);
void add_clear(Commands& commands);
void add_deny(Commands& commands);
void add_diff(Commands& commands);
void add_doctor(Commands& commands);
void add_enroll(Commands& commands);
void add_gate(Commands& commands);
void add_halt(Commands& commands);
void add_history(Commands& commands);
void add_init(Commands& commands);
void add_plan(Commands& commands);
void add_policy(Commands& commands);
void add_report(Commands& commands);
void add_restore(Commands& commands);
void add_resume(Commands& commands);
void add_run(Commands& commands);
void add_schedule(Commands& commands);
void add_serve(Commands& commands);
void add_show(Commands& commands);
void add_snapshot(Commands& commands);
void add_snapshots(Commands& commands);

}  // namespace rehearse
