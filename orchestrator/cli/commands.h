// The commands: one file each, listed in cli.cpp. A command adds its options here and says what to run.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "orchestrator/cli/console.h"
#include "orchestrator/cli/host.h"
#include "orchestrator/cli/workspace.h"

namespace CLI {
class App;
class Option;
}  // namespace CLI

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

/// One option or argument of a command.
class Option {
  public:
    explicit Option(CLI::Option* option) : option_(option) {}
    Option& required();
    Option& one_of(const std::vector<std::string>& words);
    /// Both ends count.
    Option& between(std::uint64_t least, std::uint64_t most);
    Option& separated_by(char delimiter);

  private:
    CLI::Option* option_;
};

/// What a command takes. A name with dashes is an option, one without is an argument that stands alone; what
/// it was before reading is its default. The values must live till the command has run. CLI11 stands in
/// cli.cpp alone: its header takes longer to compile than everything else in a command.
class Command {
  public:
    explicit Command(CLI::App* app) : app_(app) {}
    Option option(const std::string& name, std::string& value, const std::string& help) const;
    Option option(const std::string& name, std::vector<std::string>& values, const std::string& help) const;
    Option option(const std::string& name, std::uint64_t& value, const std::string& help) const;
    void flag(const std::string& name, bool& value, const std::string& help) const;

  private:
    friend class Commands;
    CLI::App* app_;
};

class Commands {
  public:
    Commands(CLI::App& app, Invocation& invocation) : app_(app), invocation_(invocation) {}

    /// A command with its one-line summary and an example, shown by --help. `prints_data`: takes --output.
    Command add(const std::string& name, const std::string& summary, const std::string& example,
                bool prints_data);
    /// A command of a command, which then needs one; the parent's options may stand behind it.
    static Command add_below(const Command& parent, const std::string& name, const std::string& summary,
                             const std::string& example);
    /// What the command does; returns the exit code.
    void on(const Command& command, std::function<int(const Invocation&)> action);
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
