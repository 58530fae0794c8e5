// Playbooks and rehearse.yaml on their way into the model.
#include <algorithm>
#include <utility>

#include "orchestrator/base/digest.h"
#include "orchestrator/playbook/keys.h"
#include "orchestrator/playbook/source.h"
#include "orchestrator/playbook/values.h"

namespace rehearse {

namespace {

/// Every adapter's destroy keys: which of them one step takes depends on its resource, which stands in
/// another file.
MoreKeys all_destroy_keys(AdapterDescriptors adapters) {
    return [adapters](const KeySpec& parent, const Node&) -> std::optional<std::vector<KeySpec>> {
        std::vector<KeySpec> keys;
        if (parent.name != "destroy") return keys;
        for (const AdapterDescriptor* adapter : adapters) {
            for (const KeySpec& key : adapter->destroy_keys) {
                if (find_key(keys, key.name) != nullptr) continue;
                KeySpec optional = key;
                optional.required = false;
                optional.default_text = {};
                keys.push_back(optional);
            }
        }
        return keys;
    };
}

std::vector<DestroyStep> destroy_from(const SourceFile& source) {
    std::vector<DestroyStep> steps;
    const Node* list = child(*source.root, "destroy");
    if (list == nullptr) return steps;
    const json::array& entries = array_at(source.values, "destroy", source.problems.file());
    for (std::size_t i = 0; i < entries.size(); ++i) {
        const json::object& values = entries[i].get_object();
        DestroyStep step;
        step.resource = ResourceName(text_at(values, "resource", source.problems.file()));
        step.items = texts_at(values, "items");
        for (const auto& [key, value] : values) {
            if (key != "resource" && key != "items") step.options[key] = value;
        }
        step.mark = source.mark(list->items[i].at);
        steps.push_back(std::move(step));
    }
    return steps;
}

VerifySettings verify_from(const SourceFile& source) {
    const json::object values = section(source.values, playbook_keys(), "verify");
    const json::object steady = section(values, find_key(playbook_keys(), "verify")->nested, "steady_state");
    return {.consecutive = static_cast<int>(integer_at(steady, "consecutive", source.problems.file())),
            .within = duration_at(steady, "within"),
            .check_verifier = flag_at(values, "check_verifier", source.problems.file()),
            .accept = texts_at(values, "accept")};
}

GuardSettings guard_from(const SourceFile& source) {
    const std::string& file = source.problems.file();
    const json::object values = section(source.values, playbook_keys(), "guard");
    return {.max_items = static_cast<std::uint64_t>(integer_at(values, "max_items", file)),
            .max_share_permille = permille(text_at(values, "max_share", file)),
            .snapshot_max_age = duration_at(values, "snapshot_max_age"),
            .approvals = static_cast<int>(integer_at(values, "approvals", file))};
}

Hooks hooks_from(const SourceFile& source) {
    Hooks hooks;
    const Node* node = child(*source.root, "hooks");
    if (node == nullptr) return hooks;
    const json::object& values = object_at(source.values, "hooks", source.problems.file());
    hooks.before_snapshot = commands_from(source, values, *node, "before_snapshot");
    hooks.before_destroy = commands_from(source, values, *node, "before_destroy");
    hooks.after_destroy = commands_from(source, values, *node, "after_destroy");
    hooks.before_restore = commands_from(source, values, *node, "before_restore");
    hooks.after_restore = commands_from(source, values, *node, "after_restore");
    return hooks;
}

Playbook playbook_from(const SourceFile& source) {
    const std::string& file = source.problems.file();
    const json::object& values = source.values;
    Playbook playbook;
    playbook.name = PlaybookName(text_at(values, "playbook", file));
    playbook.title = text_or(values, "title", playbook.name.text());
    playbook.kind = drill_kind_from(text_at(values, "kind", file));
    playbook.environment = EnvironmentName(text_at(values, "environment", file));
    const json::object& targets = object_at(values, "targets", file);
    playbook.targets = {.rto = duration_at(targets, "rto"), .rpo = duration_at(targets, "rpo")};
    playbook.steady_state = texts_at(values, "steady_state");
    playbook.destroy = destroy_from(source);
    playbook.change = commands_from(source, values, *source.root, "change");
    playbook.rollback = commands_from(source, values, *source.root, "rollback");
    playbook.restore_parallel =
        static_cast<int>(integer_at(section(values, playbook_keys(), "restore"), "parallel", file));
    playbook.verify = verify_from(source);
    playbook.guard = guard_from(source);
    playbook.freeze = freeze_from(source);
    playbook.hooks = hooks_from(source);
    playbook.alarm = alarm_from(source);
    if (const Node* schedule = child(*source.root, "schedule")) {
        const json::object& when = object_at(values, "schedule", file);
        playbook.schedule = ScheduleSpec{.cron = text_at(when, "cron", file),
                                         .timezone = text_at(when, "timezone", file),
                                         .mark = source.mark(schedule->at)};
    }
    playbook.file = source.path;
    playbook.digest = sha256_hex(source.bytes);
    return playbook;
}

}  // namespace

Read<Playbook> build_playbook(SourceFile source, AdapterDescriptors adapters) {
    std::optional<Playbook> playbook;
    if (source.root) {
        Checker checker(source.folder(), source.problems, all_destroy_keys(adapters));
        source.values = checker.mapping(*source.root, playbook_keys(), "a playbook", {1, 1});
        check_playbook(*source.root, source.problems);
        if (source.problems.empty()) playbook = playbook_from(source);
    }
    return {std::move(source), std::move(playbook)};
}

Read<WorkspaceSettings> build_workspace(SourceFile source) {
    std::optional<WorkspaceSettings> settings;
    if (source.root) {
        Checker checker(source.folder(), source.problems);
        source.values = checker.mapping(*source.root, workspace_keys(), "rehearse.yaml", {1, 1});
        check_freeze(*source.root, source.problems);
        if (source.problems.empty()) {
            settings = WorkspaceSettings{.name = text_at(source.values, "workspace", source.problems.file()),
                                         .alarm = alarm_from(source),
                                         .freeze = freeze_from(source)};
            if (source.values.contains("audit")) {
                settings->checkpoints = text_at(object_at(source.values, "audit", source.problems.file()),
                                                "checkpoints", source.problems.file());
            }
        }
    }
    return {std::move(source), std::move(settings)};
}

}  // namespace rehearse
