// How long until recovery, where some drills were stopped before it? Kaplan-Meier. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "orchestrator/base/clock.h"
#include "orchestrator/statistics/proportion.h"

namespace rehearse::statistics {

enum class DrillEnd {
    recovered,
    stopped,  // by an operator or a window's end, still under way: censored
    failed,   // will never recover: no censoring, an infinity
};

struct DrillTime {
    Duration time{};  // until recovery, or until it was stopped
    DrillEnd end = DrillEnd::recovered;
};

/// The curve just after one of the times at which drills recovered.
struct SurvivalStep {
    Duration time{};
    std::size_t under_way = 0;           // just before it
    std::size_t recovered = 0;           // at it
    double still_down = 1;               // S: the share not yet recovered
    double standard_error = 0;           // Greenwood's
    std::optional<Interval> interval{};  // log-log; none where S is 0
};

/// S = prod(1 - d/n) over the times, ascending. Of equal times, recoveries come before stops.
[[nodiscard]] std::vector<SurvivalStep> kaplan_meier(std::vector<DrillTime> drills, double confidence);
/// The first time at which at most half are still down; none where the curve stays above.
[[nodiscard]] std::optional<Duration> median_of(const std::vector<SurvivalStep>& curve);

}  // namespace rehearse::statistics
