// The plan's canonical document, written and read back.
#include "orchestrator/model/plan.h"

#include <algorithm>

#include "orchestrator/base/digest.h"
#include "orchestrator/base/failure.h"

namespace rehearse {

namespace {

constexpr std::string_view schema = "rehearse.plan/v1";

json::array texts(const std::vector<std::string>& values) {
    json::array array;
    for (const std::string& value : values) array.emplace_back(value);
    return array;
}

json::array commands_to_json(const std::vector<CommandSpec>& commands) {
    json::array array;
    for (const CommandSpec& command : commands) array.emplace_back(to_json(command));
    return array;
}

std::vector<CommandSpec> commands_at(const json::object& object, std::string_view key,
                                     const std::string& origin) {
    std::vector<CommandSpec> commands;
    for (const json::object& command : objects_at(object, key, origin))
        commands.push_back(command_from_json(command, origin));
    return commands;
}

json::object freeze_to_json(const FreezeWindow& window) {
    json::object object{{"reason", window.reason}, {"timezone", window.timezone}};
    if (window.starts) {
        object["starts"] = to_rfc3339(*window.starts);
        if (window.ends) object["ends"] = to_rfc3339(*window.ends);
    } else {
        object["days"] = texts(window.days);
        object["from"] = window.from;
        object["until"] = window.until;
    }
    return object;
}

FreezeWindow freeze_from_json(const json::object& object, const std::string& origin) {
    FreezeWindow window;
    window.reason = text_at(object, "reason", origin);
    window.timezone = text_at(object, "timezone", origin);
    if (object.contains("starts")) {
        window.starts = parse_rfc3339(text_at(object, "starts", origin));
        if (object.contains("ends")) window.ends = parse_rfc3339(text_at(object, "ends", origin));
    } else {
        window.days = texts_at(object, "days", origin);
        window.from = text_at(object, "from", origin);
        window.until = text_at(object, "until", origin);
    }
    return window;
}

EnvironmentClass class_from(const std::string& text, const std::string& origin) {
    for (const EnvironmentClass value :
         {EnvironmentClass::development, EnvironmentClass::staging, EnvironmentClass::production}) {
        if (text == to_string(value)) return value;
    }
    throw Failure({.kind = FailureKind::invalid_input,
                   .operation = "read plan",
                   .object = origin,
                   .native_code = {},
                   .message = "no such class: " + text,
                   .remedy = {}});
}

struct HookStage {
    std::string_view name;
    std::vector<CommandSpec> Hooks::*commands;
};
constexpr HookStage hook_stages[] = {{"before_snapshot", &Hooks::before_snapshot},
                                     {"before_destroy", &Hooks::before_destroy},
                                     {"after_destroy", &Hooks::after_destroy},
                                     {"before_restore", &Hooks::before_restore},
                                     {"after_restore", &Hooks::after_restore}};

}  // namespace

json::object to_json(const Plan& plan) {
    json::array probes, resources, destroy, freeze;
    for (const ProbeSpec& probe : plan.steady_state) probes.emplace_back(to_json(probe));
    for (const PlanResource& resource : plan.resources) {
        json::array needs;
        for (const ResourceName& need : resource.needs) needs.emplace_back(need.text());
        resources.emplace_back(json::object{{"resource", resource.name.text()},
                                            {"adapter", resource.adapter},
                                            {"needs", std::move(needs)},
                                            {"identity", resource.identity},
                                            {"options", resource.options}});
    }
    for (const PlanStep& step : plan.destroy) {
        destroy.emplace_back(json::object{{"step", step.step},
                                          {"resource", step.resource.text()},
                                          {"patterns", texts(step.patterns)},
                                          {"whole", step.whole},
                                          {"items", texts(step.items)},
                                          {"items_in_resource", step.items_in_resource},
                                          {"options", step.options},
                                          {"unmatched", texts(step.unmatched)}});
    }
    for (const FreezeWindow& window : plan.freeze) freeze.emplace_back(freeze_to_json(window));
    json::object hooks;
    for (const HookStage& stage : hook_stages)
        hooks[stage.name] = commands_to_json(plan.hooks.*stage.commands);
    return {{"schema", schema},
            {"playbook", plan.playbook.text()},
            {"playbook_digest", plan.playbook_digest},
            {"title", plan.title},
            {"environment", plan.environment.text()},
            {"class", std::string(to_string(plan.environment_class))},
            {"service", plan.service},
            {"owner", plan.owner},
            {"kind", std::string(to_string(plan.kind))},
            {"release", plan.release},
            {"targets",
             {{"rto_ms", to_milliseconds(plan.targets.rto)}, {"rpo_ms", to_milliseconds(plan.targets.rpo)}}},
            {"steady_state", std::move(probes)},
            {"resources", std::move(resources)},
            {"destroy", std::move(destroy)},
            {"change", commands_to_json(plan.change)},
            {"rollback", commands_to_json(plan.rollback)},
            {"hooks", std::move(hooks)},
            {"restore", {{"order", "dependencies"}, {"parallel", plan.restore_parallel}}},
            {"verify",
             {{"fidelity", "exact"},
              {"consecutive", plan.verify.consecutive},
              {"within_ms", to_milliseconds(plan.verify.within)},
              {"check_verifier", plan.verify.check_verifier},
              {"accept", texts(plan.verify.accept)}}},
            {"guard",
             {{"max_items", plan.guard.max_items},
              {"max_share_permille", plan.guard.max_share_permille},
              {"snapshot_max_age_ms", to_milliseconds(plan.guard.snapshot_max_age)},
              {"approvals", plan.guard.approvals}}},
            {"freeze", std::move(freeze)}};
}

Plan plan_from_json(const json::object& document, const std::string& origin) {
    if (text_or(document, "schema", "") != schema) {
        throw Failure({.kind = FailureKind::invalid_input,
                       .operation = "read plan",
                       .object = origin,
                       .native_code = {},
                       .message = "the document is not a " + std::string(schema),
                       .remedy = "use the version of rehearse that wrote it"});
    }
    Plan plan;
    plan.playbook = PlaybookName(text_at(document, "playbook", origin));
    plan.playbook_digest = text_at(document, "playbook_digest", origin);
    plan.title = text_at(document, "title", origin);
    plan.environment = EnvironmentName(text_at(document, "environment", origin));
    plan.environment_class = class_from(text_at(document, "class", origin), origin);
    plan.service = text_at(document, "service", origin);
    plan.owner = text_at(document, "owner", origin);
    plan.kind = drill_kind_from(text_at(document, "kind", origin));
    plan.release = text_at(document, "release", origin);
    const json::object& targets = object_at(document, "targets", origin);
    plan.targets.rto = milliseconds_at(targets, "rto_ms", origin);
    plan.targets.rpo = milliseconds_at(targets, "rpo_ms", origin);
    for (const json::object& probe : objects_at(document, "steady_state", origin)) {
        plan.steady_state.push_back(probe_from_json(probe, origin));
    }
    for (const json::object& object : objects_at(document, "resources", origin)) {
        PlanResource resource;
        resource.name = ResourceName(text_at(object, "resource", origin));
        resource.adapter = text_at(object, "adapter", origin);
        for (const std::string& need : texts_at(object, "needs", origin)) {
            resource.needs.emplace_back(need);
        }
        resource.identity = object_at(object, "identity", origin);
        resource.options = object_at(object, "options", origin);
        plan.resources.push_back(std::move(resource));
    }
    for (const json::object& object : objects_at(document, "destroy", origin)) {
        PlanStep step;
        step.step = text_at(object, "step", origin);
        step.resource = ResourceName(text_at(object, "resource", origin));
        step.patterns = texts_at(object, "patterns", origin);
        step.whole = flag_at(object, "whole", origin);
        step.items = texts_at(object, "items", origin);
        step.items_in_resource = number_at<std::uint64_t>(object, "items_in_resource", origin);
        step.options = object_at(object, "options", origin);
        step.unmatched = texts_at(object, "unmatched", origin);
        plan.destroy.push_back(std::move(step));
    }
    plan.change = commands_at(document, "change", origin);
    plan.rollback = commands_at(document, "rollback", origin);
    const json::object& hooks = object_at(document, "hooks", origin);
    for (const HookStage& stage : hook_stages) {
        plan.hooks.*stage.commands = commands_at(hooks, stage.name, origin);
    }
    plan.restore_parallel = number_at<int>(object_at(document, "restore", origin), "parallel", origin);
    const json::object& verify = object_at(document, "verify", origin);
    plan.verify.consecutive = number_at<int>(verify, "consecutive", origin);
    plan.verify.within = milliseconds_at(verify, "within_ms", origin);
    plan.verify.check_verifier =
        verify.contains("check_verifier") && flag_at(verify, "check_verifier", origin);
    plan.verify.accept = texts_at(verify, "accept", origin);
    const json::object& guard = object_at(document, "guard", origin);
    plan.guard.max_items = number_at<std::uint64_t>(guard, "max_items", origin);
    plan.guard.max_share_permille = number_at<std::uint64_t>(guard, "max_share_permille", origin);
    plan.guard.snapshot_max_age = milliseconds_at(guard, "snapshot_max_age_ms", origin);
    plan.guard.approvals = number_at<int>(guard, "approvals", origin);
    for (const json::object& window : objects_at(document, "freeze", origin)) {
        plan.freeze.push_back(freeze_from_json(window, origin));
    }
    json::object written = to_json(plan);
    // A plan from before the verifier could be checked.
    if (!verify.contains("check_verifier")) written.at("verify").get_object().erase("check_verifier");
    require_understood(written, document, origin);
    return plan;
}

PlanHash plan_hash(const Plan& plan) {
    return PlanHash("sha256:" + sha256_hex(canonical_json(to_json(plan))));
}

const PlanResource* find_resource(const Plan& plan, const ResourceName& name) {
    const auto found = std::find_if(plan.resources.begin(), plan.resources.end(),
                                    [&](const PlanResource& resource) { return resource.name == name; });
    return found == plan.resources.end() ? nullptr : &*found;
}

bool has_unguarded_commands(const Plan& plan) {
    return !plan.change.empty() || !plan.rollback.empty() ||
           std::any_of(std::begin(hook_stages), std::end(hook_stages),
                       [&](const HookStage& stage) { return !(plan.hooks.*stage.commands).empty(); });
}

}  // namespace rehearse
