// Time zones of the operating system's IANA database: what a clock on the wall there shows, and when.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "orchestrator/base/clock.h"

namespace rehearse {

/// What calendar and clock show in a zone, to the second.
using LocalTime = std::chrono::local_seconds;

/// A time zone by its IANA name. The database's transitions end in 2037; after that its last offset holds.
class Zone {
  public:
    /// Fails: invalid_input for an unknown name, with the nearest known one; permanent where the system has
    /// no time zone database.
    explicit Zone(std::string_view name);

    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] LocalTime local(WallTime instant) const;
    /// The first instant at which the zone's clock shows `time` or a later one: for a time that a gap skips,
    /// the end of the gap; for one that is shown twice, the earlier.
    [[nodiscard]] WallTime first_at(LocalTime time) const;
    /// The first instant from which on the zone's clock never shows a time before `time` again: for one that
    /// is shown twice, the later.
    [[nodiscard]] WallTime last_at(LocalTime time) const;
    /// The latest time that the zone's clock has shown up to the instant: after a clock was set back, what it
    /// showed before. Times up to it, and none after it, have had their first instant.
    [[nodiscard]] LocalTime latest_shown(WallTime instant) const;

  private:
    std::string name_;
    const void* zone_;  // date::time_zone, kept by the library for the life of the process
};

}  // namespace rehearse
