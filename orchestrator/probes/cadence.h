// How often a probe is tried: often enough for the promised uncertainty, seldom enough to cost next to
// nothing.
#pragma once

#include <cstddef>
#include <optional>

#include "orchestrator/base/clock.h"

namespace rehearse {

enum class ProberPhase {
    watching,   // nothing failed yet: `detected` is what is wanted
    waiting,    // the outage is seen, the restore runs: nothing is measured now
    measuring,  // restored: `serving` is what is wanted
};

struct CadenceInput {
    ProberPhase phase = ProberPhase::watching;
    Duration elapsed{};                  // since the damage
    std::optional<Duration> interval{};  // the probe's own
    Duration timeout{};                  // the probe's own
    Duration cost{};                     // CPU of one try, median of the last ones
    bool decided = false;                // it passed often enough; it is watched until the others have, too
    std::size_t probes = 1;              // undecided ones, which share the 5 % of a core
    std::size_t hanging = 0;             // tries of this probe that have not ended
};

/// From the start of one try to the start of the next. Measuring: 1.5 ms in the first 10 s (so that an
/// interval of a spacing, a try and a late wake-up stays within 5 ms), then 0.5 % of the elapsed time (1 %
/// wide at most); never so often that all probes together cost more than 5 % of a core. It grows while tries
/// hang.
[[nodiscard]] Duration spacing(const CadenceInput& input);

/// The tries of one probe that may hang at a time.
inline constexpr std::size_t most_hanging = 16;

}  // namespace rehearse
