// The files of the repository against the adapters of this build: schemas, docs, playbooks and templates say
// what the tables of keys say.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>

#include "adapters/registry.h"
#include "orchestrator/base/file.h"
#include "orchestrator/playbook/keys.h"
#include "orchestrator/playbook/policy.h"
#include "orchestrator/playbook/schema.h"
#include "orchestrator/playbook/templates.h"
#include "tests/playbook/sample.h"
#include "tests/support/temporary_folder.h"

using namespace rehearse;
using namespace rehearse::test;

namespace {

const std::filesystem::path repository = REPOSITORY;

void write(const std::filesystem::path& path, const std::string& text) {
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << text;
}

/// The ```yaml blocks of a page whose first line begins with `first`.
std::vector<std::string> examples(const std::string& page, const std::string& first) {
    const std::string fence = "```yaml\n";
    std::vector<std::string> found;
    for (std::size_t at = page.find(fence); at != std::string::npos; at = page.find(fence, at + 1)) {
        const std::size_t begin = at + fence.size();
        const std::string block = page.substr(begin, page.find("```", begin) - begin);
        if (block.starts_with(first)) found.push_back(block);
    }
    return found;
}

void check_named(const std::string& page, std::span<const KeySpec> keys) {
    for (const KeySpec& key : keys) {
        CAPTURE(key.name);
        CHECK(page.find("`" + std::string(key.name) + "`") != std::string::npos);
        check_named(page, key.nested);
    }
}

}  // namespace

TEST_SUITE("playbook") {
    TEST_CASE(
        "the committed schemas are those of the tables: rehearse check --print-schema makes them anew") {
        const std::filesystem::path folder = repository / "playbooks" / "schema";
        CHECK(read_file(folder / "environment.schema.json") == environment_schema(registered_adapters()));
        CHECK(read_file(folder / "playbook.schema.json") == playbook_schema(registered_adapters()));
        CHECK(read_file(folder / "workspace.schema.json") == workspace_schema());
        CHECK(read_file(folder / "policy.schema.json") == policy_schema());
    }

    TEST_CASE("playbooks/README.md names every key") {
        const std::string page = read_file(repository / "playbooks" / "README.md");
        check_named(page, environment_keys());
        check_named(page, playbook_keys());
        check_named(page, workspace_keys());
        check_named(page, policy_keys());
        for (const AdapterDescriptor* adapter : registered_adapters()) {
            check_named(page, adapter->keys);
            check_named(page, adapter->destroy_keys);
        }
    }

    TEST_CASE("adapters/README.md names every adapter, its keys, and what it leaves out") {
        const std::string page = read_file(repository / "adapters" / "README.md");
        for (const AdapterDescriptor* adapter : registered_adapters()) {
            CAPTURE(adapter->name);
            CHECK(page.find("\n## " + std::string(adapter->name) + "\n") != std::string::npos);
            check_named(page, adapter->keys);
            check_named(page, adapter->destroy_keys);
        }
    }

    TEST_CASE("the README's environment and every playbook of the tree make a workspace without a problem") {
        const std::string page = read_file(repository / "playbooks" / "README.md");
        const std::vector<std::string> environments = examples(page, "# environments/");
        const std::vector<std::string> playbooks = examples(page, "# playbooks/");
        REQUIRE(environments.size() == 1);
        REQUIRE(playbooks.size() == 1);
        const TemporaryFolder folder;
        write(folder.path() / "rehearse.yaml", "workspace: shop\n");
        write(folder.path() / "environments" / "shop-staging.yaml", environments[0]);
        std::size_t count = 0;
        for (const auto& file : std::filesystem::directory_iterator(repository / "playbooks")) {
            if (file.path().extension() != ".yaml") continue;
            write(folder.path() / "playbooks" / file.path().filename(), read_file(file.path()));
            ++count;
        }
        CHECK(count > 0);
        const WorkspaceFiles files = load_workspace_files(folder.path(), registered_adapters());
        CHECK(spoken(files.problems) == "");
        CHECK(files.playbooks.size() == count);
        write(folder.path() / "playbooks" / "delete-and-recreate.yaml", playbooks[0]);
        CHECK(spoken(load_workspace_files(folder.path(), registered_adapters()).problems) == "");
    }

    TEST_CASE("the policy of playbooks/README.md loads without a problem") {
        const std::vector<std::string> policies =
            examples(read_file(repository / "playbooks" / "README.md"),
                     "# yaml-language-server: $schema=playbooks/schema/policy.schema.json");
        REQUIRE(policies.size() == 1);
        CHECK(spoken(parse_policy(policies[0], "/w/policy.yaml").problems) == "");
    }

    TEST_CASE("what init writes loads with the adapters of this build") {
        const TemporaryFolder folder;
        for (const WorkspaceTemplate& file : workspace_templates(registered_adapters())) {
            write(folder.path() / file.path, file.text);
        }
        const WorkspaceFiles files = load_workspace_files(folder.path(), registered_adapters());
        CHECK(spoken(files.problems) == "");
        CHECK(files.playbooks.size() == 2);
    }
}
