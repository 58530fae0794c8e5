// Playbooks: names of kinds, and the order that dependencies give.
#include "orchestrator/model/playbook.h"

#include <algorithm>
#include <map>

#include "orchestrator/base/failure.h"

namespace rehearse {

std::string_view to_string(DrillKind value) {
    switch (value) {
        case DrillKind::disaster:
            return "disaster";
        case DrillKind::rollback:
            return "rollback";
        case DrillKind::restore_test:
            return "restore_test";
    }
    return "disaster";
}

DrillKind drill_kind_from(std::string_view text) {
    for (const DrillKind kind : {DrillKind::disaster, DrillKind::rollback, DrillKind::restore_test}) {
        if (text == to_string(kind)) return kind;
    }
    throw Failure({.kind = FailureKind::invalid_input,
                   .operation = {},
                   .object = std::string(text),
                   .native_code = {},
                   .message = "no such kind of drill",
                   .remedy = "use disaster, rollback or restore_test"});
}

namespace {

enum class Mark { unseen, on_path, done };

struct Walk {
    const std::map<ResourceName, const ResourceSpec*>& by_name;
    std::map<ResourceName, Mark> marks;
    std::vector<ResourceName> path, order;

    void visit(const ResourceName& name) {
        Mark& mark = marks[name];
        if (mark == Mark::done) return;
        path.push_back(name);
        if (mark == Mark::on_path) {
            std::string cycle;
            for (auto at = std::find(path.begin(), path.end(), name); at != path.end(); ++at) {
                cycle += (cycle.empty() ? "" : " -> ") + at->text();
            }
            throw Failure({.kind = FailureKind::invalid_input,
                           .operation = "order resources",
                           .object = name.text(),
                           .native_code = {},
                           .message = "the resources need each other in a circle: " + cycle,
                           .remedy = "take one of these needs away"});
        }
        mark = Mark::on_path;
        for (const ResourceName& need : by_name.at(name)->needs) {
            if (by_name.contains(need)) visit(need);
        }
        marks[name] = Mark::done;
        path.pop_back();
        order.push_back(name);
    }
};

}  // namespace

std::vector<ResourceName> dependency_order(const std::vector<ResourceSpec>& resources) {
    std::map<ResourceName, const ResourceSpec*> by_name;
    for (const ResourceSpec& resource : resources) by_name.emplace(resource.name, &resource);
    Walk walk{by_name, {}, {}, {}};
    for (const ResourceSpec& resource : resources) walk.visit(resource.name);
    return walk.order;
}

}  // namespace rehearse
