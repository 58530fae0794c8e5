// Looking at every resource first, then recording, then planting.
#include "orchestrator/drill/enrolment.h"

#include <variant>

#include "orchestrator/base/digest.h"
#include "orchestrator/base/failure.h"
#include "orchestrator/drill/lease.h"
#include "orchestrator/drill/looking.h"
#include "orchestrator/guard/marker.h"

namespace rehearse {

namespace {

/// The live identity of a resource that may be enrolled.
Identity look(World& world, const EnrolRequest& request, const ResourceSpec& resource) {
    Adapter& adapter = *world.adapters.at(resource.name);
    IdentityReport report = look_first("enroll", resource.name, [&] { return adapter.identify(nullptr); });
    if (report.match != IdentityMatch::same) {
        throw Failure({.kind = FailureKind::refused,
                       .operation = "enroll",
                       .object = resource.name.text(),
                       .message = report.explanation,
                       .remedy = "start or make it first; an environment is enrolled while it works"});
    }
    if (request.read_only || request.replace) return report.live;
    const std::optional<std::string> text =
        look_first("enroll", resource.name, [&] { return adapter.read_marker(); });
    if (!text) return report.live;
    const auto read = read_marker_text(*text, world.marker_key);
    const auto* marker = std::get_if<Marker>(&read);
    std::string whose;
    if (marker == nullptr) {
        whose = "a marker that is not from this workspace (" + std::get<std::string>(read) + ")";
    } else if (marker->environment != request.environment.name || marker->resource != resource.name) {
        whose = "the marker of " + marker->environment.text() + "/" + marker->resource.text();
    }
    if (!whose.empty()) {
        throw Failure(
            {.kind = FailureKind::refused,
             .operation = "enroll",
             .object = resource.name.text(),
             .message = "it carries " + whose,
             .remedy = "check the environment file; if the resource really changed hands, add --replace"});
    }
    return report.live;
}

Task<Enrolment> enroll_leased(World& world, EnrolRequest request, Epoch epoch) {
    Enrolment enrolment{.environment = request.environment.name,
                        .at = world.clock.wall(),
                        .actor = world.actor.name,
                        .read_only = request.read_only,
                        .identities = {},
                        .nonce = random_hex(16)};
    for (const ResourceSpec& resource : request.environment.resources) {
        auto work = [&] { return look(world, request, resource); };
        enrolment.identities[resource.name.text()] = co_await on_worker(world.workers, work);
    }
    auto record = [&] { world.ledger.record_enrolment(enrolment); };
    co_await on_worker(world.workers, record);
    if (request.read_only) co_return enrolment;
    for (const ResourceSpec& resource : request.environment.resources) {
        const Marker marker{
            .environment = request.environment.name,
            .resource = resource.name,
            .identity = object_at(enrolment.identities, resource.name.text(), "the enrolment"),
            .nonce = enrolment.nonce,
            .epoch = epoch,
            .written_at = enrolment.at};
        auto plant = [&] {
            world.adapters.at(resource.name)->write_marker(sign_marker(marker, world.marker_key));
        };
        co_await on_worker(world.workers, plant);
    }
    co_return enrolment;
}

}  // namespace

Task<Enrolment> enroll(World& world, EnrolRequest request) {
    if (request.environment.class_ == EnvironmentClass::production && !request.read_only) {
        throw Failure(
            {.kind = FailureKind::refused,
             .operation = "enroll",
             .object = request.environment.name.text(),
             .message = "it is of class production",
             .remedy =
                 "add --read-only: identities are recorded, nothing is planted, nothing can be destroyed"});
    }
    Enrolment enrolment;
    // Named first: g++ 12 destroys temporaries among a coroutine's arguments twice.
    const std::function<Task<void>(Lease&)> work = [&](Lease& lease) -> Task<void> {
        enrolment = co_await enroll_leased(world, request, lease.epoch);
    };
    co_await with_lease(world, request.environment.name, work);
    co_return enrolment;
}

}  // namespace rehearse
