// rehearse restore: the emergency button.
#include <ostream>

#include "orchestrator/cli/commands.h"
#include "orchestrator/drill/emergency.h"
#include "orchestrator/report/words.h"

namespace rehearse {

namespace {

struct Options {
    std::string environment, snapshot = "latest";
    bool yes = false, without_copy = false;
};

json::object to_json(const EmergencyOutcome& outcome, const SnapshotSummary& snapshot) {
    json::object resources;
    for (const auto& [name, report] : outcome.restored) {
        resources[name.text()] = json::object{{"restored", true},
                                              {"items_restored", report.items_restored},
                                              {"bytes_restored", report.bytes_restored},
                                              {"items_removed", report.items_removed}};
    }
    for (const auto& [name, why] : outcome.not_restored) {
        resources[name.text()] = json::object{{"restored", false}, {"reason", why}};
    }
    json::array differences;
    for (const TreeDifference& difference : outcome.differences) {
        differences.emplace_back(json::object{{"resource", difference.resource.text()},
                                              {"kind", std::string(to_string(difference.kind))},
                                              {"path", difference.path}});
    }
    json::object document{{"schema", "rehearse.restore/v1"},
                          {"snapshot", snapshot.id.text()},
                          {"kept", nullptr},
                          {"resources", std::move(resources)},
                          {"equal", outcome.equal},
                          {"differences", std::move(differences)}};
    if (outcome.kept) document["kept"] = outcome.kept->text();
    return document;
}

void print(const Host& host, const EmergencyOutcome& outcome) {
    if (outcome.kept) host.out << "The state before is kept as " << *outcome.kept << "\n";
    for (const auto& [name, why] : outcome.not_kept) {
        host.out << name << ": its state before was not kept: " << words::printable(why) << "\n";
    }
    for (const auto& [name, report] : outcome.restored) {
        host.out << name << ": restored " << report.items_restored << " items, "
                 << words::bytes(static_cast<std::int64_t>(report.bytes_restored)) << ", removed "
                 << report.items_removed << "\n";
    }
    for (const auto& [name, why] : outcome.not_restored)
        host.out << name << ": NOT restored: " << words::printable(why) << "\n";
    for (const TreeDifference& difference : outcome.differences) {
        host.out << to_string(difference.kind) << "  " << difference.resource << "/"
                 << words::printable(difference.path) << "\n";
    }
    host.out << (outcome.equal ? "Proved equal to the snapshot.\n"
                               : "NOT proved equal to the snapshot; the environment stays quarantined.\n");
}

int restore(const Invocation& invocation, const Options& options) {
    const Host& host = invocation.host;
    Workspace workspace = invocation.workspace();
    const Environment& environment = workspace.environment(options.environment);
    const SnapshotSummary snapshot = workspace.store().find(environment.name, options.snapshot);
    if (text_or(snapshot.manifest, "environment", "") != environment.name.text()) {
        host.log << "guard refused: restore: snapshot " << snapshot.id << " is of environment '"
                 << text_or(snapshot.manifest, "environment", "") << "'; choose one from 'rehearse snapshots "
                 << environment.name << "'\n";
        return 3;
    }
    if (!options.yes) {
        if (!host.asks) {
            host.log << "rehearse: without a terminal to ask on, 'rehearse restore' wants --yes\n";
            return 2;
        }
        if (!confirm(host,
                     environment.name.text() + " goes back to " + snapshot.id.text() + " of " +
                         to_rfc3339(snapshot.at) +
                         "; what changed since then is kept in a snapshot and taken out.",
                     environment.name.text())) {
            host.log << "Nothing was done.\n";
            return 3;
        }
    }
    ProgressObserver observer(host);
    CommandAlarm alarm(host, workspace.files().settings ? workspace.files().settings->alarm : std::nullopt);
    OpenWorld open(host, workspace, environment, nullptr, observer, alarm);
    EmergencyOutcome outcome;
    host.run([&]() -> Task<void> {
        // Named first: g++ 12 destroys temporaries among a coroutine's arguments twice.
        EmergencyRequest request{
            .environment = environment, .snapshot = snapshot, .keep_current = !options.without_copy};
        outcome = co_await restore_environment(open.world(), std::move(request));
    });
    if (invocation.json()) {
        print_json(host, to_json(outcome, snapshot));
    } else {
        print(host, outcome);
    }
    if (outcome.equal) return host.stop.stop_requested() ? 130 : 0;
    return 4;
}

}  // namespace

void add_restore(Commands& commands) {
    auto options = std::make_shared<Options>();
    Command command = commands.add(
        "restore", "the emergency button: brings an environment back to a snapshot, and proves it",
        "rehearse restore shop-staging latest", true);
    command.option("ENVIRONMENT", options->environment, "the environment's name").required();
    command.option("SNAPSHOT", options->snapshot, "commit, ref, or latest (the default)");
    command.flag("--yes", options->yes, "don't ask (needed where there is no terminal)");
    command.flag("--without-copy", options->without_copy, "don't capture the present state first");
    commands.on(command, [options](const Invocation& invocation) { return restore(invocation, *options); });
}

}  // namespace rehearse
