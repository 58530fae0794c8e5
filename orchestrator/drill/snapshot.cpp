// Taking snapshots: captures in parallel, one commit.
#include "orchestrator/drill/snapshot.h"

#include <algorithm>
#include <exception>
#include <memory>
#include <utility>

#include "orchestrator/base/failure.h"
#include "orchestrator/drill/looking.h"

namespace rehearse {

namespace {

json::array texts(const std::vector<std::string>& values) {
    json::array array;
    for (const std::string& value : values) array.emplace_back(value);
    return array;
}

/// One resource's part of the manifest and the journal.
struct Captured {
    TreeId tree;
    json::object identity;
    CaptureReport report;
};

struct Capturing {
    World& world;
    const SnapshotRequest& request;
    SnapshotWriter& writer;
    std::vector<const PlanResource*> queue;  // taken from the back
    std::map<ResourceName, Captured> done;
    bool failed = false;
};

Captured capture_one(World& world, SnapshotWriter& writer, const PlanResource& resource) {
    Adapter& adapter = *world.adapters.at(resource.name);
    const Identity* expected = resource.identity.empty() ? nullptr : &resource.identity;
    IdentityReport identity =
        look_first("snapshot", resource.name, [&] { return adapter.identify(expected); });
    if (identity.match == IdentityMatch::other) {
        throw Failure({.kind = FailureKind::refused,
                       .operation = "snapshot",
                       .object = resource.name.text(),
                       .message = "the live resource is another one: " + identity.explanation,
                       .remedy = "check the environment file"});
    }
    if (identity.match == IdentityMatch::absent) {
        throw Failure({.kind = FailureKind::refused,
                       .operation = "snapshot",
                       .object = resource.name.text(),
                       .message = identity.explanation,
                       .remedy = "start or make it first, or run 'rehearse restore'"});
    }
    const std::unique_ptr<TreeWriter> tree = writer.resource(resource.name);
    CaptureReport report = adapter.capture(*tree);
    return {.tree = tree->finish(), .identity = std::move(identity.live), .report = std::move(report)};
}

Task<void> capture_from_queue(Capturing& capturing) {
    while (!capturing.queue.empty() && !capturing.failed) {
        const PlanResource* resource = capturing.queue.back();
        capturing.queue.pop_back();
        try {
            auto work = [&capturing, resource] {
                return capture_one(capturing.world, capturing.writer, *resource);
            };
            Captured captured = co_await on_worker(capturing.world.workers, work);
            capturing.done.emplace(resource->name, std::move(captured));
        } catch (...) {
            capturing.failed = true;
            throw;
        }
    }
}

}  // namespace

Task<TakenSnapshot> take_snapshot(World& world, SnapshotRequest request) {
    TakenSnapshot taken;
    taken.oldest = world.clock.steady();
    taken.taken_at = world.clock.wall();

    auto begin = [&] { return world.store.begin(); };
    const std::unique_ptr<SnapshotWriter> writer = co_await on_worker(world.workers, begin);
    Capturing capturing{world, request, *writer, {}, {}};
    for (const PlanResource& resource : request.resources) {
        if (request.capture.contains(resource.name)) capturing.queue.push_back(&resource);
    }
    {
        TaskGroup group(co_await boost::asio::this_coro::executor);
        for (int i = 0; i < std::max(1, request.parallel); ++i) group.spawn(capture_from_queue(capturing));
        co_await group.join();
    }

    json::object described;
    for (const PlanResource& resource : request.resources) {
        const auto captured = capturing.done.find(resource.name);
        if (captured == capturing.done.end()) {
            if (request.reuse == nullptr || !request.reuse->trees.contains(resource.name)) continue;
            const TreeId& tree = request.reuse->trees.at(resource.name);
            auto reuse = [&] { writer->reuse(resource.name, tree); };
            co_await on_worker(world.workers, reuse);
            taken.trees[resource.name] = tree;
            described[resource.name.text()] =
                json::object{{"adapter", resource.adapter}, {"tree", tree.text()}, {"taken_over", true}};
            continue;
        }
        const CaptureReport& report = captured->second.report;
        taken.trees[resource.name] = captured->second.tree;
        taken.identities[resource.name] = captured->second.identity;
        taken.uncompared[resource.name] = report.uncompared;
        taken.taken_at = std::min(taken.taken_at, report.consistent_at);
        if (report.scratch_restore && !report.restorability_proved) {
            taken.not_restorable[resource.name] = report.restorability;
        }
        described[resource.name.text()] = json::object{{"adapter", resource.adapter},
                                                       {"tree", captured->second.tree.text()},
                                                       {"identity", captured->second.identity},
                                                       {"consistent_at", to_rfc3339(report.consistent_at)},
                                                       {"items", report.items},
                                                       {"bytes", report.bytes},
                                                       {"normalised", texts(report.normalised)},
                                                       {"restorability_proved", report.restorability_proved},
                                                       {"restorability", report.restorability},
                                                       {"uncompared", report.uncompared}};
    }
    taken.described = described;
    const json::object manifest{{"format", 1},
                                {"environment", request.environment.text()},
                                {"taken_at", to_rfc3339(taken.taken_at)},
                                {"versions", world.versions},
                                {"resources", std::move(described)}};
    auto commit = [&] {
        taken.id = writer->commit(manifest, request.message, taken.taken_at, request.refs);
        taken.tree = world.store.find(request.environment, taken.id.text()).resources_tree;
    };
    co_await on_worker(world.workers, commit);
    co_return taken;
}

Task<TakenSnapshot> take_drill_snapshot(Execution& execution, std::string role,
                                        std::set<ResourceName> capture) {
    SnapshotRequest request{.environment = execution.plan.environment,
                            .resources = execution.plan.resources,
                            .capture = std::move(capture),
                            .reuse = execution.before ? &*execution.before : nullptr,
                            .message = "Snapshot " + role + " drill " + execution.record.id.text(),
                            .refs = {"refs/drills/" + execution.record.id.text() + "/" + role}};
    if (role == "before")
        request.refs.insert(request.refs.begin(), "refs/heads/" + execution.plan.environment.text());
    TakenSnapshot taken = co_await take_snapshot(execution.world, std::move(request));
    execution.journal.add(EventKind::snapshot, {{"role", role},
                                                {"commit", taken.id.text()},
                                                {"tree", taken.tree.text()},
                                                {"taken_at", to_rfc3339(taken.taken_at)},
                                                {"oldest_ns", nanoseconds(taken.oldest)},
                                                {"resources", taken.described}});
    co_return taken;
}

std::optional<TakenSnapshot> snapshot_from_journal(const std::vector<DrillEvent>& events) {
    for (const DrillEvent& event : events) {
        if (event.kind != EventKind::snapshot || text_or(event.body, "role", "") != "before") continue;
        TakenSnapshot taken;
        taken.id = SnapshotId(text_at(event.body, "commit", "journal"));
        taken.tree = TreeId(text_at(event.body, "tree", "journal"));
        taken.taken_at = parse_rfc3339(text_at(event.body, "taken_at", "journal"));
        taken.oldest = {Duration(integer_at(event.body, "oldest_ns", "journal"))};
        taken.described = object_at(event.body, "resources", "journal");
        for (const json::key_value_pair& member : taken.described) {
            const ResourceName name{std::string(member.key())};
            const json::object& resource = object_of(member.value(), "journal");
            taken.trees[name] = TreeId(text_at(resource, "tree", "journal"));
            taken.identities[name] = object_at(resource, "identity", "journal");
            taken.uncompared[name] = object_at(resource, "uncompared", "journal");
        }
        return taken;
    }
    return std::nullopt;
}

}  // namespace rehearse
