// rehearse audit: verifies the log, exports it, proves what stands in it, and bundles a drill's evidence.
#include <fstream>
#include <ostream>

#include "orchestrator/audit/tiles.h"
#include "orchestrator/base/failure.h"
#include "orchestrator/base/file.h"
#include "orchestrator/cli/audit_bundle.h"
#include "orchestrator/cli/audit_export.h"
#include "orchestrator/cli/auditing.h"
#include "orchestrator/cli/commands.h"

namespace rehearse {

namespace {

namespace fs = std::filesystem;

struct Options {
    std::string from, key, directory, drill;
    std::vector<std::string> checkpoints;
    std::uint64_t number = 0, since = 0;
};

std::string key_of(const Invocation& invocation, const Options& options) {
    return options.key.empty() ? invocation.workspace().audit_key().verifier() : options.key;
}

int verify(const Invocation& invocation, const Options& options) {
    const Host& host = invocation.host;
    std::vector<std::string> elsewhere, problems;
    for (const std::string& file : options.checkpoints)
        elsewhere.push_back(read_file(host.directory / file, 4096));
    std::uint64_t size = 0;
    if (!options.from.empty()) {
        problems =
            problems_of_export(host.directory / options.from, key_of(invocation, options), elsewhere, size);
    } else {
        Workspace workspace = invocation.workspace();
        Elsewhere second = checkpoints_elsewhere(workspace);
        elsewhere.insert(elsewhere.end(), second.notes.begin(), second.notes.end());
        if (!second.problem.empty()) host.log << "rehearse: " << second.problem << "\n";
        size = workspace.audit_log().size();
        problems = workspace.audit_log().problems(key_of(invocation, options), AuditReach::whole, elsewhere);
        const auto ledger = workspace.ledger().check();
        problems.insert(problems.end(), ledger.begin(), ledger.end());
    }
    if (invocation.json()) {
        print_json(host, json::object{{"schema", "rehearse.audit/v1"},
                                      {"entries", size},
                                      {"verified", problems.empty()},
                                      {"problems", json::array(problems.begin(), problems.end())}});
    } else {
        for (const std::string& problem : problems) host.out << problem << "\n";
        host.out << (problems.empty()
                         ? "The audit log verifies: " + std::to_string(size) + " entries.\n"
                         : "The audit log does NOT verify. Keep a copy of it before anything else.\n");
    }
    return problems.empty() ? 0 : 1;
}

int prove(const Invocation& invocation, const Options& options, bool consistency) {
    Workspace workspace = invocation.workspace();
    seal_audit(invocation.host, workspace);
    const SignedTree log = signed_tree(workspace.audit_log());
    json::object document{{"schema", "rehearse.proof/v1"}, {"checkpoint", log.note}};
    if (consistency) {
        document["old_size"] = options.since;
        document["old_root"] = to_hex(log.tree.root(options.since));
        document["proof"] = hex_array(log.tree.consistency(options.since, log.tree.size()));
    } else {
        document["number"] = options.number;
        document["proof"] = hex_array(log.tree.inclusion(options.number, log.tree.size()));
        workspace.audit_log().each(
            options.number, options.number + 1,
            [&](std::uint64_t, const std::string& entry) { document["entry"] = entry; });
    }
    print_json(invocation.host, document);
    return 0;
}

int export_log(const Invocation& invocation, const Options& options) {
    Workspace workspace = invocation.workspace();
    seal_audit(invocation.host, workspace);
    const std::uint64_t size =
        write_export(workspace.audit_log(), invocation.host.directory / options.directory);
    invocation.host.out << size << " entries are in " << options.directory
                        << "; verify them with\n  rehearse audit verify " << options.directory << " --key '"
                        << workspace.audit_key().verifier() << "'\n";
    return 0;
}

int bundle(const Invocation& invocation, const Options& options) {
    Workspace workspace = invocation.workspace();
    const auto drill = workspace.ledger().drill(DrillId(options.drill));
    if (!drill) {
        throw Failure({.kind = FailureKind::invalid_input,
                       .operation = "audit bundle",
                       .object = options.drill,
                       .message = "there is no such drill",
                       .remedy = "look at 'rehearse history'"});
    }
    const fs::path folder = options.directory.empty() ? "evidence-" + drill->id.text() : options.directory;
    seal_audit(invocation.host, workspace);
    write_bundle(workspace.audit_log(), drill->id, invocation.host.directory / folder);
    invocation.host.out << "The evidence of drill " << drill->id << " is in " << folder.string()
                        << "; check it with\n  python3 -I " << (folder / "verify.py").string() << " "
                        << folder.string() << " '" << workspace.audit_key().verifier() << "'\n";
    return 0;
}

}  // namespace

void add_audit(Commands& commands) {
    auto options = std::make_shared<Options>();
    const Command audit =
        commands.add("audit", "checks the audit log; exports evidence that others can check",
                     "rehearse audit verify", true);
    const auto add = [&](const char* name, const char* summary, const char* example, auto action) {
        const Command command = commands.add_below(audit, name, summary, example);
        commands.on(command, action);
        return command;
    };
    Command command =
        add("verify", "reads every entry and every checkpoint, of this workspace or of an export",
            "rehearse audit verify /mnt/export --key \"$KEY\" --checkpoint /mnt/elsewhere/old.checkpoint",
            [options](const Invocation& invocation) { return verify(invocation, *options); });
    command.option("EXPORT", options->from,
                   "a folder that 'audit export' wrote; default: this workspace's log");
    command.option("--key", options->key, "the log's verifier key; default: this workspace's");
    command.option("--checkpoint", options->checkpoints,
                   "files with older checkpoints that the log must contain");
    command =
        add("export", "writes the whole log in the layout of tlog-tiles", "rehearse audit export /mnt/export",
            [options](const Invocation& invocation) { return export_log(invocation, *options); });
    command.option("DIR", options->directory, "an empty folder, or one of an earlier export").required();
    command = add("prove", "proves that an entry stands in the log", "rehearse audit prove 17",
                  [options](const Invocation& invocation) { return prove(invocation, *options, false); });
    command.option("NUMBER", options->number, "the entry's number, from 0").required();
    command = add("prove-growth", "proves that the log begins with what it was at an older size",
                  "rehearse audit prove-growth 1200",
                  [options](const Invocation& invocation) { return prove(invocation, *options, true); });
    command.option("SIZE", options->since, "the older size, as an old checkpoint says it").required();
    command =
        add("bundle", "a drill's plan, approvals, journal and report with proofs, and a verifier in Python",
            "rehearse audit bundle 20261126T18 evidence",
            [options](const Invocation& invocation) { return bundle(invocation, *options); });
    command.option("DRILL", options->drill, "its id or the beginning of it").required();
    command.option("DIR", options->directory, "a new folder; default: evidence-DRILL");
    command = add("key", "prints the log's verifier key, for whoever checks it elsewhere",
                  "rehearse audit key", [](const Invocation& invocation) {
                      invocation.host.out << invocation.workspace().audit_key().verifier() << "\n";
                      return 0;
                  });
}

}  // namespace rehearse
