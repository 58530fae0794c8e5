// Descriptors that look like the real adapters', and shorthands for reading what a loader says.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/playbook/loader.h"

namespace rehearse::test {

inline constexpr std::array<std::string_view, 2> session_choices{"refuse", "disconnect"};
inline constexpr std::array<std::string_view, 2> methods{"drop", "truncate"};
inline constexpr KeySpec files_keys[] = {
    {.name = "root", .type = ValueType::path, .required = true, .help = "The tree."},
    {.name = "exclude", .type = ValueType::text_list, .help = "Left out."},
    {.name = "follow", .type = ValueType::boolean, .help = "A switch.", .default_text = "false"},
};
inline constexpr KeySpec postgresql_keys[] = {
    {.name = "connection", .type = ValueType::connection, .required = true, .help = "Where it is."},
    {.name = "token", .type = ValueType::secret, .help = "Never shown."},
    {.name = "sessions",
     .type = ValueType::choice,
     .help = "Others.",
     .default_text = "refuse",
     .choices = session_choices},
};
inline constexpr KeySpec postgresql_destroy_keys[] = {
    {.name = "method", .type = ValueType::choice, .help = "How.", .default_text = "drop", .choices = methods},
};
inline constexpr KeySpec ready_http_keys[] = {
    {.name = "url", .type = ValueType::url, .required = true, .help = "Where to ask."},
};
inline constexpr KeySpec ready_keys[] = {
    {.name = "http", .type = ValueType::mapping, .help = "Asks.", .nested = ready_http_keys},
    {.name = "within", .type = ValueType::duration, .help = "How long.", .default_text = "30s"},
};
inline constexpr KeySpec process_keys[] = {
    {.name = "directory", .type = ValueType::path, .help = "Where it runs."},
    {.name = "command", .type = ValueType::command, .required = true, .help = "What runs."},
    {.name = "ready", .type = ValueType::mapping, .help = "When it is ready.", .nested = ready_keys},
};

inline constexpr AdapterDescriptor files_adapter{.name = "files",
                                                 .summary = "A tree of files.",
                                                 .destroys = "Files below the root.",
                                                 .item = "file",
                                                 .keys = files_keys,
                                                 .destroy_keys = {},
                                                 .normalises = {},
                                                 .make = nullptr,
                                                 .patterns = "globs of paths"};
inline constexpr AdapterDescriptor postgresql_adapter{.name = "postgresql",
                                                      .summary = "A database.",
                                                      .destroys = "Tables.",
                                                      .item = "table",
                                                      .keys = postgresql_keys,
                                                      .destroy_keys = postgresql_destroy_keys,
                                                      .normalises = {},
                                                      .make = nullptr,
                                                      .patterns = "names of tables",
                                                      .answers_queries = true};
inline constexpr AdapterDescriptor process_adapter{.name = "process",
                                                   .summary = "A program.",
                                                   .destroys = "The process.",
                                                   .item = "process",
                                                   .keys = process_keys,
                                                   .destroy_keys = {},
                                                   .normalises = {},
                                                   .make = nullptr};
inline const std::vector<const AdapterDescriptor*> adapters{&files_adapter, &postgresql_adapter,
                                                            &process_adapter};

inline Loaded<Environment> environment(std::string text) {
    return parse_environment(std::move(text), "/ws/environments/shop.yaml", adapters);
}
inline Loaded<Playbook> playbook(std::string text) {
    return parse_playbook(std::move(text), "/ws/playbooks/drill.yaml", adapters);
}
inline Loaded<WorkspaceSettings> workspace(std::string text) {
    return parse_workspace(std::move(text), "/ws/rehearse.yaml");
}

/// "line:column: message; remedy", one line for each.
inline std::string spoken(const std::vector<Problem>& problems) {
    std::string all;
    for (const Problem& problem : problems) {
        std::string text = to_string(problem);
        const std::size_t name = text.find(".yaml:");
        if (name != std::string::npos) text = text.substr(name + 6);
        all += (all.empty() ? "" : "\n") + text;
    }
    return all;
}
template <class T>
std::string problems_of(const Loaded<T>& loaded) {
    return spoken(loaded.problems);
}

/// A whole environment and a whole playbook without a problem; tests change a line of them.
inline const std::string good_environment = R"(environment: shop-staging
class: staging
service: shop
owner: team-shop@example.org
resources:
  config: { adapter: files, root: ../staging/config }
  orders:
    adapter: postgresql
    connection: "host=127.0.0.1 port=5433 user=shop dbname=orders"
    sessions: disconnect
  frontend:
    adapter: process
    directory: ../staging
    command: [nginx, -p, ".", -g, "daemon off;"]
    ready: { http: { url: "http://127.0.0.1:8081/health" }, within: "10s" }
    needs: [config, orders]
probes:
  storefront: { http: { url: "http://127.0.0.1:8081/health" }, expect: { status: 200 } }
  has_orders: { sql: { resource: orders, query: "select count(*) from orders" }, expect: { at_least: 1 } }
  port: { tcp: { host: 127.0.0.1, port: 8081 }, interval: "1s" }
  disk: { command: [test, -d, /], expect: { exit_code: 0 }, timeout: 2s }
)";
inline const std::string good_playbook = R"(playbook: delete-and-recreate
title: An automation deletes the whole environment
kind: disaster
environment: shop-staging
targets: { rto: "15m", rpo: "5m" }
steady_state: [storefront, has_orders]
destroy:
  - { resource: frontend }
  - { resource: orders }
  - { resource: config, items: ["**"] }
restore: { order: dependencies, parallel: 4 }
verify: { fidelity: exact, steady_state: { consecutive: 3 } }
guard:
  max_items: 10000
  max_share: "100%"
  snapshot_max_age: "10m"
  approvals: 0
alarm: { command: [logger, -t, rehearse] }
)";

/// `text` with the first `from` in it replaced.
inline std::string changed(std::string text, const std::string& from, const std::string& to) {
    const std::size_t at = text.find(from);
    if (at == std::string::npos) throw std::logic_error("the sample has no " + from);
    return text.replace(at, from.size(), to);
}

}  // namespace rehearse::test
