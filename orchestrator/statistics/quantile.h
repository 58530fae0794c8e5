// Within what time do we recover? Bounds of a quantile that assume no distribution. Pure. A failed recovery
// is never left out: it took for ever.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "orchestrator/base/clock.h"

namespace rehearse::statistics {

/// The 95th percentile with 95 % confidence: {0.95, 0.95}. Both between 0 and 1, without the ends.
struct Claim {
    double quantile = 0.95;
    double confidence = 0.95;
};

/// How long recoveries took, and how many never ended well.
struct Recoveries {
    std::vector<Duration> times;
    std::size_t failed = 0;
};

/// Drills that a claim needs when `failed` of them fail: 59 for 95/95 without a failure, 93 with one.
[[nodiscard]] std::size_t sample_size(Claim claim, std::size_t failed = 0);

struct QuantileBound {
    std::optional<Duration> within;  // none: no bound
    bool failed = false;             // drills enough, but the bound is a failed recovery: infinite
    std::size_t needs = 0;           // drills for a bound, with as many failures as there were
};
/// The smallest order statistic X(r) with P(Bin(n, quantile) <= r - 1) >= confidence.
[[nodiscard]] QuantileBound quantile_upper_bound(Recoveries recoveries, Claim claim);

/// The middle of the times, failures counted as infinite; none where the middle is infinite, or nothing was
/// measured. An estimate, without confidence.
[[nodiscard]] std::optional<Duration> median(Recoveries recoveries);

}  // namespace rehearse::statistics
