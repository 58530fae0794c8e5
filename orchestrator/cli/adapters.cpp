// rehearse adapters: what can be rehearsed, with which options, and what each adapter can destroy.
#include <ostream>

#include "orchestrator/cli/commands.h"

namespace rehearse {

namespace {

json::array keys_json(std::span<const KeySpec> keys) {
    json::array array;
    for (const KeySpec& key : keys) {
        array.emplace_back(json::object{{"key", key.name},
                                        {"required", key.required},
                                        {"default", key.default_text},
                                        {"help", key.help},
                                        {"keys", keys_json(key.nested)}});
    }
    return array;
}

void print_keys(std::ostream& out, std::span<const KeySpec> keys, const std::string& indent) {
    for (const KeySpec& key : keys) {
        out << indent << key.name << (key.required ? " (required)" : "") << ": " << key.help;
        if (!key.default_text.empty()) out << " Default: " << key.default_text << ".";
        out << "\n";
        print_keys(out, key.nested, indent + "  ");
    }
}

int adapters(const Invocation& invocation) {
    const Host& host = invocation.host;
    json::array documents;
    for (const AdapterDescriptor* adapter : host.adapters) {
        json::array normalises;
        for (const std::string_view one : adapter->normalises) normalises.emplace_back(one);
        documents.emplace_back(json::object{{"adapter", adapter->name},
                                            {"summary", adapter->summary},
                                            {"destroys", adapter->destroys},
                                            {"item", adapter->item},
                                            {"items_pattern", adapter->patterns},
                                            {"options", keys_json(adapter->keys)},
                                            {"destroy_options", keys_json(adapter->destroy_keys)},
                                            {"normalises", std::move(normalises)}});
        if (invocation.json()) continue;
        host.out << adapter->name << ": " << adapter->summary << "\n  destroys: " << adapter->destroys
                 << "\n  an item is a " << adapter->item;
        if (!adapter->patterns.empty()) host.out << "; items: " << adapter->patterns;
        host.out << "\n  options:\n";
        print_keys(host.out, adapter->keys, "    ");
        if (!adapter->destroy_keys.empty()) {
            host.out << "  options of a destroy step:\n";
            print_keys(host.out, adapter->destroy_keys, "    ");
        }
        host.out << "  normalises:\n";
        for (const std::string_view one : adapter->normalises) host.out << "    " << one << "\n";
        host.out << "\n";
    }
    if (invocation.json()) {
        print_json(host,
                   json::object{{"schema", "rehearse.adapters/v1"}, {"adapters", std::move(documents)}});
    }
    return 0;
}

}  // namespace

void add_adapters(Commands& commands) {
    Command command = commands.add("adapters", "lists adapters, their options and what each can destroy",
                                   "rehearse adapters", true);
    commands.on(command, adapters);
}

}  // namespace rehearse
