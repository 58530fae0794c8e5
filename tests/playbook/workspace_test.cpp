// A workspace on disk: which files are read, and what they say about each other.
#include <doctest/doctest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "tests/playbook/sample.h"
#include "tests/support/temporary_folder.h"

using namespace rehearse;
using namespace rehearse::test;

namespace {

class Workspace {
  public:
    Workspace() {
        write("rehearse.yaml", "workspace: shop\n");
        write("environments/shop.yaml", good_environment);
        write("playbooks/drill.yaml", good_playbook);
    }
    void write(const std::string& name, const std::string& text) {
        const std::filesystem::path path = folder_.path() / name;
        std::filesystem::create_directories(path.parent_path());
        std::ofstream(path, std::ios::binary) << text;
    }
    [[nodiscard]] std::filesystem::path path() const { return folder_.path(); }
    [[nodiscard]] WorkspaceFiles load() const { return load_workspace_files(folder_.path(), adapters); }
    /// "playbooks/drill.yaml:1:2: ..." without the folder.
    [[nodiscard]] std::string said() const {
        std::string all;
        const WorkspaceFiles files = load();
        for (const Problem& problem : files.problems) {
            all += (all.empty() ? "" : "\n") + to_string(problem);
        }
        const std::string prefix = folder_.path().string() + "/";
        for (std::size_t at = all.find(prefix); at != std::string::npos; at = all.find(prefix)) {
            all.erase(at, prefix.size());
        }
        return all;
    }

  private:
    TemporaryFolder folder_;
};

}  // namespace

TEST_SUITE("playbook") {
    TEST_CASE("a workspace is loaded whole, by file name") {
        Workspace shop;
        shop.write("environments/a.yml", changed(good_environment, "shop-staging", "other"));
        shop.write("environments/.hidden.yaml", "nonsense");
        shop.write("environments/notes.txt", "nonsense");
        shop.write("playbooks/schema/playbook.schema.json", "{}");
        const WorkspaceFiles files = shop.load();
        CHECK(spoken(files.problems) == "");
        REQUIRE(files.settings);
        CHECK(files.settings->name == "shop");
        REQUIRE(files.environments.size() == 2);
        CHECK(files.environments[0].name.text() == "other");
        REQUIRE(files.playbooks.size() == 1);
        CHECK(find_environment(files, EnvironmentName("shop-staging")) == &files.environments[1]);
        CHECK(find_environment(files, EnvironmentName("nowhere")) == nullptr);
        CHECK(find_playbook(files, PlaybookName("delete-and-recreate")) == &files.playbooks[0]);
        CHECK(find_playbook(files, PlaybookName("nothing")) == nullptr);
    }

    TEST_CASE("destroy steps get the defaults of their resource's adapter") {
        const Workspace shop;
        const WorkspaceFiles files = shop.load();
        REQUIRE(files.playbooks.size() == 1);
        CHECK(files.playbooks[0].destroy[1].options.at("method") == "drop");
        CHECK(files.playbooks[0].destroy[0].options.empty());
    }

    TEST_CASE("what a playbook names must be in its environment") {
        Workspace shop;
        shop.write(
            "playbooks/drill.yaml",
            changed(changed(changed(good_playbook, "storefront, has_orders", "storefont, orders_there"),
                            "resource: orders", "resource: order"),
                    "verify: { fidelity: exact,",
                    "verify: { accept: [\"confg/*\", \"*/x\", \"orders/**\"],"));
        CHECK(shop.said() ==
              "playbooks/drill.yaml:6:16: environment 'shop-staging' has no probe 'storefont'; did you mean "
              "'storefront'?\n"
              "playbooks/drill.yaml:6:27: environment 'shop-staging' has no probe 'orders_there'; its probes "
              "are "
              "storefront, has_orders, port, disk\n"
              "playbooks/drill.yaml:9:17: environment 'shop-staging' has no resource 'order'; did you mean "
              "'orders'?\n"
              "playbooks/drill.yaml:12:20: environment 'shop-staging' has no resource 'confg'; write "
              "resource/item; "
              "did you mean 'config'?");
        CHECK(shop.load().playbooks.empty());
    }

    TEST_CASE("a step takes only what its own adapter takes") {
        Workspace shop;
        shop.write("playbooks/drill.yaml", changed(changed(good_playbook, "{ resource: frontend }",
                                                           "{ resource: frontend, items: [nginx] }"),
                                                   "items: [\"**\"]", "method: drop"));
        CHECK(shop.said() ==
              "playbooks/drill.yaml:8:27: the adapter 'process' breaks a resource as a whole only; remove "
              "'items'\n"
              "playbooks/drill.yaml:10:25: a destroy step of the adapter 'files' has no key 'method'; its "
              "keys are "
              "resource, items");
        shop.write("playbooks/drill.yaml",
                   changed(good_playbook, "{ resource: orders }", "{ resource: orders, method: drp }"));
        CHECK(shop.said() == "playbooks/drill.yaml:9:33: 'method' cannot be 'drp'; did you mean 'drop'?");
    }

    TEST_CASE("an environment that is not there is told from one that has mistakes") {
        Workspace shop;
        shop.write("playbooks/drill.yaml",
                   changed(good_playbook, "environment: shop-staging", "environment: shop"));
        CHECK(shop.said() ==
              "playbooks/drill.yaml:4:14: there is no environment 'shop'; did you mean 'shop-staging'?");
        shop.write("playbooks/drill.yaml", good_playbook);
        shop.write("environments/shop.yaml", changed(good_environment, "class: staging", "class: test"));
        CHECK(shop.said() ==
              "environments/shop.yaml:2:8: 'class' cannot be 'test'; it is one of development, staging, "
              "production");
        shop.write("environments/shop.yaml", "environment: [\n");
        CHECK(shop.said() ==
              "environments/shop.yaml:1:14: the list that begins here is never closed; add the missing ']'");
        std::filesystem::remove_all(shop.path() / "environments");
        CHECK(shop.said() ==
              "playbooks/drill.yaml:4:14: there is no environment 'shop-staging'; write "
              "environments/shop-staging.yaml");
    }

    TEST_CASE("two files of one name are told of each other") {
        Workspace shop;
        shop.write("environments/zoo.yaml", good_environment);
        shop.write("playbooks/zoo.yaml", good_playbook);
        const std::string at = shop.path().string() + "/";
        const WorkspaceFiles files = shop.load();
        REQUIRE(files.problems.size() == 2);
        CHECK(to_string(files.problems[0]) == at +
                                                  "environments/zoo.yaml:1:14: there are two environments of "
                                                  "the name 'shop-staging'; the first is " +
                                                  at + "environments/shop.yaml:1:14; rename one of them");
        CHECK(to_string(files.problems[1]) == at +
                                                  "playbooks/zoo.yaml:1:11: there are two playbooks of the "
                                                  "name 'delete-and-recreate'; the first is " +
                                                  at + "playbooks/drill.yaml:1:11; rename one of them");
    }

    TEST_CASE("files that are missing, folders or pipes are told, not waited for") {
        Workspace shop;
        std::filesystem::remove(shop.path() / "rehearse.yaml");
        std::filesystem::create_directory(shop.path() / "playbooks" / "a.yaml");
        REQUIRE(::mkfifo((shop.path() / "playbooks" / "b.yaml").c_str(), 0600) == 0);
        std::filesystem::create_symlink("nowhere", shop.path() / "playbooks" / "c.yaml");
        CHECK(shop.said() ==
              "rehearse.yaml: there is no such file; check the path; 'rehearse init' writes examples\n"
              "playbooks/a.yaml: this is not a regular file; name a YAML file\n"
              "playbooks/b.yaml: this is not a regular file; name a YAML file\n"
              "playbooks/c.yaml: there is no such file; check the path; 'rehearse init' writes examples");
        CHECK_FALSE(shop.load().settings);
    }

    TEST_CASE("a file loaded by itself is not held against the others") {
        Workspace shop;
        shop.write("playbooks/alone.yaml",
                   changed(good_playbook, "environment: shop-staging", "environment: no-such"));
        const Loaded<Playbook> loaded = load_playbook(shop.path() / "playbooks/alone.yaml", adapters);
        CHECK(problems_of(loaded) == "");
        CHECK(loaded.value->file == shop.path() / "playbooks/alone.yaml");
        CHECK(load_environment(shop.path() / "environments/shop.yaml", adapters).value);
        CHECK(load_workspace(shop.path() / "rehearse.yaml").value->name == "shop");
    }

    TEST_CASE("problems become one failure that names the first place and counts the rest") {
        const Loaded<WorkspaceSettings> loaded = workspace("alarm: 1\nfreeze: 2\n");
        REQUIRE(loaded.problems.size() == 3);
        const Failure failure = failure_from(loaded.problems);
        CHECK(failure.kind() == FailureKind::invalid_input);
        CHECK(
            std::string(failure.what()) ==
            "/ws/rehearse.yaml:1:1: rehearse.yaml has no 'workspace' (and 2 more problems); add it: a name");
    }
}
