// Restoring outside a drill.
#include "orchestrator/drill/emergency.h"

#include <variant>

#include "orchestrator/base/digest.h"
#include "orchestrator/base/failure.h"
#include "orchestrator/drill/attempt.h"
#include "orchestrator/drill/lease.h"
#include "orchestrator/drill/looking.h"
#include "orchestrator/drill/snapshot.h"
#include "orchestrator/guard/marker.h"

namespace rehearse {

namespace {

Failure refused(const Environment& environment, const std::string& message, const std::string& remedy) {
    return Failure({.kind = FailureKind::refused,
                    .operation = "restore",
                    .object = environment.name.text(),
                    .message = message,
                    .remedy = remedy});
}

/// Every live resource is the enrolled one, or gone; its marker, where it can be read, is ours.
void require_enrolled(World& world, const Environment& environment, const Enrolment& enrolment) {
    for (const ResourceSpec& resource : environment.resources) {
        const json::value* recorded = enrolment.identities.if_contains(resource.name.text());
        if (recorded == nullptr || !recorded->is_object()) {
            throw refused(environment, resource.name.text() + " was not enrolled",
                          "run 'rehearse enroll " + environment.name.text() + "'");
        }
        Adapter& adapter = *world.adapters.at(resource.name);
        const IdentityReport report =
            look_first("restore", resource.name, [&] { return adapter.identify(&recorded->get_object()); });
        if (report.match == IdentityMatch::other) {
            throw refused(environment,
                          resource.name.text() + " is not the one that was enrolled: " + report.explanation,
                          "check the environment file");
        }
        const std::optional<std::string> text =
            look_first("restore", resource.name, [&] { return adapter.read_marker(); });
        if (!text) {
            throw refused(environment, resource.name.text() + " carries no marker",
                          "if it really is the right one, run 'rehearse enroll' again");
        }
        const auto read = read_marker_text(*text, world.marker_key);
        const auto* marker = std::get_if<Marker>(&read);
        if (marker == nullptr || marker->environment != environment.name ||
            marker->resource != resource.name) {
            throw refused(environment, resource.name.text() + " carries somebody else's marker",
                          "check the environment file");
        }
    }
}

struct Emergency {
    World& world;
    const EmergencyRequest& request;
    const Lease& lease;
    EmergencyOutcome outcome;
    std::vector<PlanResource> resources;  // each after what it needs
};

/// Captures what is there, resource by resource: one that is gone or broken does not stop the others.
Task<void> keep_current(Emergency& emergency) {
    std::set<ResourceName> there;
    for (const PlanResource& resource : emergency.resources) {
        auto identify = [&] { return emergency.world.adapters.at(resource.name)->identify(nullptr); };
        const auto outcome = co_await attempt(emergency.world.workers, identify);
        const auto* done = std::get_if<Done<IdentityReport>>(&outcome);
        if (done != nullptr && done->value.match == IdentityMatch::same) {
            there.insert(resource.name);
        } else {
            emergency.outcome.not_kept[resource.name] =
                done != nullptr ? done->value.explanation : text_of(*reason(outcome));
        }
    }
    while (!there.empty()) {
        std::optional<FailureFields> failed;
        try {
            const std::string name = "refs/restores/" + emergency.request.environment.name.text() + "/" +
                                     std::to_string(emergency.lease.epoch);
            SnapshotRequest request{.environment = emergency.request.environment.name,
                                    .resources = emergency.resources,
                                    .capture = there,
                                    .message = "State before an emergency restore"};
            request.refs.push_back(name);
            const TakenSnapshot kept = co_await take_snapshot(emergency.world, std::move(request));
            emergency.outcome.kept = kept.id;
            co_return;
        } catch (const Failure& failure) {
            failed = failure.fields();
        }
        // The one that fails is found by capturing fewer; all of them failing keeps nothing.
        emergency.outcome.not_kept[*there.begin()] = text_of(*failed);
        there.erase(there.begin());
    }
}

Task<void> restore_all(Emergency& emergency) {
    World& world = emergency.world;
    for (const PlanResource& resource : emergency.resources) {
        const json::object* described = nullptr;
        if (const json::value* all = emergency.request.snapshot.manifest.if_contains("resources")) {
            const json::value* one =
                all->is_object() ? all->get_object().if_contains(resource.name.text()) : nullptr;
            if (one != nullptr && one->is_object()) described = &one->get_object();
        }
        if (described == nullptr) {
            emergency.outcome.not_restored[resource.name] = "the snapshot does not hold it";
            continue;
        }
        RestoreRequest restore{
            .expected = resource.identity,
            .uncompared = {},
            .idempotency_key = sha256_hex(emergency.request.snapshot.id.text() + resource.name.text() +
                                          std::to_string(emergency.lease.epoch)),
            .epoch = emergency.lease.epoch};
        if (const json::value* uncompared = described->if_contains("uncompared")) {
            if (uncompared->is_object()) restore.uncompared = uncompared->get_object();
        }
        auto work = [&] {
            const auto tree = world.store.open(emergency.request.snapshot.id, resource.name);
            return world.adapters.at(resource.name)->restore(*tree, restore);
        };
        const auto outcome = co_await attempt(world.workers, work);
        if (const FailureFields* why = reason(outcome)) {
            emergency.outcome.not_restored[resource.name] = text_of(*why);
        } else {
            emergency.outcome.restored[resource.name] = std::get<Done<RestoreReport>>(outcome).value;
        }
    }
}

Task<void> compare(Emergency& emergency) {
    World& world = emergency.world;
    std::set<ResourceName> all;
    for (const PlanResource& resource : emergency.resources) all.insert(resource.name);
    SnapshotRequest request{
        .environment = emergency.request.environment.name,
        .resources = emergency.resources,
        .capture = all,
        .message = "State after an emergency restore of " + emergency.request.snapshot.id.text()};
    request.refs.push_back("refs/restores/" + emergency.request.environment.name.text() + "/" +
                           std::to_string(emergency.lease.epoch) + "-after");
    const TakenSnapshot now = co_await take_snapshot(world, std::move(request));
    emergency.outcome.equal = now.tree == emergency.request.snapshot.resources_tree;
    if (!emergency.outcome.equal) {
        auto diff = [&] { return world.store.diff(emergency.request.snapshot.id, now.id, 1000); };
        emergency.outcome.differences = co_await on_worker(world.workers, diff);
    }
}

Task<void> restore_leased(Emergency& emergency) {
    World& world = emergency.world;
    const Environment& environment = emergency.request.environment;
    auto check = [&]() -> Enrolment {
        const std::optional<Enrolment> enrolment = world.ledger.enrolment(environment.name);
        if (!enrolment || enrolment->read_only) {
            throw refused(environment, enrolment ? "it is enrolled read-only" : "it is not enrolled",
                          "run 'rehearse enroll " + environment.name.text() + "'");
        }
        require_enrolled(world, environment, *enrolment);
        return *enrolment;
    };
    const Enrolment enrolment = co_await on_worker(world.workers, check);
    for (const ResourceName& name : dependency_order(environment.resources)) {
        const ResourceSpec& spec = *find_resource(environment, name);
        emergency.resources.push_back(
            {.name = name,
             .adapter = spec.adapter,
             .needs = spec.needs,
             .identity = object_at(enrolment.identities, name.text(), "the enrolment")});
    }
    if (emergency.request.keep_current) co_await keep_current(emergency);

    auto quarantine = [&] {
        if (world.ledger.quarantine(environment.name)) return;
        world.ledger.begin_quarantine({.environment = environment.name,
                                       .drill = {},
                                       .since = world.clock.wall(),
                                       .reason = "an emergency restore of " +
                                                 emergency.request.snapshot.id.text() +
                                                 " was begun and not proved whole; run 'rehearse restore " +
                                                 environment.name.text() + "' again",
                                       .resources = {}});
    };
    co_await on_worker(world.workers, quarantine);
    co_await restore_all(emergency);
    if (!emergency.outcome.not_restored.empty()) co_return;
    co_await compare(emergency);
    if (!emergency.outcome.equal) co_return;
    auto clear = [&] {
        (void)world.ledger.clear_quarantine(
            environment.name, world.actor,
            "restored from " + emergency.request.snapshot.id.text() + ", proved equal", world.clock.wall());
    };
    co_await on_worker(world.workers, clear);
}

}  // namespace

Task<EmergencyOutcome> restore_environment(World& world, EmergencyRequest request) {
    if (request.environment.class_ == EnvironmentClass::production) {
        throw refused(request.environment, "it is of class production",
                      "get the data out of the snapshot with git, see README.md");
    }
    EmergencyOutcome outcome;
    // Named first: g++ 12 destroys temporaries among a coroutine's arguments twice.
    const std::function<Task<void>(Lease&)> work = [&](Lease& lease) -> Task<void> {
        Emergency emergency{world, request, lease, {}, {}};
        co_await restore_leased(emergency);
        outcome = std::move(emergency.outcome);
    };
    co_await with_lease(world, request.environment.name, work);
    co_return outcome;
}

}  // namespace rehearse
