// Reading a file, and the parts that playbooks and rehearse.yaml have in common.
#include "orchestrator/playbook/source.h"

#include <array>
#include <utility>

#include "orchestrator/base/file.h"
#include "orchestrator/playbook/keys.h"
#include "orchestrator/playbook/text.h"
#include "orchestrator/playbook/values.h"

namespace rehearse {

namespace {

void complain(Problems& problems, const Node& node, std::string_view key, const MaybeComplaint& complaint) {
    if (!complaint) return;
    problems.add(node.at, "'" + std::string(key) + "' " + complaint->message, complaint->remedy);
}

/// A scalar under `key` that is there and not of a wrong type: those are complained about elsewhere.
const Node* scalar_child(const Node& node, std::string_view key) {
    const Node* found = child(node, key);
    return found != nullptr && found->kind == Node::Kind::scalar && !found->text.empty() ? found : nullptr;
}

void check_window(const Node& window, Problems& problems) {
    const Node* from = scalar_child(window, "from");
    const Node* until = scalar_child(window, "until");
    const Node* starts = scalar_child(window, "starts");
    const Node* ends = scalar_child(window, "ends");
    const bool recurring = child(window, "days") != nullptr || child(window, "from") != nullptr ||
                           child(window, "until") != nullptr;
    const bool fixed = child(window, "starts") != nullptr || child(window, "ends") != nullptr;
    const std::string what = "a freeze window";
    if (recurring && fixed) {
        problems.add(window.at, what + " is either recurring or fixed, and this one is both",
                     "keep days, from and until, or keep starts and ends");
    } else if (!recurring && !fixed) {
        problems.add(window.at, what + " must say when it is",
                     "add days, from and until, or starts and ends");
    } else if (fixed && (child(window, "starts") == nullptr || child(window, "ends") == nullptr)) {
        problems.add(window.at, what + " with a fixed time has both 'starts' and 'ends'",
                     "add the other one");
    } else if (recurring && (child(window, "from") == nullptr) != (child(window, "until") == nullptr)) {
        problems.add(window.at, what + " has both 'from' and 'until', or neither for whole days",
                     "add the other one");
    }
    if (from != nullptr) complain(problems, *from, "from", check_time_of_day(from->text, "23:59"));
    if (until != nullptr) complain(problems, *until, "until", check_time_of_day(until->text, "24:00"));
    if (from != nullptr && until != nullptr && from->text == until->text) {
        problems.add(until->at, "'until' is the same as 'from', so that the window is empty",
                     "leave both out for whole days");
    }
    const MaybeComplaint bad_start = starts != nullptr ? check_instant(starts->text) : std::nullopt;
    const MaybeComplaint bad_end = ends != nullptr ? check_instant(ends->text) : std::nullopt;
    if (starts != nullptr) complain(problems, *starts, "starts", bad_start);
    if (ends != nullptr) complain(problems, *ends, "ends", bad_end);
    if (starts != nullptr && ends != nullptr && !bad_start && !bad_end &&
        parse_rfc3339(ends->text) <= parse_rfc3339(starts->text)) {
        problems.add(ends->at, "'ends' is not after 'starts'", "write a later instant");
    }
    if (const Node* zone = scalar_child(window, "timezone")) {
        complain(problems, *zone, "timezone", check_timezone(zone->text));
    }
}

json::object defaults(std::span<const KeySpec> keys) {
    json::object object;
    for (const KeySpec& key : keys) {
        if (key.type == ValueType::mapping) {
            object[key.name] = defaults(key.nested);
        } else if (!key.default_text.empty()) {
            object[key.name] = default_value(key);
        }
    }
    return object;
}

}  // namespace

SourceFile source_from(std::string text, const std::filesystem::path& path) {
    SourceFile source{.path = std::filesystem::absolute(path).lexically_normal(),
                      .problems = Problems(path.lexically_normal().string()),
                      .bytes = std::move(text),
                      .root = std::nullopt,
                      .values = {}};
    if (source.bytes.size() > largest_file) {
        source.problems.add({}, "the file is larger than 1 MiB", "split it");
        return source;
    }
    const SourceText checked(source.bytes);
    if (check_text(checked, source.problems)) source.root = parse_document(checked, source.problems);
    return source;
}

SourceFile read_source(const std::filesystem::path& path) {
    SourceFile source{.path = std::filesystem::absolute(path).lexically_normal(),
                      .problems = Problems(path.lexically_normal().string()),
                      .bytes = {},
                      .root = std::nullopt,
                      .values = {}};
    std::error_code error;
    const std::filesystem::file_status status = std::filesystem::status(path, error);
    if (!std::filesystem::exists(status)) {
        source.problems.add({}, "there is no such file", "check the path; 'rehearse init' writes examples");
        return source;
    }
    if (!std::filesystem::is_regular_file(status)) {
        source.problems.add({}, "this is not a regular file", "name a YAML file");
        return source;
    }
    try {
        return source_from(read_file(path, largest_file), path);
    } catch (const Failure& failure) {
        source.problems.add({}, failure.fields().message, failure.fields().remedy);
        return source;
    }
}

json::object section(const json::object& values, std::span<const KeySpec> keys, std::string_view key) {
    const json::value* found = values.if_contains(key);
    if (found != nullptr && found->is_object()) return found->get_object();
    return defaults(find_key(keys, key)->nested);
}

std::vector<std::string> texts_at(const json::object& values, std::string_view key) {
    std::vector<std::string> texts;
    if (const json::value* found = values.if_contains(key)) {
        for (const json::value& text : found->get_array()) texts.emplace_back(text.get_string());
    }
    return texts;
}

Duration duration_at(const json::object& values, std::string_view key) {
    return parse_duration(text_at(values, key, "the file"));
}

CommandSpec command_from(const SourceFile& source, const json::object& values, const Node& node) {
    CommandSpec command;
    for (const json::value& argument : array_at(values, "command", source.problems.file())) {
        command.arguments.emplace_back(argument.get_string());
    }
    command.directory = text_or(values, "directory", source.folder().string());
    command.timeout = duration_at(values, "timeout");
    command.retries = static_cast<int>(integer_at(values, "retries", source.problems.file()));
    command.mark = source.mark(node.at);
    return command;
}

std::vector<CommandSpec> commands_from(const SourceFile& source, const json::object& values, const Node& node,
                                       std::string_view key) {
    std::vector<CommandSpec> commands;
    const Node* list = child(node, key);
    if (list == nullptr) return commands;
    const json::array& entries = array_at(values, key, source.problems.file());
    for (std::size_t i = 0; i < entries.size(); ++i) {
        commands.push_back(command_from(source, entries[i].get_object(), list->items[i]));
    }
    return commands;
}

std::optional<CommandSpec> alarm_from(const SourceFile& source) {
    const Node* node = child(*source.root, "alarm");
    if (node == nullptr) return std::nullopt;
    return command_from(source, object_at(source.values, "alarm", source.problems.file()), *node);
}

void check_freeze(const Node& root, Problems& problems) {
    const Node* list = child(root, "freeze");
    if (list == nullptr) return;
    for (const Node& window : list->items) {
        if (list->kind == Node::Kind::list && window.kind == Node::Kind::mapping)
            check_window(window, problems);
    }
}

std::vector<FreezeWindow> freeze_from(const SourceFile& source) {
    std::vector<FreezeWindow> windows;
    const Node* list = child(*source.root, "freeze");
    if (list == nullptr) return windows;
    const json::array& entries = array_at(source.values, "freeze", source.problems.file());
    for (std::size_t i = 0; i < entries.size(); ++i) {
        const json::object& values = entries[i].get_object();
        FreezeWindow window;
        window.reason = text_at(values, "reason", source.problems.file());
        if (const json::value* days = values.if_contains("days")) {
            for (const json::value& day : days->get_array()) window.days.emplace_back(day.get_string());
        }
        window.from = text_or(values, "from", {});
        window.until = text_or(values, "until", {});
        window.timezone = text_at(values, "timezone", source.problems.file());
        if (values.contains("starts")) {
            window.starts = parse_rfc3339(text_at(values, "starts", source.problems.file()));
            window.ends = parse_rfc3339(text_at(values, "ends", source.problems.file()));
        }
        window.mark = source.mark(list->items[i].at);
        windows.push_back(std::move(window));
    }
    return windows;
}

const AdapterDescriptor* find_adapter(AdapterDescriptors adapters, std::string_view name) {
    for (const AdapterDescriptor* adapter : adapters) {
        if (adapter->name == name) return adapter;
    }
    return nullptr;
}

}  // namespace rehearse
