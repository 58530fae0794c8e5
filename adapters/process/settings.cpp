// Reads the options of a process resource; the loader has checked them against the table of keys.
#include "adapters/process/settings.h"

#include <signal.h>

#include <algorithm>
#include <cctype>

#include "orchestrator/base/digest.h"
#include "orchestrator/base/failure.h"
#include "orchestrator/base/file.h"
#include "orchestrator/base/json.h"

namespace rehearse::process {

namespace {

constexpr KeySpec http_keys[] = {
    {.name = "url", .type = ValueType::url, .required = true, .help = "The address that must answer."},
    {.name = "status",
     .type = ValueType::integer,
     .help = "The HTTP status that means ready.",
     .default_text = "200",
     .minimum = 100,
     .maximum = 599},
};
constexpr KeySpec tcp_keys[] = {
    {.name = "host", .type = ValueType::text, .required = true, .help = "Host name or address."},
    {.name = "port",
     .type = ValueType::integer,
     .required = true,
     .help = "Port that must take a connection.",
     .minimum = 1,
     .maximum = 65535},
};
constexpr KeySpec ready_keys[] = {
    {.name = "http",
     .type = ValueType::mapping,
     .help = "Ready when this address answers.",
     .nested = http_keys},
    {.name = "tcp",
     .type = ValueType::mapping,
     .help = "Ready when this port takes connections.",
     .nested = tcp_keys},
    {.name = "command",
     .type = ValueType::command,
     .help = "Ready when this command, run in 'directory', ends with exit code 0."},
    {.name = "within",
     .type = ValueType::duration,
     .help = "How long it may take from its start until it is ready.",
     .default_text = "30s"},
};
constexpr std::string_view signals[] = {"TERM", "INT", "QUIT", "HUP", "USR1", "USR2", "KILL"};
constexpr KeySpec keys[] = {
    {.name = "directory",
     .type = ValueType::path,
     .required = true,
     .help = "The folder that the process runs in. With the command, it says which process is meant."},
    {.name = "command",
     .type = ValueType::command,
     .required = true,
     .help = "Program and arguments that start it; it stays in the foreground. Kept in snapshots: no secrets "
             "here."},
    {.name = "ready",
     .type = ValueType::mapping,
     .help = "What must hold before it counts as started. All that are given must. Without: that it still "
             "runs a moment later.",
     .nested = ready_keys},
    {.name = "stop_signal",
     .type = ValueType::choice,
     .help = "The signal that asks it to end.",
     .default_text = "TERM",
     .choices = signals},
    {.name = "stop_timeout",
     .type = ValueType::duration,
     .help = "How long it may take to end before it is killed.",
     .default_text = "10s"},
    {.name = "environment",
     .type = ValueType::text_list,
     .help = "Variables that it is started with, each NAME=value. Shown in plans; secrets belong into "
             "environment_file."},
    {.name = "environment_file",
     .type = ValueType::path,
     .help =
         "A file with more variables, one NAME=value a line, taken as it stands; # begins a comment line. "
         "Its values are kept nowhere."},
    {.name = "user",
     .type = ValueType::text,
     .help = "The user that it runs as. Needs root. Default: who runs rehearse."},
};

Failure bad_option(const Settings& settings, const std::string& message, const std::string& remedy) {
    return Failure({.kind = FailureKind::invalid_input,
                    .operation = "read options",
                    .object = settings.name,
                    .message = message,
                    .remedy = remedy});
}

const json::object* object_in(const json::object& options, std::string_view key) {
    const json::value* value = options.if_contains(key);
    return value != nullptr ? value->if_object() : nullptr;
}

std::vector<std::string> texts_in(const json::object& options, std::string_view key,
                                  const std::string& origin) {
    const json::value* value = options.if_contains(key);
    return value == nullptr || value->is_null() ? std::vector<std::string>() : texts_at(options, key, origin);
}

bool is_variable_name(std::string_view name) {
    return !name.empty() && std::isdigit(static_cast<unsigned char>(name[0])) == 0 &&
           std::all_of(name.begin(), name.end(),
                       [](char c) { return c == '_' || std::isalnum(static_cast<unsigned char>(c)) != 0; });
}

std::string machine() {
    for (const char* path : {"/etc/machine-id", "/var/lib/dbus/machine-id"}) {
        try {
            std::string id = read_file(path, 256);
            while (!id.empty() && std::isspace(static_cast<unsigned char>(id.back())) != 0) id.pop_back();
            if (!id.empty()) return id;
        } catch (const Failure&) {  // a container may have none
        }
    }
    return {};
}

json::array command_array(const Settings& settings) {
    json::array array;
    for (const auto& argument : settings.command) array.emplace_back(argument);
    return array;
}

}  // namespace

std::span<const KeySpec> setting_keys() { return keys; }

Settings settings_from(const ResourceSpec& spec) {
    const std::string origin = to_string(spec.mark);
    const json::object& options = spec.options;
    Settings settings;
    settings.name = spec.name.text();
    settings.directory = text_at(options, "directory", origin);
    settings.command = texts_in(options, "command", origin);
    if (settings.command.empty() || settings.command[0].empty()) {
        throw bad_option(settings, "'command' names no program", "write program and arguments as a list");
    }
    settings.stop_signal = text_or(options, "stop_signal", "TERM");
    settings.stop_timeout = parse_duration(text_or(options, "stop_timeout", "10s"));
    settings.variables = texts_in(options, "environment", origin);
    settings.variables_file = text_or(options, "environment_file", "");
    settings.user = text_or(options, "user", "");
    if (const json::object* ready = object_in(options, "ready")) {
        settings.ready.within = parse_duration(text_or(*ready, "within", "30s"));
        settings.ready.command = texts_in(*ready, "command", origin);
        if (const json::object* http = object_in(*ready, "http")) {
            settings.ready.url = text_at(*http, "url", origin);
            if (http->contains("status")) {
                settings.ready.status = number_at<int>(*http, "status", origin);
            }
        }
        if (const json::object* tcp = object_in(*ready, "tcp")) {
            settings.ready.host = text_at(*tcp, "host", origin);
            settings.ready.port = number_at<std::uint16_t>(*tcp, "port", origin);
        }
    }
    for (const auto& variable : settings.variables) {
        if (!is_variable_name(variable.substr(0, variable.find('='))) ||
            variable.find('=') == std::string::npos) {
            throw bad_option(settings, "an entry of 'environment' is not NAME=value",
                             "write it as NAME=value");
        }
    }
    std::ignore = settings.stop_signal_number();
    return settings;
}

std::filesystem::path Settings::real_directory() const {
    std::error_code error;
    auto real = std::filesystem::weakly_canonical(directory, error);
    return error ? directory.lexically_normal() : real;
}

std::string Settings::command_text() const {
    std::string text;
    for (const auto& argument : command) text += (text.empty() ? "" : " ") + argument;
    return text;
}

int Settings::stop_signal_number() const {
    constexpr std::pair<std::string_view, int> numbers[] = {
        {"TERM", SIGTERM}, {"INT", SIGINT},   {"QUIT", SIGQUIT}, {"HUP", SIGHUP},
        {"USR1", SIGUSR1}, {"USR2", SIGUSR2}, {"KILL", SIGKILL}};
    for (const auto& [signal_name, number] : numbers) {
        if (signal_name == stop_signal) return number;
    }
    throw bad_option(*this, "there is no stop_signal '" + stop_signal + "'",
                     "use TERM, INT, QUIT, HUP, USR1, USR2 or KILL");
}

std::map<std::string, std::string> Settings::environment() const {
    std::map<std::string, std::string> all;
    const auto add = [&all](std::string_view line) {
        const auto equals = line.find('=');
        if (equals == std::string_view::npos || !is_variable_name(line.substr(0, equals)) ||
            line.find('\0') != std::string_view::npos) {
            return false;
        }
        all[std::string(line.substr(0, equals))] = line.substr(equals + 1);
        return true;
    };
    if (!variables_file.empty()) {
        const std::string text = read_file(variables_file, 1U << 20U);
        int number = 0;
        for (std::size_t at = 0; at < text.size();) {
            const auto end = std::min(text.find('\n', at), text.size());
            std::string_view line = std::string_view(text).substr(at, end - at);
            at = end + 1;
            ++number;
            if (line.ends_with('\r')) line.remove_suffix(1);
            const auto first = line.find_first_not_of(" \t");
            if (first == std::string_view::npos || line[first] == '#') continue;
            if (!add(line)) {
                throw bad_option(
                    *this, variables_file.string() + ":" + std::to_string(number) + " is not NAME=value",
                    "write it as NAME=value");
            }
        }
    }
    for (const auto& variable : variables) add(variable);
    return all;
}

Identity Settings::identity() const {
    Identity identity{{"directory", real_directory().string()},
                      {"command", sha256_hex(canonical_json(command_array(*this)))}};
    if (const std::string id = machine(); !id.empty()) identity["machine"] = id;
    return identity;
}

std::string Settings::digest() const {
    return sha256_hex(canonical_json(
        json::object{{"directory", real_directory().string()}, {"command", command_array(*this)}}));
}

}  // namespace rehearse::process
