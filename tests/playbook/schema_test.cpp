// The JSON Schemas and the workspace that init writes: made from the tables, and loadable at once.
#include "orchestrator/playbook/schema.h"
#include "orchestrator/playbook/policy.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "orchestrator/base/json.h"
#include "orchestrator/playbook/keys.h"
#include "orchestrator/playbook/templates.h"
#include "tests/playbook/sample.h"
#include "tests/support/temporary_folder.h"

using namespace rehearse;
using namespace rehearse::test;

namespace {

json::object parsed(const std::string& schema) { return parse_json(schema, "schema").as_object(); }

const json::object& at(const json::object& object, std::string_view key) {
    return object.at(key).as_object();
}

/// Every key of the table stands in the schema with its help, at its place, required where it is.
void check_keys(const json::object& schema, std::span<const KeySpec> keys) {
    for (const KeySpec& key : keys) {
        CAPTURE(key.name);
        REQUIRE(at(schema, "properties").contains(key.name));
        const json::object& value = at(at(schema, "properties"), key.name);
        CHECK(value.at("description").as_string() == key.help);
        bool required = false;
        if (const json::value* list = schema.if_contains("required")) {
            for (const json::value& name : list->as_array()) required |= name.as_string() == key.name;
        }
        CHECK(required == key.required);
        if (key.type == ValueType::mapping) check_keys(value, key.nested);
        if (key.type == ValueType::mapping_list) check_keys(at(value, "items"), key.nested);
    }
    CHECK(schema.at("additionalProperties") == false);
}

}  // namespace

TEST_SUITE("playbook") {
    TEST_CASE("the schemas have every key of the tables, and no other") {
        const json::object whole = parsed(environment_schema(adapters));
        CHECK(whole.at("$schema") == "https://json-schema.org/draft/2020-12/schema");
        check_keys(whole, environment_keys());
        check_keys(at(at(at(whole, "properties"), "probes"), "additionalProperties"),
                   find_key(environment_keys(), "probes")->nested);
        check_keys(parsed(playbook_schema(adapters)), playbook_keys());
        check_keys(parsed(workspace_schema()), workspace_keys());
        check_keys(parsed(policy_schema()), policy_keys());
    }

    TEST_CASE("a resource's keys follow from its adapter") {
        const json::object whole = parsed(environment_schema(adapters));
        const json::object& resource = at(at(at(whole, "properties"), "resources"), "additionalProperties");
        CHECK(at(at(resource, "properties"), "adapter").at("enum") ==
              json::value(json::array{"files", "postgresql", "process"}));
        const json::array& cases = resource.at("allOf").as_array();
        REQUIRE(cases.size() == 3);
        const json::object& then = at(cases[1].as_object(), "then");
        CHECK(at(at(then, "properties"), "adapter").at("const") == "postgresql");
        CHECK(at(then, "properties").contains("connection"));
        CHECK(at(then, "properties").contains("needs"));
        CHECK_FALSE(at(then, "properties").contains("root"));
        CHECK(at(at(then, "properties"), "sessions").at("default") == "refuse");
        CHECK(then.at("additionalProperties") == false);
    }

    TEST_CASE("a destroy step may have the keys of any adapter") {
        const json::object whole = parsed(playbook_schema(adapters));
        const json::object& step = at(at(at(whole, "properties"), "destroy"), "items");
        const json::object& method = at(at(step, "properties"), "method");
        CHECK(method.at("anyOf").as_array().at(0).at("enum") == json::value(json::array{"drop", "truncate"}));
        CHECK(method.at("anyOf").as_array().at(0).at("description") == "postgresql: How.");
    }

    TEST_CASE("a kind of drill wants its lists and refuses the others'") {
        const json::object whole = parsed(playbook_schema(adapters));
        const json::array& rules = whole.at("allOf").as_array();
        REQUIRE(rules.size() == 2);
        const json::object& rollback = at(rules[1].as_object(), "then");
        CHECK(rollback.at("required") == json::value(json::array{"change", "rollback"}));
        CHECK(at(rollback, "properties").at("destroy") == false);
        CHECK(at(at(whole, "properties"), "steady_state").at("minItems") == 1);
        const json::object& step = at(at(at(whole, "properties"), "destroy"), "items");
        CHECK(at(at(step, "properties"), "items").at("minItems") == 1);
    }

    TEST_CASE("what init writes loads without a problem") {
        const TemporaryFolder folder;
        for (const WorkspaceTemplate& file : workspace_templates(adapters, "my shop")) {
            CAPTURE(file.path);
            CHECK(file.path.is_relative());
            const std::filesystem::path path = folder.path() / file.path;
            CHECK_FALSE(std::filesystem::exists(path));
            std::filesystem::create_directories(path.parent_path());
            std::ofstream(path) << file.text;
            if (path.extension() == ".yaml") CHECK(file.text.starts_with("# yaml-language-server: $schema="));
        }
        const WorkspaceFiles files = load_workspace_files(folder.path(), adapters);
        CHECK(spoken(files.problems) == "");
        CHECK(spoken(files.warnings) == "");
        REQUIRE(files.settings);
        CHECK(files.settings->name == "my-shop");
        REQUIRE(files.environments.size() == 1);
        CHECK(files.playbooks.size() == 2);
        const std::string root(files.environments[0].resources[0].options.at("root").as_string());
        CHECK(std::filesystem::is_directory(root));
        CHECK(workspace_templates(adapters, "..")[0].text.find("workspace: workspace\n") !=
              std::string::npos);
    }

    TEST_CASE("the schemas that init writes beside are those that its files name") {
        const TemporaryFolder folder;
        const std::vector<WorkspaceTemplate> files = workspace_templates(adapters);
        for (const WorkspaceTemplate& file : files) {
            const std::string hint = "$schema=";
            const std::size_t begin = file.text.find(hint);
            if (file.path.extension() != ".yaml" || begin == std::string::npos) continue;
            const std::size_t end = file.text.find('\n', begin);
            const auto named =
                (file.path.parent_path() / file.text.substr(begin + hint.size(), end - begin - hint.size()))
                    .lexically_normal();
            CAPTURE(named);
            CHECK(std::any_of(files.begin(), files.end(),
                              [&](const WorkspaceTemplate& other) { return other.path == named; }));
        }
    }
}
