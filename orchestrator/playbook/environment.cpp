// Environments: what the table of keys cannot say (one question in each probe, needs that exist and make no
// circle), and the way into the model.
#include <algorithm>
#include <array>
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

/// Resources take the keys of their adapter; of an unknown adapter nothing is known.
MoreKeys adapter_keys(AdapterDescriptors adapters) {
    return [adapters](const KeySpec& parent, const Node& entry) -> std::optional<std::vector<KeySpec>> {
        if (parent.name != "resources") return std::vector<KeySpec>{};
        const AdapterDescriptor* adapter = find_adapter(adapters, scalar_at(entry, "adapter"));
        if (adapter == nullptr) return std::nullopt;
        return std::vector<KeySpec>(adapter->keys.begin(), adapter->keys.end());
    };
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

void check_probes(const Node& root, Problems& problems) {
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
        const Node* sql = child(probe, "sql");
        const Node* resource = sql == nullptr ? nullptr : child(*sql, "resource");
        if (resource == nullptr || resource->kind != Node::Kind::scalar || resources == nullptr) continue;
        if (resources->kind != Node::Kind::mapping || child(*resources, resource->text) != nullptr) continue;
        problems.add(resource->at,
                     "probe '" + shortened(name.text) + "' asks '" + shortened(resource->text) +
                         "', which is no resource of this environment",
                     suggestion(resource->text, names_of(*resources), "its resources are"));
    }
}

std::optional<int> number_in(const json::object& values, std::string_view key) {
    const json::value* found = values.if_contains(key);
    if (found == nullptr) return std::nullopt;
    return static_cast<int>(found->get_int64());
}

std::optional<std::int64_t> large_number_in(const json::object& values, std::string_view key) {
    const json::value* found = values.if_contains(key);
    if (found == nullptr) return std::nullopt;
    return found->get_int64();
}

std::optional<std::string> text_in(const json::object& values, std::string_view key) {
    const json::value* found = values.if_contains(key);
    if (found == nullptr) return std::nullopt;
    return std::string(found->get_string());
}

ProbeSpec probe_from(const SourceFile& source, const std::string& name, const json::object& values) {
    const std::string& file = source.problems.file();
    ProbeSpec probe;
    probe.name = name;
    if (values.contains("http")) {
        const json::object& http = object_at(values, "http", file);
        probe.kind = ProbeKind::http;
        probe.url = text_at(http, "url", file);
        probe.method = text_at(http, "method", file);
    } else if (values.contains("tcp")) {
        const json::object& tcp = object_at(values, "tcp", file);
        probe.kind = ProbeKind::tcp;
        probe.host = text_at(tcp, "host", file);
        probe.port = static_cast<std::uint16_t>(integer_at(tcp, "port", file));
    } else if (values.contains("sql")) {
        const json::object& sql = object_at(values, "sql", file);
        probe.kind = ProbeKind::sql;
        probe.resource = ResourceName(text_at(sql, "resource", file));
        probe.query = text_at(sql, "query", file);
    } else {
        probe.kind = ProbeKind::command;
        for (const json::value& argument : array_at(values, "command", file)) {
            probe.command.emplace_back(argument.get_string());
        }
        probe.directory = source.folder();
    }
    if (const json::value* found = values.if_contains("expect")) {
        const json::object& expect = found->get_object();
        probe.status = number_in(expect, "status");
        probe.contains = text_in(expect, "contains");
        probe.equals = text_in(expect, "equals");
        probe.at_least = large_number_in(expect, "at_least");
        probe.at_most = large_number_in(expect, "at_most");
        probe.exit_code = number_in(expect, "exit_code");
    }
    if (values.contains("interval")) probe.interval = duration_at(values, "interval");
    probe.timeout = duration_at(values, "timeout");
    return probe;
}

ResourceSpec resource_from(const SourceFile& source, const std::string& name, const json::object& values) {
    ResourceSpec resource;
    resource.name = ResourceName(name);
    resource.adapter = text_at(values, "adapter", source.problems.file());
    if (const json::value* needs = values.if_contains("needs")) {
        for (const json::value& need : needs->get_array()) {
            resource.needs.emplace_back(std::string(need.get_string()));
        }
    }
    for (const auto& [key, value] : values) {
        if (key != "adapter" && key != "needs") resource.options[key] = value;
    }
    return resource;
}

EnvironmentClass class_from(std::string_view text) {
    if (text == "development") return EnvironmentClass::development;
    if (text == "staging") return EnvironmentClass::staging;
    return EnvironmentClass::production;
}

Environment environment_from(const SourceFile& source) {
    const std::string& file = source.problems.file();
    const json::object& values = source.values;
    Environment environment;
    environment.name = EnvironmentName(text_at(values, "environment", file));
    environment.class_ = class_from(text_at(values, "class", file));
    environment.service = text_or(values, "service", {});
    environment.owner = text_or(values, "owner", {});
    environment.file = source.path;
    const auto place = [&](std::string_view list, const std::string& name) {
        return source.mark(key_of(*child(*source.root, list), name)->at);
    };
    for (const Node& key : child(*source.root, "resources")->keys) {
        environment.resources.push_back(
            resource_from(source, key.text, object_at(object_at(values, "resources", file), key.text, file)));
        environment.resources.back().mark = place("resources", key.text);
    }
    if (const Node* probes = child(*source.root, "probes")) {
        for (const Node& key : probes->keys) {
            environment.probes.push_back(
                probe_from(source, key.text, object_at(object_at(values, "probes", file), key.text, file)));
            environment.probes.back().mark = place("probes", key.text);
        }
    }
    return environment;
}

}  // namespace

Read<Environment> build_environment(SourceFile source, AdapterDescriptors adapters) {
    std::optional<Environment> environment;
    if (source.root) {
        Checker checker(source.folder(), source.problems, adapter_keys(adapters));
        source.values = checker.mapping(*source.root, environment_keys(), "an environment file", {1, 1});
        check_resources(*source.root, adapters, source.problems);
        check_probes(*source.root, source.problems);
        if (source.problems.empty()) environment = environment_from(source);
    }
    return {std::move(source), std::move(environment)};
}

}  // namespace rehearse
