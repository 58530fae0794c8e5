// rehearse report: the recovery-time report.
#include "orchestrator/report/report.h"

#include <ostream>
#include <sstream>

#include "orchestrator/base/failure.h"
#include "orchestrator/base/file.h"
#include "orchestrator/cli/commands.h"
#include "orchestrator/cli/filters.h"
#include "orchestrator/cli/version.h"

namespace rehearse {

namespace {

struct Options {
    std::vector<std::string> formats{"html"};
    std::string environment, playbook, since, file, directory;
};

ReportInput gather(const Host& host, Workspace& workspace, const Options& options) {
    ReportInput input;
    input.made_at = host.clock.wall();
    input.version = program_version();
    input.workspace = workspace.files().settings ? workspace.files().settings->name : "";
    input.filters = {.since = parse_since(options.since, input.made_at),
                     .environment = options.environment,
                     .playbook = options.playbook};
    Ledger& ledger = workspace.ledger();
    if (const auto checkpoint = workspace.audit_log().newest_checkpoint())
        input.checkpoint = checkpoint->note;
    input.drills = ledger.drills({.environment = EnvironmentName(options.environment),
                                  .playbook = PlaybookName(options.playbook),
                                  .since = input.filters.since,
                                  .limit = 0});
    for (const Environment& environment : workspace.files().environments) {
        if (!options.environment.empty() && environment.name.text() != options.environment) continue;
        EnvironmentSummary summary{.name = environment.name.text(),
                                   .class_ = std::string(to_string(environment.class_)),
                                   .service = environment.service,
                                   .owner = environment.owner,
                                   .resources = {},
                                   .probes = {},
                                   .playbooks = {}};
        for (const ResourceSpec& resource : environment.resources) {
            summary.resources.push_back({.name = resource.name.text(), .adapter = resource.adapter});
        }
        for (const ProbeSpec& probe : environment.probes) summary.probes.push_back(probe.name);
        for (const Playbook& playbook : workspace.files().playbooks) {
            if (playbook.environment == environment.name) summary.playbooks.push_back(playbook.name.text());
        }
        if (auto quarantine = ledger.quarantine(environment.name)) input.quarantines.push_back(*quarantine);
        input.environments.push_back(std::move(summary));
    }
    for (const Playbook& playbook : workspace.files().playbooks) {
        if (!options.playbook.empty() && playbook.name.text() != options.playbook) continue;
        if (!options.environment.empty() && playbook.environment.text() != options.environment) continue;
        for (DueTime& due : ledger.due_times(playbook.name, 0)) {
            if (!input.filters.since || due.due >= *input.filters.since)
                input.due_times.push_back(std::move(due));
        }
    }
    return input;
}

std::string render(const ReportInput& input, const std::string& format) {
    if (format == "html") return html_report(input);
    if (format == "junit") return junit_report(input);
    return pretty_json(json_report(input));
}

int report(const Invocation& invocation, const Options& options) {
    const Host& host = invocation.host;
    if (options.formats.size() > 1 && options.directory.empty()) {
        throw Failure({.kind = FailureKind::invalid_input,
                       .operation = "report",
                       .object = "--format",
                       .message = "several formats need a folder to go to",
                       .remedy = "add --directory DIR"});
    }
    Workspace workspace = invocation.workspace();
    if (!options.environment.empty()) (void)workspace.environment(options.environment);
    if (!options.playbook.empty()) (void)workspace.playbook(options.playbook);
    const ReportInput input = gather(host, workspace, options);
    for (const std::string& format : options.formats) {
        const std::string text = render(input, format);
        std::filesystem::path file = options.file;
        if (!options.directory.empty()) {
            make_directory_durably(host.directory / options.directory, 0755);
            file = std::filesystem::path(options.directory) /
                   ("rehearse-report." + (format == "junit" ? "xml" : format));
        }
        if (file.empty()) {
            host.out << text << std::flush;
            continue;
        }
        write_file_durably(host.directory / file, text, 0644);
        host.log << (host.directory / file).lexically_normal().string() << "\n";
    }
    return 0;
}

}  // namespace

void add_report(Commands& commands) {
    auto options = std::make_shared<Options>();
    Command command = commands.add("report", "recovery-time report as HTML, JSON or JUnit",
                                   "rehearse report --format html --since 90d --file report.html", false);
    command.option("--format", options->formats, "html (the default), json, junit; several with commas")
        .separated_by(',')
        .one_of({"html", "json", "junit"});
    command.option("--environment", options->environment, "only this environment");
    command.option("--playbook", options->playbook, "only this playbook");
    command.option("--since", options->since, "a date (2026-11-01) or an age (90d)");
    command.option("--file", options->file, "where to write it; default: stdout");
    command.option("--directory", options->directory,
                   "where to write several: rehearse-report.html, .json, .xml");
    commands.on(command, [options](const Invocation& invocation) { return report(invocation, *options); });
}

}  // namespace rehearse
