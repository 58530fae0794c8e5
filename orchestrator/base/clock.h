// Time as values: steady and wall instants are different types, and only app/ builds the real clock.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace rehearse {

using Duration = std::chrono::nanoseconds;

/// An instant of the steady clock: nanoseconds since boot (CLOCK_BOOTTIME), comparable within one boot only.
struct SteadyTime {
    Duration since_boot{};
    auto operator<=>(const SteadyTime&) const = default;
    friend SteadyTime operator+(SteadyTime a, Duration b) { return {a.since_boot + b}; }
    friend SteadyTime operator-(SteadyTime a, Duration b) { return {a.since_boot - b}; }
    friend Duration operator-(SteadyTime a, SteadyTime b) { return a.since_boot - b.since_boot; }
};

/// An instant of the wall clock: nanoseconds since 1970-01-01T00:00:00Z. For people, never for measuring.
struct WallTime {
    Duration since_epoch{};
    auto operator<=>(const WallTime&) const = default;
    friend WallTime operator+(WallTime a, Duration b) { return {a.since_epoch + b}; }
    friend WallTime operator-(WallTime a, Duration b) { return {a.since_epoch - b}; }
    friend Duration operator-(WallTime a, WallTime b) { return a.since_epoch - b.since_epoch; }
};

class Clock {
  public:
    virtual ~Clock() = default;
    [[nodiscard]] virtual SteadyTime steady() const = 0;
    [[nodiscard]] virtual WallTime wall() const = 0;
    /// Names the boot whose steady instants can be compared (Linux: /proc/sys/kernel/random/boot_id).
    [[nodiscard]] virtual std::string boot() const = 0;
};

/// None outside of the years 1700 to 2250: nanoseconds in 64 bits reach from 1678 to 2262.
[[nodiscard]] std::optional<WallTime> wall_time_from(std::chrono::seconds since_epoch);

/// RFC 3339 in UTC with milliseconds: 2026-11-23T21:45:00.123Z.
[[nodiscard]] std::string to_rfc3339(WallTime time);
/// Reads RFC 3339 with any offset. Fails: invalid_input.
[[nodiscard]] WallTime parse_rfc3339(std::string_view text);
/// Reads "250ms", "10s", "15m", "2h", "7d" and sums such as "1h30m". Fails: invalid_input.
[[nodiscard]] Duration parse_duration(std::string_view text);
/// For people: "1.234 s", "15 min", "2 h 5 min". Never loses the sign.
[[nodiscard]] std::string to_text(Duration duration);
[[nodiscard]] std::int64_t to_milliseconds(Duration duration);

}  // namespace rehearse
