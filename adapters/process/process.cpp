// The five verbs on one process.
#include "adapters/process/process.h"

#include <algorithm>
#include <set>
#include <utility>

#include "adapters/process/find.h"
#include "adapters/process/ready.h"
#include "adapters/process/record.h"
#include "adapters/process/settings.h"
#include "adapters/process/start.h"
#include "adapters/process/stop.h"
#include "orchestrator/base/failure.h"
#include "orchestrator/base/file.h"

namespace rehearse {

namespace {

using namespace process;
using namespace std::chrono_literals;

constexpr std::string_view document_name = "process.json";
constexpr std::string_view normalised_numbers = "pids, start times, and how many workers there are";
constexpr std::string_view normalised_memory = "what the process holds in memory, and its open connections";
constexpr std::string_view normalised_values = "values of its environment variables (names are kept)";
constexpr std::string_view normalises[] = {normalised_numbers, normalised_memory, normalised_values};
constexpr Duration short_answer = 2s;  // to a question whether it is ready, asked in passing

// Variables that a shell or a service manager sets for itself: a restart without them is the same.
bool is_incidental(const std::string& name) {
    static constexpr std::string_view exact[] = {"_",
                                                 "PWD",
                                                 "OLDPWD",
                                                 "SHLVL",
                                                 "TERM",
                                                 "COLORTERM",
                                                 "LS_COLORS",
                                                 "MAIL",
                                                 "HOME",
                                                 "USER",
                                                 "LOGNAME",
                                                 "SHELL",
                                                 "PATH",
                                                 "LANG",
                                                 "TZ",
                                                 "HOSTNAME",
                                                 "INVOCATION_ID",
                                                 "EDITOR",
                                                 "PAGER",
                                                 "DISPLAY",
                                                 "WINDOWID",
                                                 "MANAGERPID",
                                                 "JOURNAL_STREAM",
                                                 "SYSTEMD_EXEC_PID",
                                                 "NOTIFY_SOCKET",
                                                 "LISTEN_PID",
                                                 "LISTEN_FDS",
                                                 "DBUS_SESSION_BUS_ADDRESS"};
    return std::find(std::begin(exact), std::end(exact), name) != std::end(exact) ||
           name.starts_with("LC_") || name.starts_with("SSH_") || name.starts_with("XDG_") ||
           name.starts_with("SUDO_") || name == tag_variable;
}

class ProcessAdapter final : public Adapter {
  public:
    ProcessAdapter(const ResourceSpec& spec, const AdapterContext& context)
        : clock_(context.clock),
          state_directory_(context.state_directory),
          host_directory_(context.host_directory),
          settings_(settings_from(spec)) {}

    IdentityReport identify(const Identity* recorded) override { return report(find(), recorded); }

    Observation observe(const Selection& selection) override {
        const Found found = find();
        Observation observation;
        observation.unmatched = selection.patterns;  // there is one item: nothing to choose
        observation.way_back = {marker(), state_directory_};
        observation.restore_disk = state_directory_;
        if (!found.several.empty()) observation.obstacles.push_back(ambiguity(found));
        if (const std::string problem = why_not_startable(settings_); !problem.empty()) {
            observation.obstacles.push_back("it could not be started again: " + problem);
        }
        if (found.process) {
            observation.items_in_resource = 1;
            if (selection.patterns.empty()) observation.items.push_back(item(*found.process));
            look_closer(*found.process, observation);
        } else if (found.several.empty() && settings_.ready.any() &&
                   why_not_ready(settings_, clock_, short_answer).empty()) {
            observation.obstacles.push_back(
                "its readiness check passes, yet no process runs '" + settings_.command_text() + "' in " +
                settings_.real_directory().string() +
                ": write 'command' and 'directory' as the running process has them (ps, /proc/PID/cwd)");
        }
        for (const auto& remnant : found.remnants) {
            observation.warnings.push_back("process " + std::to_string(remnant.pid) +
                                           " was left behind by one that ended; destroy and restore end it");
        }
        std::error_code error;
        const auto written = std::filesystem::file_size(output_file(state_directory_), error);
        if (!error && written > most_output) {
            observation.warnings.push_back("it has written " + std::to_string(written >> 20U) + " MiB to " +
                                           output_file(state_directory_).string() +
                                           ", which is put aside only at its next start");
        }
        if (!settings_.ready.any()) {
            observation.warnings.emplace_back(
                "it has no readiness check: it counts as restored when it still runs a moment after its "
                "start");
        }
        return observation;
    }

    CaptureReport capture(TreeWriter& writer) override {
        const WallTime at = clock_.wall();
        const Found found = find_one("capture");
        const std::string document = canonical_json(describe(found));
        writer.blob(document_name, document);
        CaptureReport captured;
        captured.consistent_at = at;
        captured.items = found.process ? 1 : 0;
        captured.bytes = document.size();
        captured.normalised = {std::string(normalised_numbers), std::string(normalised_memory)};
        if (!settings_.environment().empty()) captured.normalised.emplace_back(normalised_values);
        captured.restorability = "not proved: only a restart proves that a process starts";
        return captured;
    }

    void destroy(const DestroyRequest& request) override {
        const Found found = find_one("destroy");
        require(found, request.expected, "destroy");
        const bool named = std::find(request.items.begin(), request.items.end(), settings_.command_text()) !=
                           request.items.end();
        if (!request.whole && !named) return;
        if (request.stop.stop_requested()) {
            throw failed("destroy", FailureKind::cancelled, "stopped before anything was destroyed", "");
        }
        stop(found);
    }

    RestoreReport restore(const TreeReader& tree, const RestoreRequest& request) override {
        const std::string origin = settings_.name + "/" + std::string(document_name);
        const json::value document = parse_json(tree.blob(document_name), origin);
        if (!document.is_object()) {
            throw failed("restore", FailureKind::permanent, "the snapshot's " + origin + " is not an object",
                         "take another snapshot");
        }
        const bool running = flag_at(document.get_object(), "running", origin);
        const Found found = find_one("restore");
        require(found, request.expected, "restore");
        RestoreReport restored;
        if (!running) {
            restored.items_removed = found.process ? 1 : 0;
            stop(found);
            return restored;
        }
        if (found.process && found.remnants.empty() &&
            wait_until_ready(settings_, clock_, *found.process).empty()) {
            return restored;
        }
        stop(found);  // it runs and is not ready, or left workers behind
        start_process(settings_, {.clock = clock_, .state_directory = state_directory_});
        restored.items_restored = 1;
        return restored;
    }

    std::optional<std::string> read_marker() override {
        std::error_code error;
        if (!std::filesystem::exists(marker(), error)) return std::nullopt;
        return read_file(marker(), 64U << 10U);
    }

    void write_marker(const std::string& text) override {
        make_directory_durably(marker().parent_path());
        write_file_durably(marker(), text);
    }

  private:
    [[nodiscard]] Found find() const {
        return find_process(settings_, read_record(state_directory_), clock_.boot());
    }

    // As find(), and refuses to choose between several.
    [[nodiscard]] Found find_one(const std::string& operation) const {
        Found found = find();
        if (!found.several.empty()) {
            throw failed(operation, FailureKind::refused, ambiguity(found), "stop all but one of them");
        }
        return found;
    }

    [[nodiscard]] std::string ambiguity(const Found& found) const {
        std::string pids;
        for (const pid_t pid : found.several) pids += (pids.empty() ? "" : ", ") + std::to_string(pid);
        return "several processes run '" + settings_.command_text() + "' in " +
               settings_.real_directory().string() + ": " + pids;
    }

    // What was looked for, and what runs there that nearly looks like it: a wrapper shows another command
    // line.
    [[nodiscard]] std::string absence() const {
        std::string text =
            "no process runs '" + settings_.command_text() + "' in " + settings_.real_directory().string();
        for (const std::string& near : resembling(settings_))
            text += "; " + near + ", with other arguments or as another program: if that is it, write it so";
        return text;
    }

    [[nodiscard]] IdentityReport report(const Found& found, const Identity* recorded) const {
        IdentityReport answer{.match = found.process ? IdentityMatch::same : IdentityMatch::absent,
                              .live = settings_.identity(),
                              .explanation = {}};
        if (!found.process) answer.explanation = absence();
        if (!found.several.empty()) {
            answer.match = IdentityMatch::other;
            answer.explanation = ambiguity(found);
        } else if (recorded != nullptr && *recorded != answer.live) {
            answer.match = IdentityMatch::other;
            answer.explanation.clear();
            for (const auto& [key, words] : {std::pair{"machine", "this is another machine"},
                                             std::pair{"directory", "the directory is another"},
                                             std::pair{"command", "the command is another"}}) {
                const json::value* before = recorded->if_contains(key);
                const json::value* now = answer.live.if_contains(key);
                const bool differs =
                    (before == nullptr) != (now == nullptr) || (now != nullptr && *before != *now);
                if (differs)
                    answer.explanation += (answer.explanation.empty() ? "" : "; ") + std::string(words);
            }
            if (answer.explanation.empty()) answer.explanation = "it is another process";
        }
        return answer;
    }

    void require(const Found& found, const Identity& expected, const std::string& operation) const {
        const IdentityReport answer = report(found, &expected);
        if (answer.match == IdentityMatch::other) {
            throw failed(operation, FailureKind::refused, answer.explanation,
                         "check 'directory' and 'command', and take a new snapshot");
        }
    }

    [[nodiscard]] Item item(const ProcessStat& top) const {
        const auto below = descendants(all_processes(), {top}).size();
        return {.name = settings_.command_text(),
                .bytes = 0,
                .detail = "pid " + std::to_string(top.pid) +
                          (below == 0 ? "" : ", " + std::to_string(below) + " below it")};
    }

    // What can go wrong with a process that runs now.
    void look_closer(const ProcessStat& top, Observation& observation) const {
        if (const std::string problem = why_not_stoppable(top); !problem.empty()) {
            observation.obstacles.push_back("it can't be stopped: " + problem);
        }
        const std::string runs_as = user_of(top.pid);
        if (const std::string to_be = user_to_start_as(settings_); !runs_as.empty() && runs_as != to_be) {
            observation.obstacles.push_back("it runs as user '" + runs_as + "', and would be started as '" +
                                            to_be + "': write 'user: " + runs_as + "', or restart it as '" +
                                            to_be + "'");
        }
        const std::string unit = service_of(std::to_string(top.pid));
        if (!unit.empty() && unit != service_of("self")) {
            observation.warnings.push_back(
                "it belongs to the systemd unit " + unit +
                ", which may restart it by itself; restored, it runs outside of it");
        }
        std::set<std::string> lost;
        const auto given = settings_.environment();
        for (const auto& name : variable_names_of(top.pid)) {
            if (!given.contains(name) && !is_incidental(name)) lost.insert(name);
        }
        if (!lost.empty()) {
            std::string names;
            for (const auto& name : lost) names += (names.empty() ? "" : ", ") + name;
            observation.warnings.push_back("it runs with variables that a restart would not give it: " +
                                           names + " (write them in 'environment' or 'environment_file')");
        }
        if (const std::string problem = why_not_ready(settings_, clock_, short_answer); !problem.empty()) {
            observation.warnings.push_back("it runs, but is not ready: " + problem);
        }
    }

    [[nodiscard]] json::object describe(const Found& found) const {
        json::array command;
        for (const auto& argument : settings_.command) command.emplace_back(argument);
        json::array names;
        for (const auto& [name, value] : settings_.environment()) names.emplace_back(name);
        std::string user = found.process ? user_of(found.process->pid) : std::string();
        if (user.empty()) user = user_to_start_as(settings_);
        return {{"command", std::move(command)},        {"directory", settings_.real_directory().string()},
                {"environment", std::move(names)},      {"running", found.process.has_value()},
                {"stop_signal", settings_.stop_signal}, {"user", std::move(user)}};
    }

    // Ends what was found, provided that it still is what it was.
    void stop(const Found& found) const {
        // A daemon that left its family, group and session still carries the tag that it was started with.
        std::vector<ProcessStat> tops = tagged_processes(settings_);
        tops.insert(tops.end(), found.remnants.begin(), found.remnants.end());
        if (found.process) tops.push_back(*found.process);
        stop_processes(settings_, clock_, tops, [&] {
            const Found again = find();
            return !found.process || (again.process && again.process->pid == found.process->pid &&
                                      again.process->started == found.process->started);
        });
        remove_record(state_directory_);
    }

    [[nodiscard]] std::filesystem::path marker() const {
        return host_directory_ / "markers" / (settings_.digest() + ".json");
    }

    [[nodiscard]] Failure failed(const std::string& operation, FailureKind kind, std::string message,
                                 std::string remedy) const {
        return Failure({.kind = kind,
                        .operation = operation,
                        .object = settings_.name,
                        .message = std::move(message),
                        .remedy = std::move(remedy)});
    }

    const Clock& clock_;
    const std::filesystem::path state_directory_;
    const std::filesystem::path host_directory_;
    const Settings settings_;
};

std::unique_ptr<Adapter> make(const ResourceSpec& spec, const AdapterContext& context) {
    return std::make_unique<ProcessAdapter>(spec, context);
}

}  // namespace

const AdapterDescriptor& process_adapter() {
    static const AdapterDescriptor descriptor{
        .name = "process",
        .summary =
            "A long-running process: stopped with all that it started, started again until it is ready.",
        .destroys =
            "The process that runs 'command' in 'directory', its descendants, and the process group and "
            "session that it leads.",
        .item = "process",
        .keys = setting_keys(),
        .destroy_keys = {},
        .normalises = normalises,
        .make = make};
    return descriptor;
}

}  // namespace rehearse
