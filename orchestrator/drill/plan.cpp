// Planning: every item named, every identity read, the order of destruction derived from the dependencies.
#include "orchestrator/drill/plan.h"

#include <algorithm>
#include <set>
#include <utility>

#include "orchestrator/base/failure.h"
#include "orchestrator/drill/attempt.h"
#include "orchestrator/guard/approvals.h"
#include "orchestrator/guard/freeze.h"

namespace rehearse {

namespace {

/// Options as the plan shows them: connections without their password, secrets left out.
json::object shown_options(const ResourceSpec& resource,
                           const std::vector<const AdapterDescriptor*>& descriptors) {
    const auto descriptor = std::find_if(descriptors.begin(), descriptors.end(),
                                         [&](const auto* known) { return known->name == resource.adapter; });
    json::object shown = resource.options;
    if (descriptor == descriptors.end()) return shown;
    for (const KeySpec& key : (*descriptor)->keys) {
        const json::value* value = shown.if_contains(key.name);
        if (value == nullptr) continue;
        if (key.type == ValueType::secret) shown.erase(key.name);
        if (key.type == ValueType::connection && value->is_string()) {
            shown[key.name] = without_password(std::string(value->get_string()));
        }
    }
    return shown;
}

std::filesystem::path resolved(const std::filesystem::path& path) {
    std::error_code error;
    std::filesystem::path real = std::filesystem::weakly_canonical(path, error);
    return error ? path.lexically_normal() : real;
}

/// Dependents first: the reverse of the dependency order; the file's order within one resource.
std::vector<DestroyStep> in_destroy_order(const Playbook& playbook, const std::vector<ResourceName>& order) {
    std::vector<DestroyStep> steps = playbook.destroy;
    const auto position = [&](const ResourceName& name) {
        return std::find(order.begin(), order.end(), name) - order.begin();
    };
    std::stable_sort(steps.begin(), steps.end(), [&](const DestroyStep& a, const DestroyStep& b) {
        return position(a.resource) > position(b.resource);
    });
    return steps;
}

/// Keeps why a resource could not be read: the guard refuses with it. Wrong options are the caller's mistake.
void note_unreadable(Unreadable& unreadable, const ResourceName& name, const FailureFields& why) {
    if (why.kind == FailureKind::invalid_input) throw Failure(why);
    unreadable.emplace(name, why);
}

/// What the guard needs to know of a resource now. Blocks.
ResourceFacts look_at(World& world, const Plan& plan, const PlanResource& resource,
                      const Identity* recorded) {
    Adapter& adapter = *world.adapters.at(resource.name);
    ResourceFacts facts{.resource = resource.name};
    facts.identity = adapter.identify(recorded);
    if (const std::optional<std::string> text = adapter.read_marker()) {
        auto marker = read_marker_text(*text, world.marker_key);
        if (auto* good = std::get_if<Marker>(&marker)) {
            facts.marker = std::move(*good);
        } else {
            facts.marker_problem = "its marker can't be believed: " + std::get<std::string>(marker);
        }
    }
    // Named selections are observed as the playbook says them: sessions and obstacles can depend on them.
    std::vector<Selection> selections;
    for (const PlanStep& step : plan.destroy) {
        if (step.resource == resource.name) selections.push_back({step.patterns, step.options});
    }
    if (selections.empty()) selections.emplace_back();
    for (const Selection& selection : selections) {
        Observation seen = adapter.observe(selection);
        facts.bytes = seen.bytes_in_resource;
        facts.restore_disk = seen.restore_disk;
        facts.sessions.insert(facts.sessions.end(), seen.sessions.begin(), seen.sessions.end());
        facts.obstacles.insert(facts.obstacles.end(), seen.obstacles.begin(), seen.obstacles.end());
        for (const auto& path : seen.paths) facts.paths.push_back(resolved(path));
        for (const auto& path : seen.way_back) facts.way_back.push_back(resolved(path));
    }
    for (std::vector<std::string>* list : {&facts.sessions, &facts.obstacles}) {
        std::sort(list->begin(), list->end());
        list->erase(std::unique(list->begin(), list->end()), list->end());
    }
    if (!facts.restore_disk.empty()) facts.disk_free = world.disk_free(facts.restore_disk);
    return facts;
}

/// Looks at each resource that is not known to be unreadable.
Task<void> look_at_all(World& world, GuardFacts& facts) {
    for (const PlanResource& resource : facts.plan.resources) {
        if (facts.unreadable.contains(resource.name)) continue;
        const Identity* recorded = nullptr;
        if (facts.enrolment) {
            const json::value* value = facts.enrolment->identities.if_contains(resource.name.text());
            if (value != nullptr && value->is_object()) recorded = &value->get_object();
        }
        auto look = [&] { return look_at(world, facts.plan, resource, recorded); };
        const Outcome<ResourceFacts> outcome = co_await attempt(world.workers, look);
        if (const FailureFields* why = reason(outcome)) {
            note_unreadable(facts.unreadable, resource.name, *why);
        } else {
            facts.resources.push_back(std::get<Done<ResourceFacts>>(outcome).value);
        }
    }
}

}  // namespace

Task<PlanView> make_plan(World& world, const Environment& environment, const Playbook& playbook,
                         const std::string& release,
                         const std::vector<const AdapterDescriptor*>& descriptors) {
    PlanView view;
    Plan& plan = view.plan;
    plan.playbook = playbook.name;
    plan.playbook_digest = playbook.digest;
    plan.title = playbook.title;
    plan.environment = environment.name;
    plan.environment_class = environment.class_;
    plan.service = environment.service;
    plan.owner = environment.owner;
    plan.kind = playbook.kind;
    plan.release = release;
    plan.targets = playbook.targets;
    plan.change = playbook.change;
    plan.rollback = playbook.rollback;
    plan.hooks = playbook.hooks;
    plan.restore_parallel = playbook.restore_parallel;
    plan.verify = playbook.verify;
    plan.guard = playbook.guard;
    plan.freeze = playbook.freeze;
    plan.freeze.insert(plan.freeze.end(), world.freeze.begin(), world.freeze.end());
    for (const std::string& name : playbook.steady_state) {
        const ProbeSpec* probe = find_probe(environment, name);
        if (probe == nullptr) {
            throw Failure({.kind = FailureKind::invalid_input,
                           .operation = "plan",
                           .object = playbook.name.text(),
                           .message = "the environment has no probe '" + name + "'",
                           .remedy = "run 'rehearse check'"});
        }
        plan.steady_state.push_back(*probe);
    }

    Unreadable unreadable;
    const std::vector<ResourceName> order = dependency_order(environment.resources);
    for (const ResourceName& name : order) {
        const ResourceSpec& spec = *find_resource(environment, name);
        PlanResource resource{.name = name, .adapter = spec.adapter, .needs = spec.needs};
        auto identify = [&] { return world.adapters.at(name)->identify(nullptr); };
        const Outcome<IdentityReport> identified = co_await attempt(world.workers, identify);
        if (const FailureFields* why = reason(identified)) {
            note_unreadable(unreadable, name, *why);
        } else {
            resource.identity = std::get<Done<IdentityReport>>(identified).value.live;
        }
        resource.options = shown_options(spec, descriptors);
        plan.resources.push_back(std::move(resource));
    }

    int number = 0;
    for (const DestroyStep& step : in_destroy_order(playbook, order)) {
        Selection selection{step.items, step.options};
        auto observe = [&] { return world.adapters.at(step.resource)->observe(selection); };
        Observation seen;
        if (!unreadable.contains(step.resource)) {
            Outcome<Observation> observed = co_await attempt(world.workers, observe);
            if (const FailureFields* why = reason(observed)) {
                note_unreadable(unreadable, step.resource, *why);
            } else {
                seen = std::get<Done<Observation>>(std::move(observed)).value;
            }
        }
        PlanStep planned{.step = "destroy-" + std::to_string(++number) + "-" + step.resource.text(),
                         .resource = step.resource,
                         .patterns = step.items,
                         .whole = step.items.empty(),
                         .items_in_resource = seen.items_in_resource,
                         .options = step.options,
                         .unmatched = std::move(seen.unmatched)};
        for (const Item& item : seen.items) planned.items.push_back(item.name);
        std::sort(planned.items.begin(), planned.items.end());
        auto& items = view.items[step.resource];
        items.insert(items.end(), seen.items.begin(), seen.items.end());
        for (const std::string& warning : seen.warnings)
            view.warnings.push_back(step.resource.text() + ": " + warning);
        plan.destroy.push_back(std::move(planned));
    }
    view.hash = plan_hash(plan);

    const DrillId none;  // named first: g++ 12 destroys temporaries among a coroutine's arguments twice
    GuardFacts facts = co_await gather_guard_facts(world, plan, none, unreadable);
    bool first_place = true;
    for (const auto& [name, why] : facts.unreadable) view.unreadable.push_back(name);
    for (const ResourceFacts& resource : facts.resources) {
        if (!resource.sessions.empty()) view.sessions[resource.resource] = resource.sessions;
        if (resource.restore_disk.empty()) continue;
        view.disk_needed += resource.bytes;
        view.disk_free = first_place ? resource.disk_free : std::min(view.disk_free, resource.disk_free);
        first_place = false;
    }
    view.interlocks = ask_guard(facts, GuardPhase::before_snapshot);
    if (all_passed(view.interlocks) && approvals_needed(plan, facts.policy.policy) > 0)
        view.approved = authority_for(facts).nonce;
    co_return view;
}

void gather_open(const Ledger& ledger, const DrillId& own, GuardFacts& facts) {
    facts.quarantine = ledger.quarantine(facts.plan.environment);
    for (const DrillRecord& open : ledger.unfinished()) {
        if (open.environment == facts.plan.environment && open.id != own) facts.unfinished = open.id;
    }
}

Task<GuardFacts> gather_guard_facts(World& world, const Plan& plan, const DrillId& own,
                                    const Unreadable& unreadable) {
    GuardFacts facts{.plan = plan, .now = world.clock.wall(), .unreadable = unreadable};
    facts.policy = PolicyFacts{world.policy, {.actor = world.actor, .account = world.account}, {}, own};
    auto ask_ledger = [&] {
        facts.enrolment = world.ledger.enrolment(plan.environment);
        gather_open(world.ledger, own, facts);
        facts.ledger_epoch = world.ledger.epoch(plan.environment);
        if (approvals_needed(plan, world.policy.policy) > 0)
            facts.policy.proposals = world.ledger.proposals_for(plan_hash(plan), plan.environment);
    };
    co_await on_worker(world.workers, ask_ledger);
    auto ask_audit = [&] { return world.audit_problem(); };
    facts.audit_problem = co_await on_worker(world.workers, ask_audit);
    facts.halted = world.halted();
    facts.frozen = frozen_by(plan.freeze, facts.now);
    facts.way_back = world.way_back;
    co_await look_at_all(world, facts);
    co_return facts;
}

json::object to_json(const PlanView& view, const json::object& forecast) {
    json::array interlocks, items, sessions, warnings, unreadable;
    for (const InterlockResult& result : view.interlocks) interlocks.emplace_back(to_json(result));
    for (const auto& [resource, list] : view.items) {
        for (const Item& item : list) {
            items.emplace_back(json::object{{"resource", resource.text()},
                                            {"name", item.name},
                                            {"bytes", item.bytes},
                                            {"detail", item.detail}});
        }
    }
    for (const auto& [resource, list] : view.sessions) {
        json::array texts;
        for (const std::string& session : list) texts.emplace_back(session);
        sessions.emplace_back(json::object{{"resource", resource.text()}, {"sessions", std::move(texts)}});
    }
    for (const std::string& warning : view.warnings) warnings.emplace_back(warning);
    for (const ResourceName& name : view.unreadable) unreadable.emplace_back(name.text());
    json::object shown_forecast = forecast;
    shown_forecast["disk_needed_bytes"] = view.disk_needed;
    shown_forecast["disk_free_bytes"] = view.disk_free;
    return {{"schema", "rehearse.plan_view/v1"},   {"hash", view.hash.text()},
            {"plan", to_json(view.plan)},          {"items", std::move(items)},
            {"sessions", std::move(sessions)},     {"forecast", std::move(shown_forecast)},
            {"interlocks", std::move(interlocks)}, {"warnings", std::move(warnings)},
            {"unreadable", std::move(unreadable)}};
}

}  // namespace rehearse
