// Environments: what the table of keys cannot say: one question in each probe, needs that exist and make no
// circle.
#include <algorithm>
#include <limits>
#include <utility>

#include "orchestrator/base/secret.h"
#include "orchestrator/playbook/keys.h"
#include "orchestrator/playbook/nearest.h"
#include "orchestrator/playbook/source.h"
#include "orchestrator/playbook/values.h"

namespace rehearse {

namespace {

constexpr std::size_t most_resources = 1000;

struct Question {
    std::string_view key;
    ProbeKind kind;
    std::string_view called;
    std::vector<std::string_view> expectations;
};

const std::vector<Question>& questions() {
    static const std::vector<Question> all{
        {"http", ProbeKind::http, "an http probe", {"status", "contains"}},
        {"tcp", ProbeKind::tcp, "a tcp probe", {}},
        {"sql", ProbeKind::sql, "a sql probe", {"contains", "equals", "at_least", "at_most"}},
        {"command", ProbeKind::command, "a command probe", {"contains", "equals", "exit_code"}}};
    return all;
}

std::vector<std::string_view> names_of(const Node& mapping) {
    std::vector<std::string_view> names;
    for (const Node& key : mapping.keys) names.push_back(key.text);
    return names;
}

void check_adapter(const Node& resource, AdapterDescriptors adapters, Problems& problems) {
    const Node* name = child(resource, "adapter");
    if (name == nullptr || name->kind != Node::Kind::scalar || name->text.empty()) return;
    if (const AdapterDescriptor* adapter = find_adapter(adapters, name->text)) {
        for (const KeySpec& key : adapter->keys) {
            const Node* value = child(resource, key.name);
            if (key.type != ValueType::connection || value == nullptr) continue;
            if (value->kind == Node::Kind::scalar && without_password(value->text) != value->text) {
                problems.warn(value->at, "'" + std::string(key.name) + "' holds a password in clear",
                              "put it into a file of mode 0600 and name that: passfile=/path/to/passfile");
            }
        }
        return;
    }
    std::vector<std::string_view> names;
    for (const AdapterDescriptor* adapter : adapters) names.push_back(adapter->name);
    problems.add(name->at, "there is no adapter '" + shortened(name->text) + "'",
                 suggestion(name->text, names, "the adapters of this build are"));
}

/// Unknown and doubled needs; gives the known ones for the search for circles.
std::vector<ResourceName> check_needs(const std::string& name, const Node& resource, const Node& resources,
                                      Problems& problems) {
    std::vector<ResourceName> needs;
    const Node* list = child(resource, "needs");
    if (list == nullptr) return needs;
    for (const Node& need : list->items) {
        if (need.kind != Node::Kind::scalar) continue;
        const ResourceName needed(need.text);
        if (need.text == name) {
            problems.add(need.at, "resource '" + shortened(name) + "' needs itself", "remove it");
        } else if (child(resources, need.text) == nullptr) {
            problems.add(need.at,
                         "resource '" + shortened(name) + "' needs '" + shortened(need.text) +
                             "', which is no resource of this environment",
                         suggestion(need.text, names_of(resources), "its resources are"));
        } else if (std::find(needs.begin(), needs.end(), needed) != needs.end()) {
            problems.add(need.at, "resource '" + shortened(name) + "' needs '" + need.text + "' twice",
                         "remove one");
        } else {
            needs.push_back(needed);
        }
    }
    return needs;
}

void check_resources(const Node& root, AdapterDescriptors adapters, Problems& problems) {
    const Node* resources = child(root, "resources");
    if (resources == nullptr || resources->kind != Node::Kind::mapping) return;
    if (resources->keys.empty()) {
        problems.add(resources->at, "the environment has no resources", "add at least one");
    }
    if (resources->keys.size() > most_resources) {
        problems.add(resources->at, "the environment has more than 1000 resources", "split it");
        return;
    }
    std::vector<ResourceSpec> graph;
    for (std::size_t i = 0; i < resources->keys.size(); ++i) {
        const std::string& name = resources->keys[i].text;
        check_adapter(resources->items[i], adapters, problems);
        graph.push_back({.name = ResourceName(name),
                         .adapter = {},
                         .options = {},
                         .needs = check_needs(name, resources->items[i], *resources, problems),
                         .mark = {}});
    }
    try {
        static_cast<void>(dependency_order(graph));
    } catch (const Failure& failure) {
        const Node* needs = child(*child(*resources, failure.fields().object), "needs");
        problems.add(needs->at, failure.fields().message.substr(0, 1000), failure.fields().remedy);
    }
}

void check_expectations(const Node& probe, const Question& question, Problems& problems) {
    const Node* expect = child(probe, "expect");
    if (expect == nullptr || expect->kind != Node::Kind::mapping) return;
    const std::vector<std::string_view>& known = question.expectations;
    if (expect->keys.empty()) {
        problems.add(expect->at, "'expect' says nothing", "write what must hold, or remove the key");
    }
    for (const Node& key : expect->keys) {
        const bool fits = std::find(known.begin(), known.end(), key.text) != known.end();
        if (fits || find_key(find_key(find_key(environment_keys(), "probes")->nested, "expect")->nested,
                             key.text) == nullptr) {
            continue;
        }
        problems.add(key.at, std::string(question.called) + " cannot expect '" + key.text + "'",
                     known.empty() ? "remove 'expect': it passes when the port accepts a connection"
                                   : "it can expect " + listed(known));
    }
    const std::string least = scalar_at(*expect, "at_least");
    const std::string most = scalar_at(*expect, "at_most");
    constexpr std::int64_t any = std::numeric_limits<std::int64_t>::max();
    if (!least.empty() && !most.empty() && !check_integer(least, false, 0, any) &&
        !check_integer(most, false, 0, any) && std::stoll(least) > std::stoll(most)) {
        problems.add(child(*expect, "at_most")->at,
                     "'at_most' is less than 'at_least', so that no value fits", "swap them");
    }
}

/// The resource of a SQL probe is there, and its adapter answers.
void check_asked(const std::string& name, const Node& probe, const Node& resources,
                 AdapterDescriptors adapters, Problems& problems) {
    const Node* sql = child(probe, "sql");
    const Node* asked = sql == nullptr ? nullptr : child(*sql, "resource");
    if (asked == nullptr || asked->kind != Node::Kind::scalar) return;
    if (resources.kind != Node::Kind::mapping) return;
    const std::string asks = "probe '" + shortened(name) + "' asks '" + shortened(asked->text) + "', ";
    const Node* resource = child(resources, asked->text);
    if (resource == nullptr) {
        problems.add(asked->at, asks + "which is no resource of this environment",
                     suggestion(asked->text, names_of(resources), "its resources are"));
        return;
    }
    const AdapterDescriptor* adapter = find_adapter(adapters, scalar_at(*resource, "adapter"));
    if (adapter == nullptr || adapter->answers_queries) return;
    problems.add(asked->at, asks + "whose adapter '" + std::string(adapter->name) + "' answers no queries",
                 "use a probe of another kind");
}

void check_probes(const Node& root, AdapterDescriptors adapters, Problems& problems) {
    const Node* probes = child(root, "probes");
    const Node* resources = child(root, "resources");
    if (probes == nullptr || probes->kind != Node::Kind::mapping) return;
    for (std::size_t i = 0; i < probes->keys.size(); ++i) {
        const Node& name = probes->keys[i];
        const Node& probe = probes->items[i];
        if (probe.kind != Node::Kind::mapping) continue;
        std::vector<const Question*> asked;
        for (const Question& question : questions()) {
            if (child(probe, question.key) != nullptr) asked.push_back(&question);
        }
        if (asked.empty()) {
            problems.add(name.at, "probe '" + shortened(name.text) + "' asks nothing",
                         "give it one of http, tcp, sql and command");
        } else if (asked.size() > 1) {
            problems.add(key_of(probe, asked[1]->key)->at,
                         "probe '" + shortened(name.text) + "' asks two questions: " +
                             std::string(asked[0]->key) + " and " + std::string(asked[1]->key),
                         "make two probes of it");
        } else {
            check_expectations(probe, *asked[0], problems);
        }
        if (resources != nullptr) check_asked(name.text, probe, *resources, adapters, problems);
    }
}

}  // namespace

void check_environment(const Node& root, AdapterDescriptors adapters, Problems& problems) {
    check_resources(root, adapters, problems);
    check_probes(root, adapters, problems);
}

}  // namespace rehearse
