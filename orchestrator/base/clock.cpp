// Reading and writing durations and RFC 3339 instants.
#include "orchestrator/base/clock.h"

#include <cctype>
#include <cstdio>
#include <limits>

#include "orchestrator/base/failure.h"

namespace rehearse {

namespace {

Failure bad_time(std::string_view text, const char* what, const char* remedy) {
    return Failure({.kind = FailureKind::invalid_input,
                    .operation = {},
                    .object = {},
                    .native_code = {},
                    .message = "'" + std::string(text) + "' is not " + what,
                    .remedy = remedy});
}

}  // namespace

std::optional<WallTime> wall_time_from(std::chrono::seconds since_epoch) {
    using namespace std::chrono;
    constexpr sys_seconds first = sys_days(year(1700) / January / 1),
                          last = sys_days(year(2251) / January / 1);
    const sys_seconds instant(since_epoch);
    return instant < first || instant >= last ? std::nullopt : std::optional(WallTime{since_epoch});
}

std::string to_rfc3339(WallTime time) {
    using namespace std::chrono;
    const auto total = floor<milliseconds>(time.since_epoch);
    const sys_time<milliseconds> instant{total};
    const auto day = floor<days>(instant);
    const year_month_day date{day};
    const hh_mm_ss clock{instant - day};
    char text[48];
    std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", static_cast<int>(date.year()),
                  static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                  static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                  static_cast<int>(clock.seconds().count()), static_cast<int>(clock.subseconds().count()));
    return text;
}

WallTime parse_rfc3339(std::string_view text) {
    using namespace std::chrono;
    const auto fail = [&] {
        return bad_time(text, "an RFC 3339 instant", "write it like 2026-11-23T21:45:00Z");
    };
    std::size_t at = 0;
    const auto number = [&](std::size_t digits) {
        if (at + digits > text.size()) throw fail();
        int value = 0;
        for (std::size_t i = 0; i < digits; ++i, ++at) {
            if (std::isdigit(static_cast<unsigned char>(text[at])) == 0) throw fail();
            value = value * 10 + (text[at] - '0');
        }
        return value;
    };
    const auto expect = [&](char a, char b) {
        if (at >= text.size() || (text[at] != a && text[at] != b)) throw fail();
        ++at;
    };
    const int year_number = number(4);
    expect('-', '-');
    const int month_number = number(2);
    expect('-', '-');
    const int day_number = number(2);
    expect('T', ' ');
    const int hour = number(2);
    expect(':', ':');
    const int minute = number(2);
    expect(':', ':');
    const int second = number(2);
    Duration fraction{};
    if (at < text.size() && text[at] == '.') {
        ++at;
        std::int64_t scale = 100'000'000;
        const std::size_t first = at;
        while (at < text.size() && std::isdigit(static_cast<unsigned char>(text[at])) != 0) {
            fraction += Duration((text[at] - '0') * scale);
            scale /= 10;
            ++at;
        }
        if (at == first) throw fail();
    }
    minutes offset{};
    if (at < text.size() && (text[at] == 'Z' || text[at] == 'z')) {
        ++at;
    } else {
        if (at >= text.size() || (text[at] != '+' && text[at] != '-')) throw fail();
        const int sign = text[at++] == '-' ? -1 : 1;
        const int offset_hour = number(2);
        expect(':', ':');
        const int offset_minute = number(2);
        if (offset_hour > 23 || offset_minute > 59) throw fail();
        offset = minutes(sign * (offset_hour * 60 + offset_minute));
    }
    const year_month_day date{year(year_number), month(static_cast<unsigned>(month_number)),
                              day(static_cast<unsigned>(day_number))};
    // Nanoseconds in 64 bits reach from 1678 to 2262.
    if (at != text.size() || !date.ok() || hour > 23 || minute > 59 || second > 60 || year_number < 1700 ||
        year_number > 2250) {
        throw fail();
    }
    return {duration_cast<Duration>(sys_days(date).time_since_epoch()) + hours(hour) + minutes(minute) +
            seconds(second) - offset + fraction};
}

Duration parse_duration(std::string_view text) {
    const auto fail = [&] {
        return bad_time(text, "a duration",
                        "write a number and a unit (ms, s, m, h, d), like 10s, 15m or 1h30m");
    };
    if (text.empty()) throw fail();
    constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
    std::int64_t total = 0;
    std::size_t at = 0;
    while (at < text.size()) {
        std::int64_t value = 0;
        const std::size_t first = at;
        for (; at < text.size() && std::isdigit(static_cast<unsigned char>(text[at])) != 0; ++at) {
            if (__builtin_mul_overflow(value, 10, &value) ||
                __builtin_add_overflow(value, text[at] - '0', &value)) {
                throw fail();
            }
        }
        if (at == first) throw fail();
        std::int64_t unit = 0;
        if (text.substr(at, 2) == "ms") {
            unit = 1'000'000;
            at += 2;
        } else if (at < text.size()) {
            switch (text[at]) {
                case 's':
                    unit = 1'000'000'000;
                    break;
                case 'm':
                    unit = 60'000'000'000;
                    break;
                case 'h':
                    unit = 3'600'000'000'000;
                    break;
                case 'd':
                    unit = 86'400'000'000'000;
                    break;
                default:
                    throw fail();
            }
            ++at;
        } else {
            throw fail();
        }
        if (value > most / unit || __builtin_add_overflow(total, value * unit, &total)) throw fail();
    }
    return Duration(total);
}

std::string to_text(Duration duration) {
    if (duration < Duration::zero()) return "-" + to_text(-duration);
    const double seconds = std::chrono::duration<double>(duration).count();
    char text[64];
    if (seconds < 0.001) {
        std::snprintf(text, sizeof text, "%.0f us", seconds * 1e6);
    } else if (seconds < 1) {
        std::snprintf(text, sizeof text, "%.0f ms", seconds * 1e3);
    } else if (seconds < 60) {
        std::snprintf(text, sizeof text, seconds == static_cast<int>(seconds) ? "%.0f s" : "%.2f s", seconds);
    } else {
        const auto whole = std::chrono::duration_cast<std::chrono::seconds>(duration).count();
        if (whole < 3600) {
            std::snprintf(text, sizeof text, whole % 60 == 0 ? "%ld min" : "%ld min %ld s", whole / 60,
                          whole % 60);
        } else if (whole < 86400) {
            std::snprintf(text, sizeof text, whole % 3600 < 60 ? "%ld h" : "%ld h %ld min", whole / 3600,
                          whole % 3600 / 60);
        } else {
            std::snprintf(text, sizeof text, whole % 86400 < 3600 ? "%ld d" : "%ld d %ld h", whole / 86400,
                          whole % 86400 / 3600);
        }
    }
    return text;
}

std::int64_t to_milliseconds(Duration duration) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
}

}  // namespace rehearse
