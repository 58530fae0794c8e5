// Zones by Howard Hinnant's date library; the only unit that includes it for this.
#include "orchestrator/model/zone.h"

#include <date/tz.h>

#include <algorithm>
#include <numeric>
#include <vector>

#include "orchestrator/base/failure.h"

namespace rehearse {

namespace {

using std::chrono::seconds;
using Instant = date::sys_seconds;

/// No zone's clock was ever further from UTC than this, nor changed by more.
constexpr seconds widest = std::chrono::hours(26);

const date::time_zone& zone_of(const void* zone) { return *static_cast<const date::time_zone*>(zone); }

Instant instant_of(WallTime time) { return Instant(std::chrono::floor<seconds>(time.since_epoch)); }
WallTime wall_of(Instant instant) { return {instant.time_since_epoch()}; }

std::string lower(std::string_view text) {
    std::string result(text);
    for (char& letter : result) {
        if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
    }
    return result;
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 0; i < a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i + 1;
        for (std::size_t j = 0; j < b.size(); ++j) {
            const std::size_t substituted = diagonal + (a[i] == b[j] ? 0 : 1);
            diagonal = row[j + 1];
            row[j + 1] = std::min({row[j] + 1, row[j + 1] + 1, substituted});
        }
    }
    return row.back();
}

/// "berlin" and "Europe/Berln" both mean Europe/Berlin.
std::string nearest_zone(std::string_view name, const date::tzdb& database) {
    constexpr std::size_t longest = 64;  // bytes: no zone's name is longer, and every one is compared
    const std::string wanted = lower(name.substr(0, longest));
    std::string best;
    std::size_t best_distance = std::max<std::size_t>(wanted.size() / 3, 1) + 1;
    for (const auto& zone : database.zones) {
        const std::string known = lower(zone.name());
        const std::size_t slash = known.rfind('/');
        std::size_t distance = edit_distance(wanted, known);
        if (slash != std::string::npos) {
            distance = std::min(distance, edit_distance(wanted, std::string_view(known).substr(slash + 1)));
        }
        if (distance < best_distance) {
            best = zone.name();
            best_distance = distance;
        }
    }
    return best;
}

const date::tzdb& zone_database() {
    try {
        return date::get_tzdb();
    } catch (const std::exception& error) {
        throw Failure({.kind = FailureKind::permanent,
                       .operation = "read time zones",
                       .object = "/usr/share/zoneinfo",
                       .native_code = {},
                       .message = error.what(),
                       .remedy = "apt install tzdata"});
    }
}

const date::time_zone* find_zone(std::string_view name) {
    const date::tzdb& database = zone_database();
    try {
        return date::locate_zone(name);
    } catch (const std::exception&) {
        const std::string nearest = nearest_zone(name, database);
        throw Failure({.kind = FailureKind::invalid_input,
                       .operation = {},
                       .object = {},
                       .native_code = {},
                       .message = "'" + std::string(name) + "' is no time zone of the IANA database",
                       .remedy = nearest.empty() ? "write it like Europe/Berlin or UTC"
                                                 : "did you mean '" + nearest + "'?"});
    }
}

}  // namespace

Zone::Zone(std::string_view name) : name_(name), zone_(find_zone(name)) {}

LocalTime Zone::local(WallTime time) const {
    const Instant instant = instant_of(time);
    return LocalTime(instant.time_since_epoch() + zone_of(zone_).get_info(instant).offset);
}

WallTime Zone::first_at(LocalTime time) const {
    const Instant as_utc(time.time_since_epoch());
    for (Instant at = as_utc - widest;;) {
        const date::sys_info period = zone_of(zone_).get_info(at);
        const Instant reached = std::max(at, as_utc - period.offset);
        if (reached < period.end) return wall_of(reached);
        at = period.end;
    }
}

WallTime Zone::last_at(LocalTime time) const {
    const Instant as_utc(time.time_since_epoch());
    for (Instant at = as_utc + widest;;) {
        const date::sys_info period = zone_of(zone_).get_info(at);
        const Instant reached = as_utc - period.offset;
        // Shown before `time` at the end of the period before: from here on never again.
        if (reached > period.begin) return wall_of(reached);
        const date::sys_info before = zone_of(zone_).get_info(period.begin - seconds(1));
        if (period.begin + before.offset <= as_utc) return wall_of(period.begin);
        at = period.begin - seconds(1);
    }
}

LocalTime Zone::latest_shown(WallTime time) const {
    const Instant instant = instant_of(time);
    date::sys_info period = zone_of(zone_).get_info(instant);
    seconds latest = instant.time_since_epoch() + period.offset;
    while (period.begin > instant - widest) {
        const Instant end = period.begin - seconds(1);
        period = zone_of(zone_).get_info(end);
        latest = std::max(latest, end.time_since_epoch() + period.offset);
    }
    return LocalTime(latest);
}

}  // namespace rehearse
