// rehearse gate: for CI. Says yes only with a fresh, passing rehearsal.
#include <ostream>

#include "orchestrator/cli/commands.h"
#include "orchestrator/cli/filters.h"

namespace rehearse {

namespace {

struct Options {
    std::string environment, max_age = "7d", release, playbook;
};

struct Decision {
    bool open = false;
    std::string reason;
    std::optional<DrillRecord> drill;
};

Decision decide(Ledger& ledger, const Environment& environment, const Options& options, WallTime now) {
    Decision decision;
    if (const auto quarantine = ledger.quarantine(environment.name)) {
        decision.reason = environment.name.text() + " is quarantined: " + quarantine->reason;
        return decision;
    }
    for (DrillRecord& drill : ledger.drills({.environment = environment.name,
                              .playbook = PlaybookName(options.playbook),
                              .since = {},
                              .limit = 0})) {
        if (!options.release.empty() && drill.release != options.release) continue;
        decision.drill = std::move(drill);
        break;
    }
    const std::string of_release = options.release.empty() ? "" : " of release " + options.release;
    if (!decision.drill) {
        decision.reason = "no rehearsal" + of_release + " in " + environment.name.text() +
                          " yet; run 'rehearse run PLAYBOOK" +
                          (options.release.empty() ? "" : " --release " + options.release) + "'";
        return decision;
    }
    const DrillRecord& drill = *decision.drill;
    const Duration age = now - drill.ended_at.value_or(drill.started_at);
    const Duration most = parse_duration(options.max_age);
    if (!drill.verdict) {
        decision.reason = "the last drill" + of_release + ", " + drill.id.text() + ", has not ended";
    } else if (*drill.verdict != Verdict::recovered) {
        decision.reason = "the last drill" + of_release + ", " + drill.id.text() + ", ended " +
                          std::string(to_string(*drill.verdict));
    } else if (age > most || age < Duration::zero()) {
        decision.reason = "the last drill" + of_release + ", " + drill.id.text() + ", is " + to_text(age) +
                          " old, the limit is " + to_text(most);
    } else {
        decision.open = true;
        decision.reason = "drill " + drill.id.text() + of_release + " recovered " + to_text(age) + " ago";
    }
    return decision;
}

int gate(const Invocation& invocation, const Options& options) {
    const Host& host = invocation.host;
    (void)parse_duration(options.max_age);
    Workspace workspace = invocation.workspace();
    const Environment& environment = workspace.environment(options.environment);
    Decision decision;
    if (workspace.has_state()) {
        decision = decide(workspace.ledger(), environment, options, host.clock.wall());
    } else {
        decision.reason = "nothing was rehearsed in this workspace yet";
    }
    if (invocation.json()) {
        json::object document{{"schema", "rehearse.gate/v1"}, {"environment", environment.name.text()},
                              {"open", decision.open},        {"reason", decision.reason},
                              {"release", options.release},   {"drill", nullptr}};
        if (decision.drill) document["drill"] = summary_of(*decision.drill);
        print_json(host, document);
    } else {
        host.out << (decision.open ? "open: " : "closed: ") << decision.reason << "\n";
    }
    return decision.open ? 0 : 1;
}

}  // namespace

void add_gate(Commands& commands) {
    auto options = std::make_shared<Options>();
    Command command = commands.add("gate", "for CI: exit 0 only when the last drill passed and is fresh",
                                   "rehearse gate shop-staging --max-age 7d --release v1.4.2", true);
    command.option("ENVIRONMENT", options->environment, "the environment's name").required();
    command.option("--max-age", options->max_age, "how old the rehearsal may be; default 7d");
    command.option("--release", options->release, "only rehearsals of this release count");
    command.option("--playbook", options->playbook, "only rehearsals of this playbook count");
    commands.on(command, [options](const Invocation& invocation) { return gate(invocation, *options); });
}

}  // namespace rehearse
