// Environments on their way into the model.
#include <utility>

#include "orchestrator/playbook/keys.h"
#include "orchestrator/playbook/source.h"

namespace rehearse {

namespace {

/// Resources take the keys of their adapter; of an unknown adapter nothing is known.
MoreKeys adapter_keys(AdapterDescriptors adapters) {
    return [adapters](const KeySpec& parent, const Node& entry) -> std::optional<std::vector<KeySpec>> {
        if (parent.name != "resources") return std::vector<KeySpec>{};
        const AdapterDescriptor* adapter = find_adapter(adapters, scalar_at(entry, "adapter"));
        if (adapter == nullptr) return std::nullopt;
        return std::vector<KeySpec>(adapter->keys.begin(), adapter->keys.end());
    };
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
        check_environment(*source.root, adapters, source.problems);
        if (source.problems.empty()) environment = environment_from(source);
    }
    return {std::move(source), std::move(environment)};
}

}  // namespace rehearse
