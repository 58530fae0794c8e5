// Holds a tree of nodes against a table of keys, and gives what it says as JSON: paths absolute, defaults
// filled in.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/base/json.h"
#include "orchestrator/model/keys.h"
#include "orchestrator/playbook/document.h"
#include "orchestrator/playbook/problems.h"

namespace rehearse {

/// The keys that one entry of `parent` (a list or named mappings) takes beside those of the table. None: they
/// cannot be known, so that no key of it is judged.
using MoreKeys = std::function<std::optional<std::vector<KeySpec>>(const KeySpec& parent, const Node& entry)>;

class Checker {
  public:
    /// Relative paths are taken from `folder`, which is absolute.
    Checker(std::filesystem::path folder, Problems& problems, MoreKeys more_keys = {});

    /// Checks all of `node`. `what` names it in messages: "an environment file", "resource 'orders'"; `at` is
    /// where a missing key is reported. The result is complete only where there was no problem.
    json::object mapping(const Node& node, std::span<const KeySpec> keys, const std::string& what,
                         Position at);

  private:
    json::value value(const Node& node, const KeySpec& key, Position at);
    json::value scalar(const Node& node, const KeySpec& key, const std::string& subject);
    json::value scalars(const Node& node, const KeySpec& key);
    json::value entries(const Node& node, const KeySpec& key);
    json::value named(const Node& node, const KeySpec& key);
    json::object entry(const Node& node, const KeySpec& key, const std::string& what, Position at);
    void unknown_key(const Node& key, std::span<const KeySpec> keys, const std::string& what);
    void wrong_kind(const Node& node, const KeySpec& key);

    std::filesystem::path folder_;
    Problems& problems_;
    MoreKeys more_keys_;
};

/// A default as it would be written in YAML, as the JSON that a value of the key's type becomes.
[[nodiscard]] json::value default_value(const KeySpec& key);

/// `path` from `folder`, lexically normalised, without a slash at the end.
[[nodiscard]] std::filesystem::path absolute_path(const std::filesystem::path& folder, std::string_view path);

}  // namespace rehearse
