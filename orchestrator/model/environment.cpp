// Environments: look-ups, and the JSON forms of probes and commands that plans and journals hold.
#include "orchestrator/model/environment.h"

#include <algorithm>

#include "orchestrator/base/failure.h"

namespace rehearse {

std::string_view to_string(EnvironmentClass value) {
    switch (value) {
        case EnvironmentClass::development:
            return "development";
        case EnvironmentClass::staging:
            return "staging";
        case EnvironmentClass::production:
            return "production";
    }
    return "production";
}

std::string_view to_string(ProbeKind value) {
    switch (value) {
        case ProbeKind::http:
            return "http";
        case ProbeKind::tcp:
            return "tcp";
        case ProbeKind::sql:
            return "sql";
        case ProbeKind::command:
            return "command";
    }
    return "command";
}

std::string to_string(const SourceMark& mark) {
    if (mark.line == 0) return mark.file;
    return mark.file + ":" + std::to_string(mark.line) + ":" + std::to_string(mark.column);
}

const ResourceSpec* find_resource(const Environment& environment, const ResourceName& name) {
    const auto found = std::find_if(environment.resources.begin(), environment.resources.end(),
                                    [&](const ResourceSpec& resource) { return resource.name == name; });
    return found == environment.resources.end() ? nullptr : &*found;
}

const ProbeSpec* find_probe(const Environment& environment, const std::string& name) {
    const auto found = std::find_if(environment.probes.begin(), environment.probes.end(),
                                    [&](const ProbeSpec& probe) { return probe.name == name; });
    return found == environment.probes.end() ? nullptr : &*found;
}

namespace {

json::array texts(const std::vector<std::string>& values) {
    json::array array;
    for (const std::string& value : values) array.emplace_back(value);
    return array;
}

}  // namespace

json::object to_json(const ProbeSpec& probe) {
    json::object object{{"probe", probe.name}, {"kind", std::string(to_string(probe.kind))}};
    switch (probe.kind) {
        case ProbeKind::http:
            object["url"] = probe.url;
            object["method"] = probe.method;
            break;
        case ProbeKind::tcp:
            object["host"] = probe.host;
            object["port"] = probe.port;
            break;
        case ProbeKind::sql:
            object["resource"] = probe.resource.text();
            object["query"] = probe.query;
            break;
        case ProbeKind::command:
            object["command"] = texts(probe.command);
            object["directory"] = probe.directory.string();
            break;
    }
    json::object expect;
    if (probe.status) expect["status"] = *probe.status;
    if (probe.contains) expect["contains"] = *probe.contains;
    if (probe.equals) expect["equals"] = *probe.equals;
    if (probe.at_least) expect["at_least"] = *probe.at_least;
    if (probe.at_most) expect["at_most"] = *probe.at_most;
    if (probe.exit_code) expect["exit_code"] = *probe.exit_code;
    object["expect"] = std::move(expect);
    if (probe.interval) object["interval_ms"] = to_milliseconds(*probe.interval);
    object["timeout_ms"] = to_milliseconds(probe.timeout);
    return object;
}

ProbeSpec probe_from_json(const json::object& object, const std::string& origin) {
    ProbeSpec probe;
    probe.name = text_at(object, "probe", origin);
    const std::string kind = text_at(object, "kind", origin);
    if (kind == "http") {
        probe.kind = ProbeKind::http;
        probe.url = text_at(object, "url", origin);
        probe.method = text_at(object, "method", origin);
    } else if (kind == "tcp") {
        probe.kind = ProbeKind::tcp;
        probe.host = text_at(object, "host", origin);
        probe.port = number_at<std::uint16_t>(object, "port", origin);
    } else if (kind == "sql") {
        probe.kind = ProbeKind::sql;
        probe.resource = ResourceName(text_at(object, "resource", origin));
        probe.query = text_at(object, "query", origin);
    } else if (kind == "command") {
        probe.kind = ProbeKind::command;
        probe.command = texts_at(object, "command", origin);
        probe.directory = text_at(object, "directory", origin);
    } else {
        wrong_value("kind", "http, tcp, sql or command", origin);
    }
    const json::object& expect = object_at(object, "expect", origin);
    if (expect.contains("status")) probe.status = number_at<int>(expect, "status", origin);
    if (expect.contains("contains")) probe.contains = text_at(expect, "contains", origin);
    if (expect.contains("equals")) probe.equals = text_at(expect, "equals", origin);
    if (expect.contains("at_least")) probe.at_least = integer_at(expect, "at_least", origin);
    if (expect.contains("at_most")) probe.at_most = integer_at(expect, "at_most", origin);
    if (expect.contains("exit_code")) probe.exit_code = number_at<int>(expect, "exit_code", origin);
    if (object.contains("interval_ms")) {
        probe.interval = milliseconds_at(object, "interval_ms", origin);
    }
    probe.timeout = milliseconds_at(object, "timeout_ms", origin);
    return probe;
}

json::object to_json(const CommandSpec& command) {
    return {{"command", texts(command.arguments)},
            {"directory", command.directory.string()},
            {"timeout_ms", to_milliseconds(command.timeout)},
            {"retries", command.retries}};
}

CommandSpec command_from_json(const json::object& object, const std::string& origin) {
    CommandSpec command;
    command.arguments = texts_at(object, "command", origin);
    command.directory = text_at(object, "directory", origin);
    command.timeout = milliseconds_at(object, "timeout_ms", origin);
    command.retries = number_at<int>(object, "retries", origin);
    return command;
}

}  // namespace rehearse
