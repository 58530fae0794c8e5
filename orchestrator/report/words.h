// How figures and names are written for people: times, sizes, verdicts, and text that may be hostile.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "orchestrator/base/clock.h"
#include "orchestrator/model/drill.h"

namespace rehearse::words {

/// "Recovered late"; none: "Unfinished".
[[nodiscard]] std::string_view verdict(std::optional<Verdict> verdict);
/// What the verdict means, in one sentence.
[[nodiscard]] std::string_view verdict_meaning(std::optional<Verdict> verdict);
/// The verdict's own name, or "unfinished": for style classes and data.
[[nodiscard]] std::string_view verdict_key(std::optional<Verdict> verdict);

/// A measured time: "412 ms", "3.412 s", "14 min 03.2 s", "2 h 05 min 10 s". Never loses the sign.
[[nodiscard]] std::string time(std::int64_t milliseconds);
/// "3.412 s ± 0.002 s".
[[nodiscard]] std::string time_with_uncertainty(std::int64_t milliseconds, std::int64_t uncertainty);
/// An instant on a time line: "+3.412 s", "-1.136 s", "not measured".
[[nodiscard]] std::string after(std::optional<std::int64_t> milliseconds);
/// A target, as a playbook writes it: "15 min".
[[nodiscard]] std::string target(std::int64_t milliseconds);
/// "1.2 GiB", "517 bytes".
[[nodiscard]] std::string bytes(std::int64_t count);
/// 12345 -> "12,345".
[[nodiscard]] std::string count(std::int64_t number);
/// "1 drill", "3 drills".
[[nodiscard]] std::string plural(std::int64_t number, std::string_view one, std::string_view many);
/// A share rounded down to a tenth of a percent, so that no claim grows by rounding: "77.9 %".
[[nodiscard]] std::string share(double value);
/// "2026-11-23 21:45:00 UTC".
[[nodiscard]] std::string wall(WallTime time);
[[nodiscard]] std::string day(WallTime time);
/// "destruction_proven" -> "destruction proven".
[[nodiscard]] std::string spaced(std::string_view name);
[[nodiscard]] bool is_utf8(std::string_view text);
/// Valid UTF-8 with control and direction-changing characters written as \xNN or \u{NNNN}; line ends too
/// unless `keep_lines`. What comes out can't move a terminal's cursor, reorder a line or break XML.
[[nodiscard]] std::string printable(std::string_view text, bool keep_lines = false);

}  // namespace rehearse::words
