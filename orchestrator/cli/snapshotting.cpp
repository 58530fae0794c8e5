// Snapshots on demand.
#include "orchestrator/cli/snapshotting.h"

#include "orchestrator/cli/console.h"
#include "orchestrator/drill/lease.h"
#include "orchestrator/drill/snapshot.h"

namespace rehearse {

SnapshotSummary snapshot_environment(const Host& host, Workspace& workspace, const Environment& environment,
                                     const std::string& message, const std::string& ref) {
    ProgressObserver observer(host);
    CommandAlarm alarm(host, std::nullopt);
    OpenWorld open(host, workspace, environment, nullptr, observer, alarm);
    SnapshotRequest request{.environment = environment.name, .message = message, .refs = {ref}};
    for (const ResourceName& name : dependency_order(environment.resources)) {
        const ResourceSpec& spec = *find_resource(environment, name);
        request.resources.push_back({.name = name, .adapter = spec.adapter, .needs = spec.needs});
        request.capture.insert(name);
    }
    SnapshotId id;
    host.run([&]() -> Task<void> {
        // Named first: g++ 12 destroys temporaries among a coroutine's arguments twice.
        const std::function<Task<void>(Lease&)> work = [&](Lease&) -> Task<void> {
            const TakenSnapshot taken = co_await take_snapshot(open.world(), request);
            id = taken.id;
        };
        co_await with_lease(open.world(), environment.name, work);
    });
    return workspace.store().find(environment.name, id.text());
}

}  // namespace rehearse
