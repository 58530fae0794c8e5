// rehearse doctor: says what is missing or unreachable, and how to mend it. Reads only.
#include <sys/stat.h>

#include <ostream>

#include "orchestrator/base/failure.h"
#include "orchestrator/cli/auditing.h"
#include "orchestrator/cli/commands.h"
#include "orchestrator/guard/marker.h"
#include "orchestrator/probes/probe.h"

namespace rehearse {

namespace {

enum class Health { well, note, ill };

struct Finding {
    std::string about;
    Health health = Health::well;
    std::string text, remedy;
};

class Examination {
  public:
    void well(std::string about, std::string text) {
        findings_.push_back({std::move(about), Health::well, std::move(text), {}});
    }
    void note(std::string about, std::string text, std::string remedy) {
        findings_.push_back({std::move(about), Health::note, std::move(text), std::move(remedy)});
    }
    void ill(std::string about, std::string text, std::string remedy) {
        findings_.push_back({std::move(about), Health::ill, std::move(text), std::move(remedy)});
    }
    /// Runs one look; a Failure is a finding.
    template <class Look>
    void look(const std::string& about, Look look) {
        try {
            look();
        } catch (const Failure& failure) {
            ill(about,
                failure.fields().operation + " " + failure.fields().object + ": " + failure.fields().message +
                    (failure.fields().native_code.empty() ? "" : " (" + failure.fields().native_code + ")"),
                failure.fields().remedy);
        }
    }
    [[nodiscard]] const std::vector<Finding>& findings() const { return findings_; }

  private:
    std::vector<Finding> findings_;
};

void examine_state(Examination& examination, Workspace& workspace) {
    if (!workspace.has_state()) {
        examination.note("workspace", "nothing was done here yet", "run 'rehearse enroll ENVIRONMENT'");
        return;
    }
    struct stat facts {};
    if (::stat(workspace.state().c_str(), &facts) == 0 && (facts.st_mode & 077U) != 0) {
        examination.ill("workspace", workspace.state().string() + " can be read by others",
                        "chmod 700 " + workspace.state().string());
    }
    examination.look("keys", [&] {
        (void)workspace.marker_key();
        examination.well("keys", "the marker key is there");
    });
    examination.look("ledger", [&] {
        const std::vector<std::string> problems = workspace.ledger().check();
        for (const std::string& problem : problems) {
            examination.ill("ledger", problem,
                            "keep a copy of .rehearse/ledger.sqlite and bring it back from a backup");
        }
        for (const DrillRecord& open : workspace.ledger().unfinished()) {
            examination.ill("ledger",
                            "drill " + open.id.text() + " of " + open.environment.text() +
                                " is open, in state " + std::string(to_string(open.state)),
                            "if it is not running any more, run 'rehearse resume'");
        }
        if (problems.empty()) examination.well("ledger", "opened and checked");
    });
    examination.look("audit log", [&] {
        const Elsewhere elsewhere = checkpoints_elsewhere(workspace);
        const auto problems = workspace.audit_log().problems(workspace.audit_key().verifier(),
                                                             AuditReach::whole, elsewhere.notes);
        for (const std::string& problem : problems)
            examination.ill("audit log", problem, "keep a copy of .rehearse and bring it back from a backup");
        if (!elsewhere.problem.empty())
            examination.ill("audit log", elsewhere.problem, "mend 'audit: checkpoints'");
        if (problems.empty())
            examination.well("audit log",
                             std::to_string(workspace.audit_log().size()) + " entries, all verified");
    });
    examination.look("snapshots", [&] {
        const StoreReport report = workspace.store().check();
        for (const FailureFields& damage : report.damaged) {
            examination.ill("snapshots", damage.object + ": " + damage.message, damage.remedy);
        }
        examination.well("snapshots", std::to_string(report.snapshots - report.damaged.size()) + " of " +
                                          std::to_string(report.snapshots) + " read back whole, " +
                                          std::to_string(report.objects) + " objects");
    });
    if (const auto halted = workspace.halted()) {
        examination.note("kill switch", "destroying is halted " + *halted,
                         "when it is over, run 'rehearse halt --lift'");
    }
}

void examine_resource(Examination& examination, const std::string& about, Adapter& adapter,
                      const json::value* recorded, bool read_only, const std::optional<Secret>& key) {
    examination.look(about, [&] {
        const bool known = recorded != nullptr && recorded->is_object();
        const IdentityReport report = adapter.identify(known ? &recorded->get_object() : nullptr);
        if (report.match == IdentityMatch::other) {
            examination.ill(about, "it is not the one that was enrolled: " + report.explanation,
                            "check the environment file, or enroll again");
        } else if (report.match == IdentityMatch::absent) {
            examination.ill(about, report.explanation,
                            known ? "start or make it, or run 'rehearse restore'" : "start or make it");
        } else {
            examination.well(about, known ? "there, and the one that was enrolled" : "there");
        }
        if (report.match == IdentityMatch::absent) return;
        const Observation seen = adapter.observe({});
        for (const std::string& obstacle : seen.obstacles)
            examination.ill(about, obstacle, "mend it before a drill");
        for (const std::string& warning : seen.warnings) examination.note(about, warning, "");
        for (const std::string& session : seen.sessions) {
            examination.note(about, "in use by " + session,
                             "a drill refuses, unless 'sessions: disconnect' is set");
        }
        if (!known || read_only || !key) return;
        const std::optional<std::string> text = adapter.read_marker();
        if (!text) {
            examination.ill(about, "its marker is gone", "run 'rehearse enroll' again");
        } else if (const auto read = read_marker_text(*text, *key);
                   std::holds_alternative<std::string>(read)) {
            examination.ill(about, "its marker can't be believed: " + std::get<std::string>(read),
                            "run 'rehearse enroll' again");
        }
    });
}

void examine_environment(Examination& examination, const Host& host, Workspace& workspace,
                         const Environment& environment) {
    const std::string name = environment.name.text();
    std::optional<Enrolment> enrolment;
    std::optional<Secret> key;
    if (workspace.has_state()) {
        examination.look(name, [&] {
            enrolment = workspace.ledger().enrolment(environment.name);
            key = workspace.marker_key();
            if (const auto quarantine = workspace.ledger().quarantine(environment.name)) {
                examination.ill(name, "quarantined: " + quarantine->reason,
                                "mend it, then run 'rehearse clear " + name + "'");
            }
        });
    }
    if (!enrolment) examination.note(name, "not enrolled", "run 'rehearse enroll " + name + "'");
    AdapterSet adapters = workspace.make_adapters(environment);
    for (const ResourceSpec& resource : environment.resources) {
        const json::value* recorded =
            enrolment ? enrolment->identities.if_contains(resource.name.text()) : nullptr;
        examine_resource(examination, name + "/" + resource.name.text(), *adapters.at(resource.name),
                         recorded, enrolment && enrolment->read_only, key);
    }
    for (const ProbeSpec& probe : environment.probes) {
        const auto made = make_probe(
            probe, host.clock, [&](const ResourceName& resource, const std::string& text, Duration timeout) {
                return adapters.at(resource)->query(text, timeout);
            });
        const ProbeTry answer = made->run();
        if (answer.passed) {
            examination.well(name + "/" + probe.name, "passes: " + answer.detail);
        } else {
            examination.ill(name + "/" + probe.name, "fails: " + answer.detail,
                            "a drill wants its steady state first");
        }
    }
}

int doctor(const Invocation& invocation) {
    const Host& host = invocation.host;
    Workspace workspace = invocation.workspace();
    Examination examination;
    examine_state(examination, workspace);
    const WorkspaceFiles loaded = load_workspace_files(workspace.directory(), host.adapters);
    for (const Problem& problem : loaded.problems) {
        examination.ill("files", to_string(problem), "");
    }
    for (const Environment& environment : loaded.environments) {
        examine_environment(examination, host, workspace, environment);
    }
    bool ill = false;
    json::array array;
    for (const Finding& finding : examination.findings()) {
        ill = ill || finding.health == Health::ill;
        const char* health = finding.health == Health::well   ? "ok"
                             : finding.health == Health::note ? "note"
                                                              : "PROBLEM";
        array.emplace_back(json::object{{"about", finding.about},
                                        {"health", health},
                                        {"text", finding.text},
                                        {"remedy", finding.remedy}});
        if (invocation.json()) continue;
        host.out << health << "  " << finding.about << ": " << finding.text;
        if (!finding.remedy.empty()) host.out << "; " << finding.remedy;
        host.out << "\n";
    }
    if (invocation.json()) {
        print_json(host, json::object{
                             {"schema", "rehearse.doctor/v1"}, {"ok", !ill}, {"findings", std::move(array)}});
    }
    return ill ? 1 : 0;
}

}  // namespace

void add_doctor(Commands& commands) {
    Command command = commands.add("doctor", "says what is missing or unreachable, and how to mend it",
                                   "rehearse doctor", true);
    commands.on(command, doctor);
}

}  // namespace rehearse
