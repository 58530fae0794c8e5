// Everything a drill touches, handed over by the wiring: real in app/, simulated in tests.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "orchestrator/base/clock.h"
#include "orchestrator/base/secret.h"
#include "orchestrator/base/sleeper.h"
#include "orchestrator/base/task.h"
#include "orchestrator/guard/guard.h"
#include "orchestrator/model/environment.h"
#include "orchestrator/model/playbook.h"
#include "orchestrator/ports/adapter.h"
#include "orchestrator/ports/ledger.h"
#include "orchestrator/ports/snapshot_store.h"
#include "orchestrator/ports/surroundings.h"
#include "orchestrator/probes/prober.h"

namespace rehearse {

using AdapterSet = std::map<ResourceName, std::unique_ptr<Adapter>>;

/// Makes a probe that can be tried; `make_probe` in reality.
using ProbeMaker = std::function<std::unique_ptr<Probe>(const ProbeSpec&, const Clock&, QueryFunction)>;

struct World {
    const Clock& clock;
    Sleeper& sleeper;
    Workers& workers;
    Ledger& ledger;
    SnapshotStore& store;
    Observer& observer;
    Alarm& alarm;
    AdapterSet& adapters;  // of the one environment that is worked on
    CommandRunner run_command;
    HaltQuestion halted;
    AuditQuestion audit_problem;
    DiskQuestion disk_free;
    ProbeMaker make_probe;
    Secret marker_key;
    LeaseOwner owner;
    Actor actor;
    std::string account;  // of the machine, whatever the actor is called
    PolicyInForce policy;
    std::string host;
    json::object versions;
    std::vector<std::filesystem::path> way_back;  // resolved paths that the way back needs
    std::vector<FreezeWindow> freeze;             // of the workspace; the playbook's own are in the plan
    std::optional<CommandSpec> playbook_alarm;
    std::stop_token stop;  // SIGINT, SIGTERM: destroy no more, restore, end
};

/// How long a lease holds without renewal, and how often it is renewed.
inline constexpr Duration lease_term = std::chrono::seconds(30);
inline constexpr Duration lease_renewal = std::chrono::seconds(10);

}  // namespace rehearse
