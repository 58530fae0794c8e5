// The table of keys: what YAML may say where. The loader, the JSON Schema, `rehearse adapters` and the docs
// read this one table.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string_view>

namespace rehearse {

enum class ValueType {
    text,            // any scalar
    name,            // a name: letters, digits, - _ . ; begins with a letter or digit; at most 63 bytes
    path,            // a path; relative ones are made absolute against the file they stand in
    connection,      // a libpq connection string or URI; shown with its password hidden
    secret,          // a value that is never shown
    url,             // http:// or https://
    duration,        // "10s", "15m", "1h30m"
    integer,         // a whole number from `minimum` to `maximum`
    boolean,         // true or false
    share,           // "0%" to "100%"
    choice,          // one of `choices`
    text_list,       // a list of scalars; with `choices`, each is one of them
    name_list,       // a list of names
    command,         // a list of scalars: program and arguments; a scalar alone is refused (no shell)
    mapping,         // a mapping with the keys of `nested`
    mapping_list,    // a list of mappings with the keys of `nested`
    named_mappings,  // a mapping from free names to mappings with the keys of `nested`
};

struct KeySpec {
    std::string_view name;
    ValueType type = ValueType::text;
    bool required = false;
    std::string_view help;               // one sentence; units where there are any
    std::string_view default_text = {};  // as it would be written in YAML; empty: none
    std::span<const std::string_view> choices = {};
    std::span<const KeySpec> nested = {};
    std::int64_t minimum = 0;  // of an integer
    std::int64_t maximum = std::numeric_limits<std::int64_t>::max();
};

}  // namespace rehearse
