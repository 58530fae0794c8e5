// The document rehearse.drill/v1: a drill as one JSON object, derived from the journal alone.
#include <algorithm>
#include <map>

#include "orchestrator/drill/measure.h"

namespace rehearse {

namespace {

/// Milliseconds since the drill began, or null where it was not measured.
json::value since(const Clocks& clocks, const std::optional<SteadyTime>& instant) {
    if (!instant || !clocks.started || clocks.lost) return nullptr;
    return to_milliseconds(*instant - *clocks.started);
}

json::value to_json(const std::optional<Achieved>& achieved, Duration target, bool with_uncertainty) {
    json::object object{{"actual_ms", nullptr}, {"target_ms", to_milliseconds(target)}, {"met", false}};
    if (achieved) {
        object["actual_ms"] = to_milliseconds(achieved->actual);
        object["met"] = achieved->met;
    }
    if (with_uncertainty) {
        // Rounded up: a half-width is never shown smaller than it is.
        object["uncertainty_ms"] =
            achieved ? json::value(to_milliseconds(achieved->uncertainty + std::chrono::microseconds(999)))
                     : json::value(nullptr);
    }
    return object;
}

/// What the clocks bound, in the order of a drill; a phase without both ends was not measured and is left
/// out.
json::array phases_of(const Clocks& clocks, DrillKind kind) {
    json::array phases;
    const auto add = [&](const char* name, const std::optional<SteadyTime>& began,
                         const std::optional<SteadyTime>& ended) {
        if (!began || !ended || clocks.lost || *ended < *began) return;
        phases.emplace_back(json::object{
            {"phase", name}, {"began_ms", since(clocks, began)}, {"ended_ms", since(clocks, ended)}});
    };
    add("snapshot", clocks.snapshot_began, clocks.proven);
    if (kind == DrillKind::rollback) {
        add("change", clocks.damage_began, clocks.rollback_began);
        add("rollback", clocks.rollback_began, clocks.serving_latest);
        add("restore", clocks.restore_began, clocks.restored);
    } else {
        add("destruction", clocks.damage_began, clocks.destruction_proven);
        add("detection", clocks.damage_began, clocks.detected);
        add("restore", clocks.restore_began, clocks.restored);
        add("serving", clocks.restored, clocks.serving_latest);
    }
    add("verification", clocks.verification_began, clocks.verified);
    return phases;
}

struct Seen {
    json::array steps, findings, interlocks, differences, residue, perturbed;
    json::object snapshot, fidelity;
    std::map<std::string, json::object> resources;
    json::array normalised;
};

void see_step(Seen& seen, const DrillEvent& event, const Clocks& clocks) {
    const std::string stage = text_or(event.body, "stage", "");
    const std::string resource = text_or(event.body, "resource", "");
    const auto began = instant_at(event.body, "began_ns"), ended = instant_at(event.body, "ended_ns");
    json::object step{{"step", text_or(event.body, "step", "")},
                      {"stage", stage},
                      {"began_ms", since(clocks, began)},
                      {"ended_ms", since(clocks, ended)},
                      {"outcome", text_or(event.body, "outcome", "")}};
    if (!resource.empty()) step["resource"] = resource;
    const std::string message = text_or(event.body, "message", "");
    if (!message.empty()) {
        step["message"] = message;
        // An item that can't be broken alone is no finding of the drill; that none could be is one of its
        // own.
        if (stage != "perturb") seen.findings.emplace_back(text_or(event.body, "step", "") + ": " + message);
    }
    if (event.body.contains("discarded") && !array_at(event.body, "discarded", "journal").empty()) {
        std::string names;
        for (const std::string& name : texts_at(event.body, "discarded", "journal"))
            names += (names.empty() ? "" : ", ") + name;
        seen.findings.emplace_back(text_or(event.body, "step", "") +
                                   " took away what the snapshot does not hold: " + names);
        step["discarded"] = event.body.at("discarded");
    }
    seen.steps.emplace_back(std::move(step));
    const auto known = seen.resources.find(resource);
    if (known == seen.resources.end()) return;
    if (stage == "destroy") {
        // Each step counts 32 bits of items at most, so that the sum of any number of them fits.
        known->second["items_destroyed"] = known->second["items_destroyed"].to_number<std::int64_t>() +
                                           number_at<std::uint32_t>(event.body, "items", "journal");
    } else if (stage == "restore") {
        known->second["items_restored"] = integer_at(event.body, "items", "journal");
        known->second["bytes_restored"] = integer_at(event.body, "bytes", "journal");
        if (began && ended) known->second["restore_ms"] = to_milliseconds(*ended - *began);
    }
}

void see_snapshot(Seen& seen, const DrillEvent& event) {
    const std::string role = text_or(event.body, "role", "");
    const std::string commit = text_or(event.body, "commit", "");
    if (role == "before") {
        seen.snapshot["commit"] = commit;
        seen.snapshot["tree"] = text_or(event.body, "tree", "");
        seen.snapshot["taken_at"] = text_or(event.body, "taken_at", "");
        for (const json::key_value_pair& member : object_at(event.body, "resources", "journal")) {
            for (const std::string& name :
                 texts_at(object_of(member.value(), "journal"), "normalised", "journal"))
                seen.normalised.emplace_back(std::string(member.key()) + ": " + name);
        }
    } else {
        seen.snapshot[role] = commit;
    }
}

void see_note(Seen& seen, const DrillEvent& event) {
    if (event.body.contains("perturbed")) seen.perturbed = array_at(event.body, "perturbed", "journal");
    const std::string role = text_or(event.body, "compared", "");
    if (role.empty()) return;
    if (role == "perturbed") return;
    const json::array& differences = array_at(event.body, "differences", "journal");
    if (role == "residue") {
        seen.residue = differences;
        return;
    }
    seen.differences = differences;
    seen.fidelity["equal"] = flag_at(event.body, "equal", "journal");
    seen.fidelity["before"] = text_or(event.body, "before", "");
    seen.fidelity["after"] = text_or(event.body, "after", "");
}

/// The restore steps that set the time: from the last one to end, back over what it waited for.
json::array critical_path(const Plan& plan, const json::array& steps) {
    const auto step_of = [&](const std::string& resource) -> const json::object* {
        const json::object* last = nullptr;
        for (const json::value& step : steps) {
            const json::object& object = step.as_object();
            if (text_or(object, "stage", "") == "restore" && text_or(object, "resource", "") == resource)
                last = &object;
        }
        return last;
    };
    const auto ended = [](const json::object& step) {
        const json::value& value = step.at("ended_ms");
        return value.is_number() ? value.to_number<std::int64_t>() : -1;
    };
    const json::object* last = nullptr;
    for (const json::value& step : steps) {
        const json::object& object = step.as_object();
        if (text_or(object, "stage", "") != "restore") continue;
        if (last == nullptr || ended(object) >= ended(*last)) last = &object;
    }
    std::vector<std::string> path;
    while (last != nullptr && path.size() <= plan.resources.size()) {
        path.push_back(text_or(*last, "step", ""));
        const PlanResource* resource = find_resource(plan, ResourceName(text_or(*last, "resource", "")));
        const json::object* before = nullptr;
        if (resource != nullptr) {
            for (const ResourceName& need : resource->needs) {
                const json::object* step = step_of(need.text());
                if (step != nullptr && (before == nullptr || ended(*step) >= ended(*before))) before = step;
            }
        }
        last = before;
    }
    json::array array;
    for (auto step = path.rbegin(); step != path.rend(); ++step) array.emplace_back(*step);
    return array;
}

}  // namespace

json::object drill_document(const DrillRecord& record, const Plan& plan,
                            const std::vector<DrillEvent>& events, Verdict verdict,
                            const Measurement& measurement) {
    Seen seen;
    const Clocks& clocks = measurement.clocks;
    for (const PlanResource& resource : plan.resources) {
        seen.resources[resource.name.text()] = json::object{{"resource", resource.name.text()},
                                                            {"adapter", resource.adapter},
                                                            {"items_destroyed", 0},
                                                            {"items_restored", 0},
                                                            {"bytes_restored", 0},
                                                            {"restore_ms", nullptr},
                                                            {"equal", nullptr}};
    }
    seen.snapshot = {{"commit", nullptr}, {"tree", nullptr}};
    seen.fidelity = {{"equal", nullptr}, {"before", nullptr}, {"after", nullptr}};
    for (const DrillEvent& event : events) {
        switch (event.kind) {
            case EventKind::step_outcome:
                see_step(seen, event, clocks);
                break;
            case EventKind::snapshot:
                see_snapshot(seen, event);
                break;
            case EventKind::note:
                see_note(seen, event);
                break;
            case EventKind::finding:
                seen.findings.emplace_back(text_or(event.body, "text", ""));
                break;
            case EventKind::guard:
                seen.interlocks.emplace_back(event.body);
                break;
            default:
                break;
        }
    }
    seen.fidelity["normalised"] = seen.normalised;
    seen.fidelity["differences"] = seen.differences;
    seen.fidelity["verifier"] = measurement.verifier_saw == true    ? "checked"
                                : measurement.verifier_saw == false ? "blind"
                                                                    : "unproven";
    seen.fidelity["perturbed"] = seen.perturbed;
    json::array resources;
    for (const PlanResource& resource : plan.resources) {
        json::object& object = seen.resources[resource.name.text()];
        if (measurement.compared) {
            const bool differs =
                std::any_of(seen.differences.begin(), seen.differences.end(), [&](const json::value& one) {
                    return text_or(object_of(one, "journal"), "resource", "") == resource.name.text();
                });
            object["equal"] = !differs;
        }
        resources.emplace_back(object);
    }
    json::array reasons;
    for (const std::string& reason : measurement.reasons) reasons.emplace_back(reason);

    json::object document{
        {"schema", "rehearse.drill/v1"},
        {"drill", record.id.text()},
        {"kind", std::string(to_string(plan.kind))},
        {"playbook", plan.playbook.text()},
        {"title", plan.title},
        {"environment", plan.environment.text()},
        {"verdict", std::string(to_string(verdict))},
        {"reasons", std::move(reasons)},
        {"plan_hash", record.plan_hash.text()},
        {"snapshot", std::move(seen.snapshot)},
        {"clocks",
         {{"damage_began_ms", since(clocks, clocks.damage_began)},
          {"destruction_proven_ms", since(clocks, clocks.destruction_proven)},
          {"detected_ms", since(clocks, clocks.detected)},
          {"restore_began_ms", since(clocks, clocks.restore_began)},
          {"restored_ms", since(clocks, clocks.restored)},
          {"serving_ms", since(clocks, clocks.serving_latest)},
          {"verified_ms", since(clocks, clocks.verified)},
          {"started_at", to_rfc3339(record.started_at)},
          {"clock", "CLOCK_BOOTTIME"}}},
        {"phases", phases_of(clocks, plan.kind)},
        {"release", {{"id", record.release}}},
        {"actor", {{"name", record.actor.name}, {"kind", std::string(to_string(record.actor.kind))}}},
        {"host", record.host},
        {"versions", record.versions},
        {"recovery_time", to_json(measurement.recovery_time, plan.targets.rto, true)},
        {"recovery_point", to_json(measurement.recovery_point, plan.targets.rpo, false)},
        {"fidelity", std::move(seen.fidelity)},
        {"resources", std::move(resources)},
        {"steps", seen.steps},
        {"critical_path", critical_path(plan, seen.steps)},
        {"interlocks", std::move(seen.interlocks)},
        {"findings", std::move(seen.findings)}};
    document["recovery_time"].as_object()["measured_from"] =
        plan.kind == DrillKind::rollback ? "rollback_began" : "damage_began";
    if (plan.kind == DrillKind::rollback) {
        document["clocks"].as_object()["rollback_began_ms"] = since(clocks, clocks.rollback_began);
        document["residue"] = std::move(seen.residue);
    }
    return document;
}

}  // namespace rehearse
