// Parsing and dispatch.
#include "orchestrator/cli/cli.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <ostream>
#include <sstream>

#include "orchestrator/base/failure.h"
#include "orchestrator/cli/commands.h"
#include "orchestrator/cli/version.h"
#include "orchestrator/playbook/nearest.h"
#include "orchestrator/report/words.h"

namespace rehearse {

namespace {

constexpr int exit_invalid = 2, exit_refused = 3, exit_internal = 5;

int exit_code_of(FailureKind kind) {
    switch (kind) {
        case FailureKind::invalid_input:
            return exit_invalid;
        case FailureKind::refused:
            return exit_refused;
        default:
            return exit_internal;
    }
}

void add_all(Commands& commands) {
    add_init(commands);
    add_doctor(commands);
    add_check(commands);
    add_enroll(commands);
    add_snapshot(commands);
    add_snapshots(commands);
    add_diff(commands);
    add_plan(commands);
    add_approve(commands);
    add_deny(commands);
    add_policy(commands);
    add_run(commands);
    add_resume(commands);
    add_halt(commands);
    add_restore(commands);
    add_clear(commands);
    add_history(commands);
    add_show(commands);
    add_report(commands);
    add_audit(commands);
    add_gate(commands);
    add_serve(commands);
    add_schedule(commands);
    add_adapters(commands);
}

/// The parser says only that some command is needed; people want to know which word it did not know.
bool is_unknown_command(const CLI::App& app, int count, const char* const* arguments, std::ostream& log) {
    if (count < 2 || arguments[1][0] == '-') return false;
    const std::string word = arguments[1];
    std::vector<std::string> names;
    for (const CLI::App* command : app.get_subcommands(nullptr)) names.push_back(command->get_name());
    if (std::find(names.begin(), names.end(), word) != names.end()) return false;
    const std::vector<std::string_view> known(names.begin(), names.end());
    log << "rehearse: there is no command '" << words::printable(word) << "'; "
        << suggestion(word, known, "the commands are") << "; see 'rehearse --help'" << std::endl;
    return true;
}

}  // namespace

Option& Option::required() {
    option_->required();
    return *this;
}

Option& Option::one_of(const std::vector<std::string>& words) {
    option_->check(CLI::IsMember(words));
    return *this;
}

Option& Option::between(std::uint64_t least, std::uint64_t most) {
    option_->check(CLI::Range(least, most));
    return *this;
}

Option& Option::separated_by(char delimiter) {
    option_->delimiter(delimiter);
    return *this;
}

Option Command::option(const std::string& name, std::string& value, const std::string& help) const {
    return Option(app_->add_option(name, value, help));
}

Option Command::option(const std::string& name, std::vector<std::string>& values,
                       const std::string& help) const {
    return Option(app_->add_option(name, values, help));
}

Option Command::option(const std::string& name, std::uint64_t& value, const std::string& help) const {
    return Option(app_->add_option(name, value, help));
}

void Command::flag(const std::string& name, bool& value, const std::string& help) const {
    app_->add_flag(name, value, help);
}

Command Commands::add(const std::string& name, const std::string& summary, const std::string& example,
                      bool prints_data) {
    const Command command(app_.add_subcommand(name, summary));
    command.app_->footer("Example:\n  " + example);
    command.option("--workspace", invocation_.workspace_option,
                   "folder with rehearse.yaml; default: the nearest one at or above here");
    if (prints_data) {
        command.option("--output", invocation_.output, "text, or one JSON document on stdout")
            .one_of({"text", "json"});
    }
    return command;
}

Command Commands::add_below(const Command& parent, const std::string& name, const std::string& summary,
                            const std::string& example) {
    parent.app_->require_subcommand(1);
    const Command command(parent.app_->add_subcommand(name, summary));
    command.app_->footer("Example:\n  " + example);
    command.app_->fallthrough();
    return command;
}

void Commands::on(const Command& command, std::function<int(const Invocation&)> action) {
    command.app_->callback([this, action = std::move(action)] { action_ = action; });
}

std::function<int()> read_command_line(const Host& host, int count, const char* const* arguments) {
    struct Reading {
        CLI::App app{
            "Rehearses the way back: breaks a staging environment on purpose, restores it, proves it, times "
            "it.",
            "rehearse"};
        Invocation invocation;
        Commands commands{app, invocation};

        explicit Reading(const Host& host) : invocation{host, {}, "text"} {}
    };
    // Options point into it, so it neither moves nor ends before the command.
    const auto reading = std::make_shared<Reading>(host);
    CLI::App& app = reading->app;
    app.footer(
        "Example:\n  rehearse init drills && cd drills && rehearse enroll example && rehearse run "
        "delete-and-recreate\n\n"
        "Each command has an example of its own: rehearse COMMAND --help. Exit codes: 0 recovered or ok; "
        "1 late, different, "
        "inconclusive, aborted, or a gate that says no; 2 invalid input; 3 refused by the guard; 4 not "
        "recovered; 5 internal error; 130 stopped by a signal, after the restore.");
    app.set_version_flag("--version", program_version());
    app.require_subcommand(1);
    app.add_option("--workspace", reading->invocation.workspace_option, "as after the command");
    add_all(reading->commands);
    const auto ended = [](int code) { return [code] { return code; }; };
    if (is_unknown_command(app, count, arguments, host.log)) return ended(exit_invalid);
    try {
        app.parse(count, arguments);
    } catch (const CLI::ParseError& error) {
        std::ostringstream complaint;  // it repeats what was typed, or what a script put there
        const int code = app.exit(error, host.out, complaint);
        host.log << words::printable(complaint.str(), true);
        return ended(code == 0 ? 0 : exit_invalid);
    }
    return [reading] { return reading->commands.run(); };
}

int run_command_line(const Host& host, int count, const char* const* arguments) {
    try {
        return read_command_line(host, count, arguments)();
    } catch (const Failure& failure) {
        host.log << "rehearse: " << words::printable(failure.what(), true) << std::endl;
        return exit_code_of(failure.kind());
    } catch (const std::exception& error) {
        host.log << "rehearse: internal error: " << words::printable(error.what()) << "; please report it"
                 << std::endl;
        return exit_internal;
    }
}

}  // namespace rehearse
