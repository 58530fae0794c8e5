// Canonical JSON (RFC 8785 without doubles), pretty JSON, and parsing with line and column.
#include "orchestrator/base/json.h"

#include <algorithm>
#include <boost/json/parse_options.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/stream_parser.hpp>
#include <cstdint>
#include <vector>

#include "orchestrator/base/failure.h"

namespace rehearse {

namespace {

Failure invalid(const std::string& origin, std::string message, std::string remedy = {}) {
    return Failure({.kind = FailureKind::invalid_input,
                    .operation = {},
                    .object = origin,
                    .native_code = {},
                    .message = std::move(message),
                    .remedy = std::move(remedy)});
}

/// UTF-8 to UTF-16 code units, for RFC 8785's order of keys. Bytes that are not UTF-8 count as they are.
std::vector<std::uint16_t> code_units(std::string_view text) {
    std::vector<std::uint16_t> units;
    units.reserve(text.size());
    for (std::size_t i = 0; i < text.size();) {
        const auto byte = static_cast<unsigned char>(text[i]);
        std::size_t length = byte < 0x80 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
        if (byte < 0xC0 || i + length > text.size()) length = 1;
        std::uint32_t point = length == 1 ? byte : byte & (0xFFU >> (length + 1));
        for (std::size_t k = 1; k < length; ++k) {
            point = (point << 6U) | (static_cast<unsigned char>(text[i + k]) & 0x3FU);
        }
        if (point >= 0x10000) {
            units.push_back(static_cast<std::uint16_t>(0xD800U + ((point - 0x10000U) >> 10U)));
            units.push_back(static_cast<std::uint16_t>(0xDC00U + ((point - 0x10000U) & 0x3FFU)));
        } else {
            units.push_back(static_cast<std::uint16_t>(point));
        }
        i += length;
    }
    return units;
}

void write_text(std::string& out, std::string_view text) {
    static constexpr char digits[] = "0123456789abcdef";
    out += '"';
    for (const char c : text) {
        switch (c) {
            case '"':
                out += "\\\"";
                break;
            case '\\':
                out += "\\\\";
                break;
            case '\b':
                out += "\\b";
                break;
            case '\f':
                out += "\\f";
                break;
            case '\n':
                out += "\\n";
                break;
            case '\r':
                out += "\\r";
                break;
            case '\t':
                out += "\\t";
                break;
            default:
                if (static_cast<unsigned char>(c) < 0x20) {
                    out += "\\u00";
                    out += digits[static_cast<unsigned char>(c) >> 4U];
                    out += digits[static_cast<unsigned char>(c) & 15U];
                } else {
                    out += c;
                }
        }
    }
    out += '"';
}

void write_canonical(std::string& out, const json::value& value) {
    switch (value.kind()) {
        case json::kind::null:
            out += "null";
            break;
        case json::kind::bool_:
            out += value.get_bool() ? "true" : "false";
            break;
        case json::kind::int64:
            out += std::to_string(value.get_int64());
            break;
        case json::kind::uint64:
            out += std::to_string(value.get_uint64());
            break;
        case json::kind::double_:
            throw invalid("canonical JSON", "numbers must be whole, found a fraction");
        case json::kind::string:
            write_text(out, value.get_string());
            break;
        case json::kind::array: {
            out += '[';
            bool first = true;
            for (const json::value& element : value.get_array()) {
                if (!first) out += ',';
                first = false;
                write_canonical(out, element);
            }
            out += ']';
            break;
        }
        case json::kind::object: {
            std::vector<const json::key_value_pair*> members;
            bool ascii = true;
            for (const json::key_value_pair& member : value.get_object()) {
                members.push_back(&member);
                ascii = ascii && std::all_of(member.key().begin(), member.key().end(),
                                             [](char c) { return static_cast<unsigned char>(c) < 0x80; });
            }
            std::sort(members.begin(), members.end(), [ascii](const auto* a, const auto* b) {
                return ascii ? a->key() < b->key() : code_units(a->key()) < code_units(b->key());
            });
            out += '{';
            bool first = true;
            for (const json::key_value_pair* member : members) {
                if (!first) out += ',';
                first = false;
                write_text(out, member->key());
                out += ':';
                write_canonical(out, member->value());
            }
            out += '}';
            break;
        }
    }
}

void write_pretty(std::string& out, const json::value& value, std::size_t depth) {
    const std::string indent((depth + 1) * 2, ' ');
    if (value.is_object() && !value.get_object().empty()) {
        out += "{\n";
        bool first = true;
        for (const json::key_value_pair& member : value.get_object()) {
            if (!first) out += ",\n";
            first = false;
            out += indent;
            write_text(out, member.key());
            out += ": ";
            write_pretty(out, member.value(), depth + 1);
        }
        out += "\n" + std::string(depth * 2, ' ') + "}";
    } else if (value.is_array() && !value.get_array().empty()) {
        out += "[\n";
        bool first = true;
        for (const json::value& element : value.get_array()) {
            if (!first) out += ",\n";
            first = false;
            out += indent;
            write_pretty(out, element, depth + 1);
        }
        out += "\n" + std::string(depth * 2, ' ') + "]";
    } else {
        out += json::serialize(value);
    }
}

const json::value& value_at(const json::object& object, std::string_view key, const std::string& origin) {
    const json::value* value = object.if_contains(key);
    if (value == nullptr) throw invalid(origin, "the key '" + std::string(key) + "' is missing");
    return *value;
}

}  // namespace

std::string canonical_json(const json::value& value) {
    std::string out;
    write_canonical(out, value);
    return out;
}

std::string pretty_json(const json::value& value) {
    std::string out;
    write_pretty(out, value, 0);
    out += '\n';
    return out;
}

json::value parse_json(std::string_view text, const std::string& origin) {
    json::parse_options options;
    options.max_depth = 64;
    json::stream_parser parser({}, options);
    boost::system::error_code error;
    std::size_t read = parser.write_some(text.data(), text.size(), error);
    if (!error && read < text.size()) {
        const std::string_view rest = text.substr(read);
        if (rest.find_first_not_of(" \t\r\n") != std::string_view::npos) error = json::error::extra_data;
    }
    if (!error) parser.finish(error);
    if (error) {
        const std::string_view before = text.substr(0, std::min(read, text.size()));
        const auto line = 1 + std::count(before.begin(), before.end(), '\n');
        const std::size_t last = before.rfind('\n');
        const std::size_t column = last == std::string_view::npos ? before.size() + 1 : before.size() - last;
        throw invalid(origin + ":" + std::to_string(line) + ":" + std::to_string(column),
                      "this is not JSON: " + error.message());
    }
    return parser.release();
}

json::object parse_json_object(std::string_view text, const std::string& origin) {
    json::value value = parse_json(text, origin);
    if (!value.is_object()) throw invalid(origin, "this is not a JSON object");
    return std::move(value.get_object());
}

void require_understood(const json::object& understood, const json::object& written,
                        const std::string& origin) {
    if (canonical_json(understood) == canonical_json(written)) return;
    throw invalid(origin, "the document says something that this version does not understand",
                  "use the version of rehearse that wrote it");
}

void wrong_value(std::string_view key, const std::string& must_be, const std::string& origin) {
    throw invalid(origin, "'" + std::string(key) + "' must be " + must_be);
}

std::string text_at(const json::object& object, std::string_view key, const std::string& origin) {
    const json::value& value = value_at(object, key, origin);
    if (!value.is_string()) wrong_value(key, "a text", origin);
    return std::string(value.get_string());
}

std::int64_t integer_at(const json::object& object, std::string_view key, const std::string& origin) {
    const json::value& value = value_at(object, key, origin);
    boost::system::error_code error;
    const auto number = value.is_number() ? value.to_number<std::int64_t>(error) : 0;
    if (!value.is_number() || error) wrong_value(key, "a whole number", origin);
    return number;
}

std::chrono::nanoseconds milliseconds_at(const json::object& object, std::string_view key,
                                         const std::string& origin) {
    const std::chrono::milliseconds span(integer_at(object, key, origin));
    if (span.count() < 0 ||
        span > std::chrono::floor<std::chrono::milliseconds>(std::chrono::nanoseconds::max()))
        wrong_value(key, "a span of milliseconds, at most 292 years", origin);
    return span;
}

bool flag_at(const json::object& object, std::string_view key, const std::string& origin) {
    const json::value& value = value_at(object, key, origin);
    if (!value.is_bool()) wrong_value(key, "true or false", origin);
    return value.get_bool();
}

const json::object& object_at(const json::object& object, std::string_view key, const std::string& origin) {
    const json::value& value = value_at(object, key, origin);
    if (!value.is_object()) wrong_value(key, "an object", origin);
    return value.get_object();
}

const json::array& array_at(const json::object& object, std::string_view key, const std::string& origin) {
    const json::value& value = value_at(object, key, origin);
    if (!value.is_array()) wrong_value(key, "an array", origin);
    return value.get_array();
}

std::vector<std::string> texts_at(const json::object& object, std::string_view key,
                                  const std::string& origin) {
    std::vector<std::string> texts;
    for (const json::value& value : array_at(object, key, origin)) {
        if (!value.is_string()) wrong_value(key, "an array of texts", origin);
        texts.emplace_back(value.get_string());
    }
    return texts;
}

std::vector<std::reference_wrapper<const json::object>> objects_at(const json::object& object,
                                                                   std::string_view key,
                                                                   const std::string& origin) {
    std::vector<std::reference_wrapper<const json::object>> objects;
    for (const json::value& value : array_at(object, key, origin)) {
        if (!value.is_object()) wrong_value(key, "an array of objects", origin);
        objects.emplace_back(value.get_object());
    }
    return objects;
}

const json::object& object_of(const json::value& value, const std::string& origin) {
    if (!value.is_object()) throw invalid(origin, "this is not a JSON object");
    return value.get_object();
}

std::string text_or(const json::object& object, std::string_view key, std::string otherwise) {
    const json::value* value = object.if_contains(key);
    return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::move(otherwise);
}

}  // namespace rehearse
