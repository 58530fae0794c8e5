// An environment: a named set of resources that live and die together, and the probes that ask whether it
// works.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "orchestrator/base/clock.h"
#include "orchestrator/base/ids.h"
#include "orchestrator/base/json.h"

namespace rehearse {

enum class EnvironmentClass { development, staging, production };
[[nodiscard]] std::string_view to_string(EnvironmentClass value);

/// Where something stands in a file, counted from 1. Line 0: not from a file.
struct SourceMark {
    std::string file{};
    int line = 0;
    int column = 0;
};
/// "environments/shop.yaml:12:5".
[[nodiscard]] std::string to_string(const SourceMark& mark);

struct ResourceSpec {
    ResourceName name{};
    std::string adapter{};
    json::object
        options{};  // checked against the adapter's table of keys; paths absolute, defaults filled in
    std::vector<ResourceName> needs{};
    SourceMark mark{};
};

/// A program and its arguments (never a shell), where it runs, and how long it may take.
struct CommandSpec {
    std::vector<std::string> arguments{};
    std::filesystem::path directory{};
    Duration timeout = std::chrono::seconds(60);
    int retries = 0;
    SourceMark mark{};
};

enum class ProbeKind { http, tcp, sql, command };
[[nodiscard]] std::string_view to_string(ProbeKind value);

/// A question to the running environment, with a tolerance.
struct ProbeSpec {
    std::string name{};
    ProbeKind kind = ProbeKind::http;
    std::string url{};                   // http
    std::string method = "GET";          // http
    std::string host{};                  // tcp
    std::uint16_t port = 0;              // tcp
    ResourceName resource{};             // sql
    std::string query{};                 // sql
    std::vector<std::string> command{};  // command
    std::filesystem::path directory{};   // command
    // Tolerance: all that are set must hold.
    std::optional<int> status{};             // http; none: 200
    std::optional<std::string> contains{};   // http body, sql value, command output
    std::optional<std::string> equals{};     // sql value, command output (without the last newline)
    std::optional<std::int64_t> at_least{};  // sql
    std::optional<std::int64_t> at_most{};   // sql
    std::optional<int> exit_code{};          // command: default 0
    std::optional<Duration> interval{};      // from start to start; none: adaptive
    Duration timeout = std::chrono::seconds(5);
    SourceMark mark{};
};

struct Environment {
    EnvironmentName name{};
    EnvironmentClass class_ = EnvironmentClass::staging;
    std::string service{};
    std::string owner{};
    std::vector<ResourceSpec> resources{};  // in the file's order
    std::vector<ProbeSpec> probes{};
    std::filesystem::path file{};
};

[[nodiscard]] const ResourceSpec* find_resource(const Environment& environment, const ResourceName& name);
[[nodiscard]] const ProbeSpec* find_probe(const Environment& environment, const std::string& name);

/// What the plan and the journal show of a probe: every setting, canonical.
[[nodiscard]] json::object to_json(const ProbeSpec& probe);
[[nodiscard]] ProbeSpec probe_from_json(const json::object& object, const std::string& origin);
[[nodiscard]] json::object to_json(const CommandSpec& command);
[[nodiscard]] CommandSpec command_from_json(const json::object& object, const std::string& origin);

}  // namespace rehearse
