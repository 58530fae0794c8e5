// rehearse show: one drill, with its journal.
#include <ostream>

#include "orchestrator/base/failure.h"
#include "orchestrator/cli/commands.h"
#include "orchestrator/cli/filters.h"
#include "orchestrator/report/terminal.h"
#include "orchestrator/report/words.h"

namespace rehearse {

namespace {

struct Options {
    std::string drill = "latest";
    bool journal = false;
};

json::array journal_json(const std::vector<DrillEvent>& events) {
    json::array array;
    for (const DrillEvent& event : events) {
        array.emplace_back(json::object{{"sequence", event.sequence},
                                        {"epoch", event.epoch},
                                        {"kind", std::string(to_string(event.kind))},
                                        {"steady_ns", event.steady.since_boot.count()},
                                        {"at", to_rfc3339(event.wall)},
                                        {"body", event.body}});
    }
    return array;
}

int show(const Invocation& invocation, const Options& options) {
    const Host& host = invocation.host;
    Workspace workspace = invocation.workspace();
    std::optional<DrillRecord> drill;
    if (options.drill == "latest") {
        const auto newest =
            workspace.ledger().drills({.environment = {}, .playbook = {}, .since = {}, .limit = 1});
        if (!newest.empty()) drill = newest.front();
    } else {
        drill = workspace.ledger().drill(DrillId(options.drill));
    }
    if (!drill) {
        throw Failure({.kind = FailureKind::invalid_input,
                       .operation = "show",
                       .object = options.drill,
                       .message = "there is no such drill",
                       .remedy = "look at 'rehearse history'"});
    }
    const std::vector<DrillEvent> events = workspace.ledger().events(drill->id);
    const auto checkpoint = workspace.audit_log().newest_checkpoint();
    if (invocation.json()) {
        json::object document = drill->result.empty() ? summary_of(*drill) : drill->result;
        document["checkpoint"] = checkpoint ? json::value(checkpoint->note) : json::value(nullptr);
        if (options.journal) document["journal"] = journal_json(events);
        print_json(host, document);
        return 0;
    }
    if (drill->result.empty()) {
        host.out << "Drill " << drill->id << " of " << drill->environment << " is open, in state "
                 << to_string(drill->state) << ".\nIf it is not running any more, run 'rehearse resume'.\n";
    } else {
        host.out << drill_text(drill->result, host.colour);
    }
    if (checkpoint) host.out << "\nThe audit log's newest checkpoint:\n" << checkpoint->note;
    if (options.journal || drill->result.empty()) {
        host.out << "\nJournal:\n";
        for (const DrillEvent& event : events) {
            host.out << "  " << event.sequence << "  epoch " << event.epoch << "  " << to_rfc3339(event.wall)
                     << "  " << to_string(event.kind) << "  " << words::printable(canonical_json(event.body))
                     << "\n";
        }
    }
    return 0;
}

}  // namespace

void add_show(Commands& commands) {
    auto options = std::make_shared<Options>();
    Command command = commands.add("show", "one drill: verdict, timeline, differences",
                                   "rehearse show latest --journal", true);
    command.option("DRILL", options->drill, "its id or the beginning of it; default: latest");
    command.flag("--journal", options->journal, "with every event of its journal");
    commands.on(command, [options](const Invocation& invocation) { return show(invocation, *options); });
}

}  // namespace rehearse
