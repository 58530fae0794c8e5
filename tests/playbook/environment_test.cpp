// Environments: what is read, and what each mistake is told.
#include <doctest/doctest.h>

#include "tests/playbook/sample.h"

using namespace rehearse;
using namespace rehearse::test;

namespace {

std::string said(const std::string& from, const std::string& to) {
    return problems_of(environment(changed(good_environment, from, to)));
}

}  // namespace

TEST_SUITE("playbook") {
    TEST_CASE("an environment is read whole, in the file's order") {
        const Loaded<Environment> loaded = environment(good_environment);
        REQUIRE(problems_of(loaded) == "");
        REQUIRE(loaded.value);
        const Environment& shop = *loaded.value;
        CHECK(shop.name.text() == "shop-staging");
        CHECK(shop.class_ == EnvironmentClass::staging);
        CHECK(shop.service == "shop");
        CHECK(shop.owner == "team-shop@example.org");
        CHECK(shop.file == "/ws/environments/shop.yaml");
        REQUIRE(shop.resources.size() == 3);
        CHECK(shop.resources[0].name.text() == "config");
        CHECK(shop.resources[0].adapter == "files");
        CHECK(shop.resources[1].name.text() == "orders");
        CHECK(to_string(shop.resources[1].mark) == "/ws/environments/shop.yaml:7:3");
        CHECK(shop.resources[2].needs ==
              std::vector<ResourceName>{ResourceName("config"), ResourceName("orders")});
        REQUIRE(shop.probes.size() == 4);
        CHECK(shop.probes[0].kind == ProbeKind::http);
        CHECK(shop.probes[0].url == "http://127.0.0.1:8081/health");
        CHECK(shop.probes[0].method == "GET");
        CHECK(shop.probes[0].status == 200);
        CHECK(shop.probes[0].timeout == std::chrono::seconds(5));
        CHECK_FALSE(shop.probes[0].interval);
        CHECK(shop.probes[1].resource.text() == "orders");
        CHECK(shop.probes[1].at_least == 1);
        CHECK(shop.probes[2].port == 8081);
        CHECK(shop.probes[2].interval == std::chrono::seconds(1));
        CHECK(shop.probes[3].command == std::vector<std::string>{"test", "-d", "/"});
        CHECK(shop.probes[3].directory == "/ws/environments");
        CHECK(shop.probes[3].exit_code == 0);
        CHECK(shop.probes[3].timeout == std::chrono::seconds(2));
    }

    TEST_CASE("options have absolute paths and the adapter's defaults") {
        const Loaded<Environment> loaded = environment(good_environment);
        REQUIRE(loaded.value);
        const json::object& config = loaded.value->resources[0].options;
        CHECK(config.at("root") == "/ws/staging/config");
        CHECK(config.at("follow") == false);
        CHECK_FALSE(config.contains("adapter"));
        CHECK_FALSE(config.contains("exclude"));
        CHECK(loaded.value->resources[1].options.at("sessions") == "disconnect");
        const json::object& ready = loaded.value->resources[2].options.at("ready").as_object();
        CHECK(ready.at("within") == "10s");
        const Loaded<Environment> bare = environment(changed(
            good_environment, R"(ready: { http: { url: "http://127.0.0.1:8081/health" }, within: "10s" })",
            R"(ready: { http: { url: "http://127.0.0.1:8081/health" } })"));
        REQUIRE(bare.value);
        CHECK(bare.value->resources[2].options.at("ready").at("within") == "30s");
        for (const auto& [written, meant] :
             {std::pair<std::string, std::string>{"../staging/config/", "/ws/staging/config"},
              {"/srv/./a/../b//c", "/srv/b/c"},
              {".", "/ws/environments"},
              {"/", "/"},
              {"../../..", "/"}}) {
            CAPTURE(written);
            const Loaded<Environment> moved =
                environment(changed(good_environment, "root: ../staging/config", "root: " + written));
            REQUIRE(moved.value);
            CHECK(moved.value->resources[0].options.at("root") == json::value(meant));
        }
    }

    TEST_CASE("every mistake of a file is told at once, in the order of its lines") {
        CHECK(problems_of(environment("environment: shop\n"
                                      "clas: staging\n"
                                      "resources:\n"
                                      "  a: { adapter: files }\n"
                                      "probes:\n"
                                      "  p: { tcp: { host: localhost, port: http } }\n")) ==
              "1:1: an environment file has no 'class'; add it: one of development, staging, production\n"
              "2:1: an environment file has no key 'clas'; did you mean 'class'?\n"
              "4:3: resource 'a' has no 'root'; add it: a path, like \"../staging/config\"\n"
              "6:38: 'port' is 'http', which is no whole number; write digits without quotes, like 1");
    }

    TEST_CASE("an unknown key is told the nearest one, or all there are") {
        CHECK(
            said("connection:", "conection:") ==
            "7:3: resource 'orders' has no 'connection'; add it: a connection string, like \"host=127.0.0.1 "
            "dbname=orders\"\n"
            "9:5: resource 'orders' has no key 'conection'; did you mean 'connection'?");
        CHECK(said("owner:", "zzz:") ==
              "4:1: an environment file has no key 'zzz'; its keys are environment, class, service, owner, "
              "resources, probes");
        CHECK(said("expect: { at_least: 1 }", "expect: { atleast: 1 }") ==
              "19:92: 'expect' has no key 'atleast'; did you mean 'at_least'?");
    }

    TEST_CASE("a value that is none of the choices is told the nearest") {
        CHECK(said("class: staging", "class: stagging") ==
              "2:8: 'class' cannot be 'stagging'; did you mean 'staging'?");
        CHECK(said("class: staging", "class: test") ==
              "2:8: 'class' cannot be 'test'; it is one of development, staging, production");
        CHECK(said("adapter: postgresql", "adapter: postgres") ==
              "8:14: there is no adapter 'postgres'; did you mean 'postgresql'?");
        CHECK(
            said("adapter: postgresql", "adapter: oracle") ==
            "8:14: there is no adapter 'oracle'; the adapters of this build are files, postgresql, process");
    }

    TEST_CASE("a value of another type is told what would be right") {
        CHECK(said("port: 8081", "port: 80810") ==
              "20:41: 'port' is 80810, and must be from 1 to 65535; write a number from 1 to 65535");
        CHECK(said("port: 8081", "port: \"8081\"") ==
              "20:41: 'port' is '8081' in quotes, which makes it a text; write 8081 without quotes");
        CHECK(said("port: 8081", "port: 08081") ==
              "20:41: 'port' is 08081, and a number that begins with 0 may be read as octal; write 8081");
        CHECK(said("timeout: 2s", "timeout: 2") ==
              "21:70: 'timeout' is 2, without a unit; write \"2s\" for seconds or \"2m\" for minutes");
        CHECK(said("timeout: 2s", "timeout: 1:30") ==
              "21:70: 'timeout' is '1:30', which is no duration; write numbers with the units ms, s, m, h or "
              "d, "
              "like \"250ms\", \"15m\" or \"1h30m\"");
        CHECK(said("timeout: 2s", "timeout: 0s") ==
              "21:70: 'timeout' is zero; write how long it is, like \"10s\"");
        CHECK(said("root: ../staging/config", "root: a, follow: yes") ==
              "6:46: 'follow' is 'yes', and must be true or false; write true or false, in small letters and "
              "without quotes");
        CHECK(said("[test, -d, /]", "test -d /") ==
              "21:20: 'command' is one text, and no shell would take it apart; write it as a list: [test, "
              "-d, /]");
        CHECK(said("[test, -d, /]", "[]") ==
              "21:20: 'command' names no program; write a list of the program and its arguments, like "
              "[systemctl, "
              "restart, shop]");
        CHECK(said("[test, -d, /]", "[test, ~]") ==
              "21:27: an entry of 'command' is nothing, and must be a text; put it in quotes, or remove it");
        CHECK(said("needs: [config, orders]", "needs: config") ==
              "16:12: 'needs' takes a list, and here is 'config'; put it in brackets: [\"config\"]");
        CHECK(said("http: { url: \"http://127.0.0.1:8081/health\" }, expect", "http: here, expect") ==
              "18:23: 'http' takes a mapping, and here is 'here'; write 'key: value' below it; the keys are "
              "url, "
              "method");
        CHECK(said("service: shop", "service:") ==
              "3:1: 'service' has no value; write a text, or remove the key");
        CHECK(said("root: ../staging/config", "root: ~/config") ==
              "6:35: 'root' begins with '~', which only shells replace; write the whole path, or \"./~\" for "
              "a name "
              "that begins so");
        CHECK(said("root: ../staging/config", "root: \"${HOME}/config\"") ==
              "6:35: 'root' holds a '$', and variables are not replaced; write the whole path");
        CHECK(said("url: \"http://127.0.0.1:8081/health\" }, expect", "url: 127.0.0.1 }, expect") ==
              "18:30: 'url' does not begin with http:// or https://; write it whole, like "
              "\"http://127.0.0.1:8080/health\"");
    }

    TEST_CASE("plain words that other YAML readers would change stay texts") {
        const Loaded<Environment> loaded =
            environment(changed(changed(good_environment, "service: shop", "service: no"), "[test, -d, /]",
                                "[test, 0644, on, 1.0]"));
        REQUIRE(problems_of(loaded) == "");
        CHECK(loaded.value->service == "no");
        CHECK(loaded.value->probes[3].command == std::vector<std::string>{"test", "0644", "on", "1.0"});
    }

    TEST_CASE("names must do as git branches and folders") {
        CHECK(said("environment: shop-staging", "environment: shop staging") ==
              "1:14: 'environment' is 'shop staging', which holds a character that names may not have; use "
              "letters, "
              "digits, '-', '_' and '.', beginning with a letter or digit");
        for (const std::string name :
             {".git", "-x", "a..b", "a.lock", "a.", "HEAD", "a/b", "a@{1}", "a~1", "ä"}) {
            CAPTURE(name);
            CHECK(said("environment: shop-staging", "environment: \"" + name + "\"")
                      .starts_with("1:14: 'environment' "));
            CHECK(said("  config: {", "  \"" + name + "\": {").starts_with("6:3: the name of a resource is"));
        }
        CHECK(said("environment: shop-staging", "environment: " + std::string(63, 'a')) == "");
        CHECK(said("environment: shop-staging", "environment: " + std::string(64, 'a')) ==
              "1:14: 'environment' is longer than 63 characters; shorten it; it names branches and folders");
        CHECK(said("environment: shop-staging", "environment: 2024.eu_west-1") == "");
    }

    TEST_CASE("needs must exist, once, and make no circle") {
        CHECK(said("needs: [config, orders]", "needs: [confg, orders, orders, frontend]") ==
              "16:13: resource 'frontend' needs 'confg', which is no resource of this environment; did you "
              "mean "
              "'config'?\n"
              "16:28: resource 'frontend' needs 'orders' twice; remove one\n"
              "16:36: resource 'frontend' needs itself; remove it");
        CHECK(said("root: ../staging/config", "root: ../staging/config, needs: [orders]") == "");
        CHECK(problems_of(environment(
                  changed(changed(good_environment, "root: ../staging/config", "root: a, needs: [orders]"),
                          "sessions: disconnect", "needs: [config]"))) ==
              "6:45: the resources need each other in a circle: config -> orders -> config; take one of "
              "these needs "
              "away");
    }

    TEST_CASE("an environment has resources") {
        CHECK(problems_of(environment("environment: a\nclass: staging\nresources: {}\n")) ==
              "3:12: the environment has no resources; add at least one");
        std::string many = "environment: a\nclass: staging\nresources:\n";
        for (int i = 0; i < 1001; ++i) many += "  r" + std::to_string(i) + ": { adapter: files, root: a }\n";
        CHECK(problems_of(environment(many)) ==
              "4:3: the environment has more than 1000 resources; split it");
    }

    TEST_CASE("a probe asks one question and expects what that can answer") {
        CHECK(said("tcp: { host: 127.0.0.1, port: 8081 }, interval: \"1s\"", "timeout: 1s") ==
              "20:3: probe 'port' asks nothing; give it one of http, tcp, sql and command");
        CHECK(said("expect: { status: 200 }", "tcp: { host: a, port: 1 }") ==
              "18:64: probe 'storefront' asks two questions: http and tcp; make two probes of it");
        CHECK(said("expect: { at_least: 1 }", "expect: { status: 200 }") ==
              "19:92: a sql probe cannot expect 'status'; it can expect contains, equals, at_least, at_most");
        CHECK(
            said("interval: \"1s\"", "expect: { contains: x }") ==
            "20:59: a tcp probe cannot expect 'contains'; remove 'expect': it passes when the port accepts a "
            "connection");
        CHECK(said("expect: { at_least: 1 }", "expect: { at_least: 5, at_most: 4 }") ==
              "19:114: 'at_most' is less than 'at_least', so that no value fits; swap them");
        CHECK(said("expect: { at_least: 1 }", "expect: {}") ==
              "19:90: 'expect' says nothing; write what must hold, or remove the key");
        CHECK(said("resource: orders", "resource: config") ==
              "19:34: probe 'has_orders' asks 'config', whose adapter 'files' answers no queries; use a "
              "probe of "
              "another kind");
        CHECK(
            said("resource: orders", "resource: order") ==
            "19:34: probe 'has_orders' asks 'order', which is no resource of this environment; did you mean "
            "'orders'?");
    }

    TEST_CASE("a connection or a secret is never repeated, whatever is wrong with it") {
        const std::string connection = "connection: \"host=127.0.0.1 port=5433 user=shop dbname=orders\"";
        for (const std::string value :
             {"connection: [swordfish]", "connection: { password: swordfish }",
              "connection: \"password=swordfish", "token: [swordfish]", "token: { a: swordfish }",
              "connection: &swordfish x", "connection: *swordfish", "connection: !swordfish x",
              "connection: swordfish: x", "url: swordfish"}) {
            CAPTURE(value);
            const std::string said_of_it = said(connection, value);
            CHECK_FALSE(said_of_it.empty());
            CHECK(said_of_it.find("swordfish") == std::string::npos);
        }
        CHECK(said("url: \"http://127.0.0.1:8081/health\" }, expect",
                   "url: \"http://me:swordfish@a/\" }, expect") ==
              "18:30: 'url' holds a user or password, and plans and reports would show it; take it out; a "
              "command "
              "probe can read it from a file that only you can read");
    }

    TEST_CASE("a password in clear is a warning, not a mistake") {
        const Loaded<Environment> loaded =
            environment(changed(good_environment, "user=shop", "user=shop password=swordfish"));
        CHECK(problems_of(loaded) == "");
        CHECK(loaded.value);
        CHECK(spoken(loaded.warnings) ==
              "9:17: 'connection' holds a password in clear; put it into a file of mode 0600 and name that: "
              "passfile=/path/to/passfile");
        CHECK(environment(good_environment).warnings.empty());
    }
}
