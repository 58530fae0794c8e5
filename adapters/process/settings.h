// The options of a process resource, as values.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "orchestrator/base/clock.h"
#include "orchestrator/model/environment.h"
#include "orchestrator/model/keys.h"
#include "orchestrator/ports/adapter.h"

namespace rehearse::process {

/// What must answer before the process counts as ready. All that are set must.
struct ReadySettings {
    std::string url{};  // answers `status`
    int status = 200;
    std::string host{};  // takes a connection on `port`
    std::uint16_t port = 0;
    std::vector<std::string> command{};  // ends with 0
    Duration within = std::chrono::seconds(30);

    [[nodiscard]] bool any() const { return !url.empty() || !host.empty() || !command.empty(); }
};

struct Settings {
    std::string name{};  // of the resource, for messages
    std::filesystem::path directory{};
    std::vector<std::string> command{};
    ReadySettings ready{};
    std::string stop_signal = "TERM";
    Duration stop_timeout = std::chrono::seconds(10);
    std::vector<std::string> variables{};    // NAME=value
    std::filesystem::path variables_file{};  // more of them, one a line
    std::string user{};                      // empty: that of this program

    /// The directory without symlinks, as far as it is there.
    [[nodiscard]] std::filesystem::path real_directory() const;
    /// The command with blanks between.
    [[nodiscard]] std::string command_text() const;
    [[nodiscard]] int stop_signal_number() const;
    /// All of `environment` and `environment_file`. Fails: invalid_input with the line (never its value).
    [[nodiscard]] std::map<std::string, std::string> environment() const;
    [[nodiscard]] Identity identity() const;
    /// SHA-256 of real directory and command, in hex: names the process in files of ours.
    [[nodiscard]] std::string digest() const;
};

[[nodiscard]] std::span<const KeySpec> setting_keys();
[[nodiscard]] Settings settings_from(const ResourceSpec& spec);

}  // namespace rehearse::process
