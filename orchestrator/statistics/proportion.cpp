// Quantiles of beta distributions, by Boost.Math.
#include "orchestrator/statistics/proportion.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "orchestrator/base/failure.h"
#include "orchestrator/statistics/distributions.h"

namespace rehearse::statistics {

namespace {

struct Counts {
    double hits, misses, all;
};

Counts checked(Trials trials) {
    if (trials.all == 0 || trials.hits > trials.all) {
        throw Failure({.kind = FailureKind::invalid_input,
                       .operation = "bound a proportion",
                       .object = {},
                       .native_code = {},
                       .message = std::to_string(trials.hits) + " of " + std::to_string(trials.all) +
                                  " is no proportion",
                       .remedy = "count at least one trial"});
    }
    return {static_cast<double>(trials.hits), static_cast<double>(trials.all - trials.hits),
            static_cast<double>(trials.all)};
}

}  // namespace

double exact_lower_bound(Trials trials, double confidence) {
    const auto [hits, misses, all] = checked(trials);
    return trials.hits == 0 ? 0 : beta_quantile({.a = hits, .b = misses + 1}, 1 - confidence);
}

Interval exact_interval(Trials trials, double confidence) {
    const auto [hits, misses, all] = checked(trials);
    const double tail = (1 - confidence) / 2;
    return {.lower = trials.hits == 0 ? 0 : beta_quantile({.a = hits, .b = misses + 1}, tail),
            .upper = trials.hits == trials.all ? 1 : beta_quantile({.a = hits + 1, .b = misses}, 1 - tail)};
}

Interval wilson_interval(Trials trials, double confidence) {
    const auto [hits, misses, all] = checked(trials);
    const double z = normal_quantile(1 - (1 - confidence) / 2);
    const double centre = (hits + z * z / 2) / (all + z * z);
    const double half = z / (all + z * z) * std::sqrt(hits * misses / all + z * z / 4);
    return {.lower = trials.hits == 0 ? 0 : std::max(0.0, centre - half),
            .upper = trials.hits == trials.all ? 1 : std::min(1.0, centre + half)};
}

double jeffreys_lower_bound(Trials trials, double confidence) {
    const auto [hits, misses, all] = checked(trials);
    return trials.hits == 0 ? 0 : beta_quantile({.a = hits + 0.5, .b = misses + 0.5}, 1 - confidence);
}

}  // namespace rehearse::statistics
