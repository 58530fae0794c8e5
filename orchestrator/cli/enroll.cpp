// rehearse enroll: plants the signed marker.
#include <ostream>

#include "orchestrator/cli/commands.h"
#include "orchestrator/drill/enrolment.h"

namespace rehearse {

namespace {

struct Options {
    std::string environment;
    bool read_only = false, replace = false;
};

int enroll_environment(const Invocation& invocation, const Options& options) {
    const Host& host = invocation.host;
    Workspace workspace = invocation.workspace();
    const Environment& environment = workspace.environment(options.environment);
    workspace.make_state();
    ProgressObserver observer(host);
    CommandAlarm alarm(host, std::nullopt);
    OpenWorld open(host, workspace, environment, nullptr, observer, alarm);
    Enrolment enrolment;
    host.run([&]() -> Task<void> {
        const EnrolRequest request{
            .environment = environment, .read_only = options.read_only, .replace = options.replace};
        enrolment = co_await enroll(open.world(), request);
    });
    if (invocation.json()) {
        print_json(host, json::object{{"schema", "rehearse.enrolment/v1"},
                                      {"environment", environment.name.text()},
                                      {"at", to_rfc3339(enrolment.at)},
                                      {"read_only", enrolment.read_only},
                                      {"identities", enrolment.identities}});
        return 0;
    }
    host.out << environment.name << " is enrolled" << (enrolment.read_only ? " read-only" : "") << ":\n";
    for (const json::key_value_pair& member : enrolment.identities) {
        host.out << "  " << std::string(member.key()) << "  " << canonical_json(member.value()) << "\n";
    }
    host.out << "Next: rehearse plan PLAYBOOK\n";
    return 0;
}

}  // namespace

void add_enroll(Commands& commands) {
    auto options = std::make_shared<Options>();
    Command command =
        commands.add("enroll", "ties an environment's name to its live resources: plants the signed marker",
                     "rehearse enroll shop-staging", true);
    command.option("ENVIRONMENT", options->environment, "the environment's name").required();
    command.flag("--read-only", options->read_only,
                 "record the identities only (the one way for class production)");
    command.flag("--replace", options->replace, "take over resources that carry somebody else's marker");
    commands.on(command,
                [options](const Invocation& invocation) { return enroll_environment(invocation, *options); });
}

}  // namespace rehearse
