// Reads windows in their own zone, for the day before (they may cross midnight) and the day itself.
#include "orchestrator/guard/freeze.h"

#include <algorithm>
#include <array>

#include "orchestrator/base/failure.h"
#include "orchestrator/model/zone.h"

namespace rehearse {

namespace {

using namespace std::chrono;

constexpr std::array<std::string_view, 7> day_names{"sun", "mon", "tue", "wed", "thu", "fri", "sat"};

Failure unreadable(const FreezeWindow& window, std::string message, std::string remedy) {
    return Failure({.kind = FailureKind::invalid_input,
                    .operation = "read freeze window",
                    .object = window.mark.line > 0 ? to_string(window.mark) : window.reason,
                    .native_code = {},
                    .message = std::move(message),
                    .remedy = std::move(remedy)});
}

minutes time_of_day(const FreezeWindow& window, const std::string& text) {
    const auto digit = [&](std::size_t at) {
        return text[at] >= '0' && text[at] <= '9' ? text[at] - '0' : 100;
    };
    if (text.size() == 5 && text[2] == ':') {
        const int hour = digit(0) * 10 + digit(1);
        const int minute = digit(3) * 10 + digit(4);
        if ((hour < 24 && minute < 60) || (hour == 24 && minute == 0)) return hours(hour) + minutes(minute);
    }
    throw unreadable(window, "'" + text + "' is no time of day", "write it like 22:00");
}

bool is_day(const FreezeWindow& window, local_days day) {
    bool found = window.days.empty();
    for (const std::string& name : window.days) {
        const auto known = std::find(day_names.begin(), day_names.end(), name);
        if (known == day_names.end()) {
            throw unreadable(window, "'" + name + "' is no day of the week",
                             "write mon, tue, wed, thu, fri, sat or sun");
        }
        found |= weekday(day).c_encoding() == static_cast<unsigned>(known - day_names.begin());
    }
    return found;
}

struct Span {
    WallTime begins, ends;
};

/// The occurrence of a recurring window that holds at `now`.
std::optional<Span> recurring(const FreezeWindow& window, WallTime now) {
    const minutes from = window.from.empty() ? minutes(0) : time_of_day(window, window.from);
    minutes until = window.until.empty() ? minutes(hours(24)) : time_of_day(window, window.until);
    if (until == from) {
        throw unreadable(window, "it ends when it begins", "leave from and until out for whole days");
    }
    if (until < from) until += hours(24);
    const Zone zone(window.timezone);
    const local_days today = floor<days>(zone.local(now));
    std::optional<Span> latest;
    // A day more on each side: while a clock is set back, an occurrence of the next day may have begun.
    for (const local_days day : {today - days(2), today - days(1), today, today + days(1)}) {
        if (!is_day(window, day)) continue;
        const Span span{.begins = zone.first_at(day + from), .ends = zone.last_at(day + until)};
        if (span.begins <= now && now < span.ends && (!latest || latest->ends < span.ends)) latest = span;
    }
    return latest;
}

std::string describe(const FreezeWindow& window) {
    std::string text = "'" + window.reason + "'";
    if (window.starts || window.ends) return text;
    std::string when;
    for (const std::string& day : window.days) when += (when.empty() ? "" : ",") + day;
    if (!window.from.empty() || !window.until.empty()) {
        when += (when.empty() ? "" : " ") + (window.from.empty() ? "00:00" : window.from) + " to " +
                (window.until.empty() ? "24:00" : window.until);
    }
    return text + " (" + (when.empty() ? "every day" : when) + ", " + window.timezone + ")";
}

}  // namespace

std::optional<std::string> frozen_by(std::span<const FreezeWindow> windows, WallTime now) {
    const FreezeWindow* last = nullptr;
    std::optional<WallTime> last_end;
    for (const FreezeWindow& window : windows) {
        std::optional<WallTime> end;
        bool holds = false;
        if (window.starts || window.ends) {
            holds = (!window.starts || *window.starts <= now) && (!window.ends || now < *window.ends);
            end = window.ends;
        } else if (const auto span = recurring(window, now)) {
            holds = true;
            end = span->ends;
        }
        if (!holds) continue;
        if (last == nullptr || !end || (last_end && *last_end < *end)) {
            last = &window;
            last_end = end;
        }
    }
    if (last == nullptr) return std::nullopt;
    return describe(*last) + (last_end ? ", until " + to_rfc3339(*last_end) : ", without an end");
}

}  // namespace rehearse
