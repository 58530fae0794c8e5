// One function for each shape of value; what may stand where comes from the table alone.
#include "orchestrator/playbook/checker.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "orchestrator/playbook/keys.h"
#include "orchestrator/playbook/nearest.h"
#include "orchestrator/playbook/values.h"

namespace rehearse {

namespace {

/// "a duration, like \"15m\"": what would be right.
std::string wanted(const KeySpec& key) {
    switch (key.type) {
        case ValueType::text:
            return "a text";
        case ValueType::name:
            return "a name";
        case ValueType::path:
            return "a path, like \"../staging/config\"";
        case ValueType::connection:
            return "a connection string, like \"host=127.0.0.1 dbname=orders\"";
        case ValueType::secret:
            return "a text";
        case ValueType::url:
            return "a URL, like \"http://127.0.0.1:8080/health\"";
        case ValueType::duration:
            return "a duration, like \"15m\"";
        case ValueType::integer:
            return "a whole number, like " + std::to_string(key.minimum > 0 ? key.minimum : 1);
        case ValueType::boolean:
            return "true or false";
        case ValueType::share:
            return "a share, like \"25%\"";
        case ValueType::choice:
            return "one of " + listed(key.choices);
        case ValueType::text_list:
            return key.choices.empty() ? "a list of texts, like [\"a\", \"b\"]"
                                       : "a list, like [" + std::string(key.choices.front()) + "]";
        case ValueType::name_list:
            return "a list of names, like [first, second]";
        case ValueType::command:
            return "a list of the program and its arguments, like [systemctl, restart, shop]";
        case ValueType::mapping:
            return "a mapping";
        case ValueType::mapping_list:
            return "a list of mappings";
        case ValueType::named_mappings:
            return "a mapping from names of your choice to mappings";
    }
    return "a text";
}

/// The same without an example.
std::string wanted_kind(const KeySpec& key) {
    const std::string whole = wanted(key);
    return whole.substr(0, whole.find(", like "));
}

std::vector<std::string_view> names_of(std::span<const KeySpec> keys) {
    std::vector<std::string_view> names;
    for (const KeySpec& key : keys) names.push_back(key.name);
    return names;
}

/// What to write instead of a value of another kind.
std::string correction(const Node& node, const KeySpec& key) {
    if (key.type == ValueType::mapping) {
        return "write 'key: value' below it; the keys are " + listed(names_of(key.nested));
    }
    if (key.type == ValueType::mapping_list) {
        return node.kind == Node::Kind::mapping
                   ? "put '- ' before its first key, and indent the others to match"
                   : "begin each entry with '- ' and a key of " + listed(names_of(key.nested));
    }
    return "write " + wanted(key);
}

std::string found_kind(const Node& node) {
    switch (node.kind) {
        case Node::Kind::nothing:
            return "nothing";
        case Node::Kind::scalar:
            return "'" + shortened(node.text) + "'";
        case Node::Kind::list:
            return "a list";
        case Node::Kind::mapping:
            return "a mapping";
    }
    return "nothing";
}

std::string in_quotes(std::string_view text) { return "'" + shortened(text) + "'"; }

/// "orders" of "resources" is called "resource 'orders'".
std::string singular(std::string_view plural) {
    return std::string(plural.ends_with('s') ? plural.substr(0, plural.size() - 1) : plural);
}

/// "[nginx, -t]" for "nginx -t".
std::string as_list(const std::string& line) {
    std::string list;
    for (std::size_t at = 0; at < line.size();) {
        const std::size_t begin = line.find_first_not_of(" \n", at);
        if (begin == std::string::npos) break;
        at = std::min(line.find_first_of(" \n", begin), line.size());
        list += (list.empty() ? "" : ", ") + line.substr(begin, at - begin);
    }
    return "[" + list + "]";
}

}  // namespace

std::filesystem::path absolute_path(const std::filesystem::path& folder, std::string_view path) {
    std::filesystem::path whole = (folder / std::filesystem::path(path)).lexically_normal();
    if (!whole.has_filename() && whole != whole.root_path()) whole = whole.parent_path();
    return whole;
}

json::value default_value(const KeySpec& key) {
    const std::string_view text = key.default_text;
    if (key.type == ValueType::integer) {
        std::int64_t number = 0;
        std::from_chars(text.data(), text.data() + text.size(), number);
        return number;
    }
    if (key.type == ValueType::boolean) return text == "true";
    return json::value(std::string(text));
}

Checker::Checker(std::filesystem::path folder, Problems& problems, MoreKeys more_keys)
    : folder_(std::move(folder)), problems_(problems), more_keys_(std::move(more_keys)) {}

json::object Checker::mapping(const Node& node, std::span<const KeySpec> keys, const std::string& what,
                              Position at) {
    json::object object;
    if (node.kind != Node::Kind::mapping) {
        problems_.add(node.at, what + " must be a mapping, and here is " + found_kind(node),
                      "write 'key: value'; the keys are " + listed(names_of(keys)));
        return object;
    }
    for (const Node& key : node.keys) {
        if (find_key(keys, key.text) == nullptr) unknown_key(key, keys, what);
    }
    for (const KeySpec& key : keys) {
        const Node* name = key_of(node, key.name);
        if (name != nullptr) {
            object[key.name] = value(*child(node, key.name), key, name->at);
        } else if (key.required) {
            problems_.add(at, what + " has no '" + std::string(key.name) + "'", "add it: " + wanted(key));
        } else if (!key.default_text.empty()) {
            object[key.name] = default_value(key);
        }
    }
    return object;
}

json::value Checker::value(const Node& node, const KeySpec& key, Position at) {
    switch (key.type) {
        case ValueType::text_list:
        case ValueType::name_list:
        case ValueType::command:
            if (node.kind == Node::Kind::list) return scalars(node, key);
            break;
        case ValueType::mapping:
            if (node.kind == Node::Kind::mapping)
                return entry(node, key, "'" + std::string(key.name) + "'", at);
            break;
        case ValueType::mapping_list:
            if (node.kind == Node::Kind::list) return entries(node, key);
            break;
        case ValueType::named_mappings:
            if (node.kind == Node::Kind::mapping) return named(node, key);
            break;
        default:
            if (node.kind == Node::Kind::scalar) return scalar(node, key, "'" + std::string(key.name) + "'");
            break;
    }
    wrong_kind(node, key);
    return nullptr;
}

void Checker::wrong_kind(const Node& node, const KeySpec& key) {
    const std::string name = "'" + std::string(key.name) + "'";
    if (node.kind == Node::Kind::nothing) {
        problems_.add(node.at, name + " has no value", correction(node, key) + ", or remove the key");
        return;
    }
    const bool is_scalar = node.kind == Node::Kind::scalar;
    if (key.type == ValueType::command && is_scalar) {
        problems_.add(node.at, name + " is one text, and no shell would take it apart",
                      "write it as a list: " + shortened(as_list(node.text)));
        return;
    }
    if ((key.type == ValueType::text_list || key.type == ValueType::name_list) && is_scalar) {
        problems_.add(node.at, name + " takes a list, and here is " + found_kind(node),
                      "put it in brackets: [\"" + shortened(node.text) + "\"]");
        return;
    }
    problems_.add(node.at, name + " takes " + wanted_kind(key) + ", and here is " + found_kind(node),
                  correction(node, key));
}

json::value Checker::scalar(const Node& node, const KeySpec& key, const std::string& subject) {
    MaybeComplaint complaint;
    switch (key.type) {
        case ValueType::name:
            complaint = check_name(node.text);
            break;
        case ValueType::path:
            complaint = check_path(node.text);
            break;
        case ValueType::url:
            complaint = check_url(node.text);
            break;
        case ValueType::duration:
            complaint = check_duration(node.text);
            break;
        case ValueType::integer:
            complaint = check_integer(node.text, node.quoted, key.minimum, key.maximum);
            break;
        case ValueType::boolean:
            complaint = check_boolean(node.text, node.quoted);
            break;
        case ValueType::share:
            complaint = check_share(node.text);
            break;
        default:
            if (node.text.empty()) complaint = Complaint{"is empty", "write a text, or remove the key"};
            break;
    }
    if (!complaint && !key.choices.empty() &&
        std::find(key.choices.begin(), key.choices.end(), node.text) == key.choices.end()) {
        complaint = is_planned(std::string(key.name) + "=" + node.text)
                        ? Complaint{"is " + in_quotes(node.text) + ", which this version cannot do yet",
                                    "use one of " + listed(key.choices)}
                        : Complaint{"cannot be " + in_quotes(node.text),
                                    suggestion(node.text, key.choices, "it is one of")};
    }
    if (complaint) {
        problems_.add(node.at, subject + " " + complaint->message, complaint->remedy);
        return nullptr;
    }
    if (key.type == ValueType::path) return json::value(absolute_path(folder_, node.text).string());
    if (key.type == ValueType::boolean) return node.text == "true";
    if (key.type == ValueType::integer) {
        std::int64_t number = 0;
        std::from_chars(node.text.data(), node.text.data() + node.text.size(), number);
        return number;
    }
    return json::value(node.text);
}

json::value Checker::scalars(const Node& node, const KeySpec& key) {
    json::array array;
    KeySpec each = key;
    each.type = key.type == ValueType::name_list ? ValueType::name : ValueType::text;
    const std::string subject = "an entry of '" + std::string(key.name) + "'";
    for (const Node& item : node.items) {
        if (item.kind != Node::Kind::scalar) {
            problems_.add(item.at, subject + " is " + found_kind(item) + ", and must be a text",
                          "put it in quotes, or remove it");
        } else if (key.type == ValueType::command) {
            array.emplace_back(item.text);  // an argument may be empty
        } else {
            array.push_back(scalar(item, each, subject));
        }
    }
    if (key.type == ValueType::command &&
        (node.items.empty() || (node.items[0].kind == Node::Kind::scalar && node.items[0].text.empty()))) {
        problems_.add(node.at, "'" + std::string(key.name) + "' names no program", "write " + wanted(key));
    }
    return array;
}

json::value Checker::entries(const Node& node, const KeySpec& key) {
    json::array array;
    const std::string what = "an entry of '" + std::string(key.name) + "'";
    for (const Node& item : node.items) array.emplace_back(entry(item, key, what, item.at));
    return array;
}

json::value Checker::named(const Node& node, const KeySpec& key) {
    json::object object;
    const std::string one = singular(key.name);
    for (std::size_t i = 0; i < node.keys.size(); ++i) {
        const Node& name = node.keys[i];
        if (const MaybeComplaint complaint = check_name(name.text)) {
            problems_.add(name.at, "the name of a " + one + " " + complaint->message, complaint->remedy);
        }
        object[name.text] = entry(node.items[i], key, one + " " + in_quotes(name.text), name.at);
    }
    return object;
}

json::object Checker::entry(const Node& node, const KeySpec& key, const std::string& what, Position at) {
    std::vector<KeySpec> keys(key.nested.begin(), key.nested.end());
    if (more_keys_ && node.kind == Node::Kind::mapping) {
        const std::optional<std::vector<KeySpec>> more = more_keys_(key, node);
        if (!more) {
            // Only what the table itself says can be judged.
            Node known = node;
            for (std::size_t i = known.keys.size(); i-- > 0;) {
                if (find_key(keys, known.keys[i].text) != nullptr) continue;
                known.keys.erase(known.keys.begin() + static_cast<std::ptrdiff_t>(i));
                known.items.erase(known.items.begin() + static_cast<std::ptrdiff_t>(i));
            }
            return mapping(known, keys, what, at);
        }
        keys.insert(keys.end(), more->begin(), more->end());
    }
    return mapping(node, keys, what, at);
}

void Checker::unknown_key(const Node& key, std::span<const KeySpec> keys, const std::string& what) {
    if (is_planned(key.text)) {
        problems_.add(key.at, "this version cannot do '" + key.text + "' yet",
                      "remove the key; a setting is never ignored");
        return;
    }
    problems_.add(key.at, what + " has no key " + in_quotes(key.text),
                  suggestion(key.text, names_of(keys), "its keys are"));
}

}  // namespace rehearse
