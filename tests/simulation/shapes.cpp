// The environments and playbooks that are drilled.
#include "tests/simulation/simulation.h"

namespace rehearse::simulation {

namespace {

using namespace std::chrono_literals;

CommandSpec command(const std::string& argument) { return {.arguments = {"command", argument}}; }

}  // namespace

void Simulation::make_shape() {
    const bool of_four = options.shape == Shape::chain || options.shape == Shape::fan ||
                         options.shape == Shape::half_destroy_of_four;
    const int count = options.shape == Shape::one ? 1 : of_four ? 4 : 2;
    const bool half = options.shape == Shape::half_destroy || options.shape == Shape::half_destroy_of_four;
    environment.name = EnvironmentName("shop-staging");
    playbook.name = PlaybookName("delete");
    playbook.environment = environment.name;
    for (int i = 0; i < count; ++i) {
        const ResourceName name(std::string("resource-") + static_cast<char>('a' + i));
        Resource& live = resources[name];
        live.name = name;
        live.system = "system of " + name.text();
        for (const char* item : {"a", "b", "c", "d"})
            live.items[item] = item == std::string("a") ? "original of " + name.text() : item;
        ResourceSpec spec{.name = name, .adapter = "simulated"};
        if (i > 0 && options.shape != Shape::fan) spec.needs = {environment.resources.back().name};
        live.needs = spec.needs;
        environment.resources.push_back(spec);
        DestroyStep step{.resource = name};
        if (half && i == 0) step.options["half"] = true;
        if (options.faults != 0 && draws_.once_in(4)) step.items = {"b", "c"};
        playbook.destroy.push_back(step);
    }
    environment.probes.push_back({.name = "works",
                                  .kind = ProbeKind::sql,
                                  .resource = environment.resources.front().name,
                                  .query = "count",
                                  .interval = 50ms});
    playbook.steady_state = {"works"};
    const bool hurry = options.faults != 0 && draws_.once_in(8);
    playbook.targets = {.rto = hurry ? Duration(30ms) : Duration(15min), .rpo = 5min};
    playbook.verify.within = 20s;
    playbook.verify.consecutive = 3;
    playbook.verify.check_verifier = options.checks_verifier;
    if (options.shape == Shape::failing_hook) {
        std::vector<CommandSpec>* stages[] = {&playbook.hooks.before_snapshot, &playbook.hooks.before_destroy,
                                              &playbook.hooks.after_destroy, &playbook.hooks.before_restore,
                                              &playbook.hooks.after_restore};
        for (int stage = 0; stage < 5; ++stage)
            stages[stage]->push_back(command(stage == options.failing_stage ? "fails" : "works"));
    }
    if (options.shape == Shape::rollback) {
        playbook.kind = DrillKind::rollback;
        playbook.destroy.clear();
        playbook.change = {command("works")};
        playbook.rollback = {command(options.seed % 2 == 0 ? "original of " : "residue of ")};
    }
}

}  // namespace rehearse::simulation
