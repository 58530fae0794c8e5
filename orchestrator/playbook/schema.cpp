// One function for each shape of value, as in the checker; the few rules that the tables cannot hold (one
// question in a probe, what a kind of drill needs) stand at the end.
#include "orchestrator/playbook/schema.h"

#include <initializer_list>
#include <limits>
#include <utility>
#include <vector>

#include "orchestrator/playbook/checker.h"
#include "orchestrator/playbook/keys.h"
#include "orchestrator/playbook/policy.h"

namespace rehearse {

namespace {

json::object object_schema(std::span<const KeySpec> keys);

/// Boost.JSON's brace lists may be read as an array or as an object: this one is an array.
json::array texts(std::initializer_list<std::string_view> words) {
    json::array array;
    for (const std::string_view word : words) array.emplace_back(word);
    return array;
}

/// What YAML's plain words become when an editor reads them; the loader takes each as the text it is.
json::array scalar_types() { return texts({"string", "number", "boolean"}); }

json::object list_of(json::object items) { return {{"type", "array"}, {"items", std::move(items)}}; }

json::object name_schema() {
    return {{"type", texts({"string", "number"})}, {"pattern", "^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$"}};
}

json::array array_of(std::span<const std::string_view> texts) {
    json::array array;
    for (const std::string_view text : texts) array.emplace_back(text);
    return array;
}

json::object integer_schema(const KeySpec& key) {
    json::object schema{{"type", "integer"}, {"minimum", key.minimum}};
    if (key.maximum != std::numeric_limits<std::int64_t>::max()) schema["maximum"] = key.maximum;
    return schema;
}

json::object shape(const KeySpec& key) {
    switch (key.type) {
        case ValueType::text:
            return {{"type", scalar_types()}};
        case ValueType::name:
            return name_schema();
        case ValueType::path:
        case ValueType::connection:
        case ValueType::secret:
            return {{"type", "string"}, {"minLength", 1}};
        case ValueType::url:
            return {{"type", "string"}, {"pattern", "^https?://[^@/?# ]+([/?#][^ ]*)?$"}};
        case ValueType::duration:
            return {{"type", "string"}, {"pattern", "^([0-9]+(ms|s|m|h|d))+$"}};
        case ValueType::integer:
            return integer_schema(key);
        case ValueType::boolean:
            return {{"type", "boolean"}};
        case ValueType::share:
            return {{"type", "string"}, {"pattern", "^(100(\\.0)?|[0-9]{1,2}(\\.[0-9])?)%$"}};
        case ValueType::choice:
            return {{"enum", array_of(key.choices)}};
        case ValueType::text_list:
            return list_of(key.choices.empty() ? json::object{{"type", scalar_types()}}
                                               : json::object{{"enum", array_of(key.choices)}});
        case ValueType::name_list: {
            json::object schema = list_of(name_schema());
            schema["uniqueItems"] = true;
            return schema;
        }
        case ValueType::command: {
            json::object schema = list_of({{"type", scalar_types()}});
            schema["minItems"] = 1;
            return schema;
        }
        case ValueType::mapping:
            return object_schema(key.nested);
        case ValueType::mapping_list:
            return list_of(object_schema(key.nested));
        case ValueType::named_mappings:
            return {{"type", "object"},
                    {"propertyNames", name_schema()},
                    {"additionalProperties", object_schema(key.nested)}};
    }
    return {};
}

json::object value_schema(const KeySpec& key) {
    json::object schema = shape(key);
    schema["description"] = key.help;
    if (!key.default_text.empty()) schema["default"] = default_value(key);
    return schema;
}

json::object object_schema(std::span<const KeySpec> keys) {
    json::object properties;
    json::array required;
    for (const KeySpec& key : keys) {
        properties[key.name] = value_schema(key);
        if (key.required) required.emplace_back(key.name);
    }
    json::object schema{{"type", "object"}, {"properties", std::move(properties)}};
    if (!required.empty()) schema["required"] = std::move(required);
    schema["additionalProperties"] = false;
    return schema;
}

json::object document(const std::string& title, const json::object& schema) {
    json::object whole{{"$schema", "https://json-schema.org/draft/2020-12/schema"}, {"title", title}};
    for (const auto& [key, value] : schema) whole[key] = value;
    return whole;
}

json::object& property(json::object& schema, std::string_view name) {
    return schema.at("properties").as_object().at(name).as_object();
}

json::object when(std::string_view key, std::string_view value) {
    return {{"properties", json::object{{key, json::object{{"const", value}}}}}, {"required", texts({key})}};
}

/// The keys of a resource follow from its adapter.
json::object resource_schema(AdapterDescriptors adapters) {
    const std::span<const KeySpec> base = find_key(environment_keys(), "resources")->nested;
    json::object schema{{"type", "object"}, {"properties", json::object()}, {"required", texts({"adapter"})}};
    json::array names, cases;
    for (const AdapterDescriptor* adapter : adapters) {
        names.emplace_back(adapter->name);
        std::vector<KeySpec> keys(base.begin(), base.end());
        keys.insert(keys.end(), adapter->keys.begin(), adapter->keys.end());
        json::object then = object_schema(keys);
        property(then, "adapter") = {{"const", adapter->name}, {"description", adapter->summary}};
        cases.emplace_back(json::object{{"if", when("adapter", adapter->name)}, {"then", std::move(then)}});
    }
    schema.at("properties").as_object()["adapter"] = {{"enum", std::move(names)},
                                                      {"description", find_key(base, "adapter")->help}};
    schema["allOf"] = std::move(cases);
    return schema;
}

/// The resource stands in another file, so that a step may have any adapter's keys here.
json::object destroy_step_schema(AdapterDescriptors adapters) {
    const std::span<const KeySpec> base = find_key(playbook_keys(), "destroy")->nested;
    json::object schema = object_schema(base);
    property(schema, "items")["minItems"] = 1;
    json::object& properties = schema.at("properties").as_object();
    for (const AdapterDescriptor* adapter : adapters) {
        for (const KeySpec& key : adapter->destroy_keys) {
            json::object value = value_schema(key);
            value["description"] = std::string(adapter->name) + ": " + std::string(key.help);
            if (!properties.contains(key.name)) {
                properties[key.name] = json::object{{"anyOf", json::array()}};
            }
            properties.at(key.name).as_object().at("anyOf").as_array().emplace_back(std::move(value));
        }
    }
    return schema;
}

json::array exactly_one_of(std::initializer_list<std::string_view> keys) {
    json::array choices;
    for (const std::string_view key : keys) {
        choices.emplace_back(json::object{{"required", texts({key})}});
    }
    return choices;
}

/// `kind` wants the lists of `wanted` and refuses those of `refused`.
json::object kind_rule(std::string_view kind, std::initializer_list<std::string_view> wanted,
                       std::initializer_list<std::string_view> refused) {
    json::array required;
    json::object properties;
    for (const std::string_view key : wanted) {
        required.emplace_back(key);
        properties[key] = json::object{{"minItems", 1}};
    }
    for (const std::string_view key : refused) properties[key] = false;
    json::object then{{"required", std::move(required)}, {"properties", std::move(properties)}};
    return {{"if", when("kind", kind)}, {"then", std::move(then)}};
}

}  // namespace

std::string environment_schema(AdapterDescriptors adapters) {
    json::object schema = object_schema(environment_keys());
    json::object& resources = property(schema, "resources");
    resources["minProperties"] = 1;
    resources["additionalProperties"] = resource_schema(adapters);
    json::object& probe = property(schema, "probes").at("additionalProperties").as_object();
    probe["oneOf"] = exactly_one_of({"http", "tcp", "sql", "command"});
    property(probe, "expect")["minProperties"] = 1;
    return pretty_json(document("An environment of Rehearse", schema));
}

std::string playbook_schema(AdapterDescriptors adapters) {
    json::object schema = object_schema(playbook_keys());
    property(schema, "destroy")["items"] = destroy_step_schema(adapters);
    property(schema, "steady_state")["minItems"] = 1;
    json::array rules;
    rules.emplace_back(kind_rule("disaster", {"destroy"}, {"change", "rollback"}));
    rules.emplace_back(kind_rule("rollback", {"change", "rollback"}, {"destroy"}));
    schema["allOf"] = std::move(rules);
    return pretty_json(document("A playbook of Rehearse", schema));
}

std::string workspace_schema() {
    return pretty_json(document("rehearse.yaml", object_schema(workspace_keys())));
}

std::string policy_schema() {
    return pretty_json(document("The policy of a workspace of Rehearse", object_schema(policy_keys())));
}

}  // namespace rehearse
