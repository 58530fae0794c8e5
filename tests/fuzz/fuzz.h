// What every fuzz target shares: the promise that a broken one stops the process with, and reading that may
// be refused.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include "orchestrator/base/failure.h"

/// Each target defines it; libFuzzer calls it with inputs that it makes up, replay.cpp with those that are
/// kept.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace rehearse::fuzz {

/// Ends the process with `words`, so that libFuzzer keeps the input, where a promise is not kept.
inline void promise(bool kept, const char* words) {
    if (kept) return;
    std::fprintf(stderr, "promise broken: %s\n", words);
    std::abort();
}

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
    return {reinterpret_cast<const char*>(data), size};
}

/// What `read` gives, or nothing where it refuses the input by a Failure that says why. Whatever else it
/// throws goes through and is a finding.
template <class Read>
auto accepted(const Read& read) -> std::optional<std::invoke_result_t<Read>> {
    try {
        return read();
    } catch (const Failure& failure) {
        promise(failure.kind() == FailureKind::invalid_input || failure.kind() == FailureKind::permanent,
                "bad input is invalid_input, or permanent where a disk gave it");
        promise(!failure.fields().message.empty(), "a failure says what is wrong");
        return std::nullopt;
    }
}

/// Takes the first line off, without its end.
inline std::string_view take_line(std::string_view& rest) {
    const std::size_t end = rest.find('\n');
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    return line;
}

/// Whether `line` and `column` (both from 1, in bytes at most) are a place in the text, or the one after its
/// end.
inline bool is_inside(std::string_view text, std::int64_t line, std::int64_t column) {
    for (; line > 1; --line) {
        const std::size_t end = text.find('\n');
        if (end == std::string_view::npos) return false;
        text.remove_prefix(end + 1);
    }
    const std::size_t length = text.substr(0, text.find('\n')).size();
    return line == 1 && column >= 1 && static_cast<std::size_t>(column) <= length + 1;
}

}  // namespace rehearse::fuzz
