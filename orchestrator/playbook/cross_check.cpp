// A playbook against its environment: what it names must be there, and its steps take what their adapters
// take.
#include <algorithm>
#include <utility>

#include "orchestrator/playbook/keys.h"
#include "orchestrator/playbook/nearest.h"
#include "orchestrator/playbook/source.h"
#include "orchestrator/playbook/values.h"

namespace rehearse {

namespace {

class CrossCheck {
  public:
    CrossCheck(Read<Playbook>& playbook, const Environment& environment, AdapterDescriptors adapters)
        : source_(playbook.source),
          playbook_(playbook.value),
          environment_(environment),
          adapters_(adapters) {
        for (const ResourceSpec& resource : environment.resources) resources_.push_back(resource.name.text());
        for (const ProbeSpec& probe : environment.probes) probes_.push_back(probe.name);
    }

    void run() {
        steady_state();
        destroy();
        accept();
    }

  private:
    [[nodiscard]] std::string environment() const { return "environment '" + environment_.name.text() + "'"; }

    void steady_state() {
        const Node* list = child(*source_.root, "steady_state");
        if (list == nullptr) return;
        for (const Node& name : list->items) {
            if (name.kind != Node::Kind::scalar || find_probe(environment_, name.text) != nullptr) continue;
            source_.problems.add(name.at, environment() + " has no probe '" + shortened(name.text) + "'",
                                 probes_.empty()
                                     ? "add it under 'probes' in " + environment_.file.filename().string()
                                     : suggestion(name.text, probes_, "its probes are"));
        }
    }

    void destroy() {
        const Node* list = child(*source_.root, "destroy");
        if (list == nullptr) return;
        for (std::size_t i = 0; i < list->items.size(); ++i) {
            const Node* name = child(list->items[i], "resource");
            if (name == nullptr || name->kind != Node::Kind::scalar) continue;
            const ResourceSpec* resource = find_resource(environment_, ResourceName(name->text));
            if (resource == nullptr) {
                source_.problems.add(name->at,
                                     environment() + " has no resource '" + shortened(name->text) + "'",
                                     suggestion(name->text, resources_, "its resources are"));
            } else if (const AdapterDescriptor* adapter = find_adapter(adapters_, resource->adapter)) {
                step(list->items[i], i, *adapter);
            }
        }
    }

    /// What a step says must be what its adapter takes; the adapter's defaults are filled in.
    void step(const Node& node, std::size_t index, const AdapterDescriptor& adapter) {
        const std::string name(adapter.name);
        if (adapter.patterns.empty()) {
            if (const Node* items = key_of(node, "items")) {
                source_.problems.add(items->at,
                                     "the adapter '" + name + "' breaks a resource as a whole only",
                                     "remove 'items'");
            }
        }
        std::vector<KeySpec> keys;
        for (const KeySpec& key : find_key(playbook_keys(), "destroy")->nested) {
            if (key.name != "items" || !adapter.patterns.empty()) keys.push_back(key);
        }
        keys.insert(keys.end(), adapter.destroy_keys.begin(), adapter.destroy_keys.end());
        Problems again(source_.problems.file());
        Checker checker(source_.folder(), again);
        json::object values =
            checker.mapping(node, keys, "a destroy step of the adapter '" + name + "'", node.at);
        for (const Problem& problem : again.problems()) add_once(problem);
        if (!playbook_) return;
        values.erase("resource");
        values.erase("items");
        playbook_->destroy[index].options = std::move(values);
    }

    /// What the file by itself was told at the same place is not told again.
    void add_once(const Problem& problem) {
        const std::vector<Problem> known = source_.problems.problems();
        const bool there = std::any_of(known.begin(), known.end(), [&](const Problem& other) {
            return other.mark.line == problem.mark.line && other.mark.column == problem.mark.column;
        });
        if (!there) {
            source_.problems.add({problem.mark.line, problem.mark.column}, problem.message, problem.remedy);
        }
    }

    /// "orders/**": a resource that is written out must exist; one with a glob in it is taken as it is.
    void accept() {
        const Node* verify = child(*source_.root, "verify");
        const Node* list = verify == nullptr ? nullptr : child(*verify, "accept");
        if (list == nullptr) return;
        for (const Node& pattern : list->items) {
            if (pattern.kind != Node::Kind::scalar) continue;
            const std::string name = pattern.text.substr(0, pattern.text.find('/'));
            if (name.find_first_of("*?[\\") != std::string::npos) continue;
            if (find_resource(environment_, ResourceName(name)) != nullptr) continue;
            source_.problems.add(pattern.at, environment() + " has no resource '" + shortened(name) + "'",
                                 "write resource/item; " + suggestion(name, resources_, "its resources are"));
        }
    }

    SourceFile& source_;
    std::optional<Playbook>& playbook_;
    const Environment& environment_;
    AdapterDescriptors adapters_;
    std::vector<std::string_view> resources_, probes_;
};

}  // namespace

void cross_check(Read<Playbook>& playbook, const Environment& environment, AdapterDescriptors adapters) {
    CrossCheck(playbook, environment, adapters).run();
}

}  // namespace rehearse
