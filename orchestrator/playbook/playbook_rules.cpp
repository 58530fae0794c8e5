// Playbooks: what a kind of drill must and may not say, and values that belong together.
#include <algorithm>
#include <utility>

#include "orchestrator/playbook/source.h"
#include "orchestrator/playbook/values.h"

namespace rehearse {

namespace {

void require(const Node& root, std::string_view key, const std::string& kind, Problems& problems) {
    const Node* found = child(root, key);
    if (found == nullptr) {
        const Node* place = child(root, "kind");
        problems.add(place->at, "a playbook of kind '" + kind + "' has no '" + std::string(key) + "'",
                     "add it: a list of " + std::string(key == "destroy" ? "steps" : "commands"));
    } else if (found->kind == Node::Kind::list && found->items.empty()) {
        problems.add(found->at, "'" + std::string(key) + "' is an empty list", "say what it does");
    }
}

void refuse(const Node& root, std::string_view key, const std::string& kind, Problems& problems) {
    if (const Node* found = key_of(root, key)) {
        problems.add(found->at, "a playbook of kind '" + kind + "' takes no '" + std::string(key) + "'",
                     "remove it, or change the kind");
    }
}

void check_kind(const Node& root, Problems& problems) {
    const std::string kind = scalar_at(root, "kind");
    if (kind == "disaster") {
        require(root, "destroy", kind, problems);
        refuse(root, "change", kind, problems);
        refuse(root, "rollback", kind, problems);
    } else if (kind == "rollback") {
        require(root, "change", kind, problems);
        require(root, "rollback", kind, problems);
        refuse(root, "destroy", kind, problems);
    }
}

void check_steady_state(const Node& root, Problems& problems) {
    const Node* list = child(root, "steady_state");
    if (list == nullptr || list->kind != Node::Kind::list) return;
    if (list->items.empty()) {
        problems.add(list->at,
                     "'steady_state' names no probe, and without one no recovery time can be measured",
                     "name at least one probe of the environment");
    }
    std::vector<std::string_view> seen;
    for (const Node& probe : list->items) {
        if (std::find(seen.begin(), seen.end(), probe.text) != seen.end()) {
            problems.add(probe.at, "'steady_state' names '" + shortened(probe.text) + "' twice",
                         "remove one");
        }
        seen.push_back(probe.text);
    }
}

void check_destroy(const Node& root, Problems& problems) {
    const Node* list = child(root, "destroy");
    if (list == nullptr || list->kind != Node::Kind::list) return;
    std::vector<std::pair<std::string, bool>> seen;  // resource, whole
    for (const Node& step : list->items) {
        const Node* items = child(step, "items");
        if (items != nullptr && items->kind == Node::Kind::list && items->items.empty()) {
            problems.add(items->at, "'items' is an empty list, which means neither nothing nor everything",
                         "name patterns, or remove the key to break the whole resource");
        }
        const Node* resource = child(step, "resource");
        if (resource == nullptr || resource->kind != Node::Kind::scalar) continue;
        const bool whole = items == nullptr;
        for (const auto& [name, was_whole] : seen) {
            if (name != resource->text || (!whole && !was_whole)) continue;
            problems.add(resource->at,
                         "'" + shortened(name) + "' is broken as a whole and in another step, too",
                         "keep one of the steps");
            break;
        }
        seen.emplace_back(resource->text, whole);
    }
}

void check_schedule(const Node& root, Problems& problems) {
    const Node* schedule = child(root, "schedule");
    if (schedule == nullptr) return;
    const auto check = [&](std::string_view key, MaybeComplaint (*judge)(std::string_view)) {
        const Node* node = child(*schedule, key);
        if (node == nullptr || node->kind != Node::Kind::scalar || node->text.empty()) return;
        if (const MaybeComplaint complaint = judge(node->text)) {
            problems.add(node->at, "'" + std::string(key) + "' " + complaint->message, complaint->remedy);
        }
    };
    check("cron", check_cron);
    check("timezone", check_timezone);
}

}  // namespace

void check_playbook(const Node& root, Problems& problems) {
    check_kind(root, problems);
    check_steady_state(root, problems);
    check_destroy(root, problems);
    check_freeze(root, problems);
    check_schedule(root, problems);
}

}  // namespace rehearse
