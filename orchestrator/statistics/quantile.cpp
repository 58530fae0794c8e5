// Order statistics and the binomial distribution.
#include "orchestrator/statistics/quantile.h"

#include <algorithm>

#include "orchestrator/base/failure.h"
#include "orchestrator/statistics/distributions.h"

namespace rehearse::statistics {

namespace {

void check(Claim claim) {
    if (claim.quantile > 0 && claim.quantile < 1 && claim.confidence > 0 && claim.confidence < 1) return;
    throw Failure({.kind = FailureKind::invalid_input,
                   .operation = "bound a quantile",
                   .object = {},
                   .native_code = {},
                   .message = "quantile and confidence must lie between 0 and 1",
                   .remedy = "write 0.95 for 95 %"});
}

/// Whether the `failed` largest of `drills` observations may all be infinite and a bound still stands.
bool enough(Claim claim, std::size_t drills, std::size_t failed) {
    return drills > failed && binomial_at_most({.trials = drills, .chance = claim.quantile},
                                               drills - failed - 1) >= claim.confidence;
}

}  // namespace

std::size_t sample_size(Claim claim, std::size_t failed) {
    check(claim);
    std::size_t most = failed + 1;
    while (!enough(claim, most, failed)) most *= 2;
    std::size_t least = most / 2;  // not enough, or 0
    while (most - least > 1) {
        const std::size_t middle = least + (most - least) / 2;
        (enough(claim, middle, failed) ? most : least) = middle;
    }
    return most;
}

QuantileBound quantile_upper_bound(Recoveries recoveries, Claim claim) {
    QuantileBound bound{
        .within = std::nullopt, .failed = false, .needs = sample_size(claim, recoveries.failed)};
    const std::size_t drills = recoveries.times.size() + recoveries.failed;
    for (std::size_t rank = 1; rank <= drills; ++rank) {
        const Binomial below{.trials = drills, .chance = claim.quantile};
        // The last rank says nothing of those beyond it: P(X <= n - 1), not 1.
        if (binomial_at_most(below, rank - 1) < claim.confidence) continue;
        if (rank > recoveries.times.size()) {
            bound.failed = true;
        } else {
            std::sort(recoveries.times.begin(), recoveries.times.end());
            bound.within = recoveries.times[rank - 1];
        }
        break;
    }
    return bound;
}

std::optional<Duration> median(Recoveries recoveries) {
    const std::size_t drills = recoveries.times.size() + recoveries.failed;
    const std::size_t upper = drills / 2;
    if (upper >= recoveries.times.size()) return std::nullopt;
    std::sort(recoveries.times.begin(), recoveries.times.end());
    const Duration high = recoveries.times[upper];
    if (drills % 2 == 1) return high;
    const Duration low = recoveries.times[upper - 1];
    return low + (high - low) / 2;
}

}  // namespace rehearse::statistics
