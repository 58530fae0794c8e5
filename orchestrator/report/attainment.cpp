// Exact binomial bounds; see attainment.h.
#include "orchestrator/report/attainment.h"

#include <algorithm>
#include <cmath>

namespace rehearse::attainment {

namespace {

/// P(Bin(n, p) <= k).
double binomial_at_most(std::size_t k, std::size_t n, double p) {
    if (k >= n) return 1;
    double sum = 0;
    for (std::size_t i = 0; i <= k; ++i) {
        const auto di = static_cast<double>(i);
        const auto dn = static_cast<double>(n);
        sum += std::exp(std::lgamma(dn + 1) - std::lgamma(di + 1) - std::lgamma(dn - di + 1) +
                        di * std::log(p) + (dn - di) * std::log1p(-p));
    }
    return std::min(sum, 1.0);
}

}  // namespace

std::optional<double> lower_bound(std::size_t hits, std::size_t trials) {
    if (trials == 0) return std::nullopt;
    if (hits == 0) return 0;
    if (hits == trials) return std::pow(1 - confidence, 1 / static_cast<double>(trials));
    double low = 0;
    double high = 1;
    for (int i = 0; i < 60; ++i) {
        const double middle = (low + high) / 2;
        (1 - binomial_at_most(hits - 1, trials, middle) < 1 - confidence ? low : high) = middle;
    }
    return low;
}

std::size_t trials_needed(double q) {
    return static_cast<std::size_t>(std::ceil(std::log(1 - confidence) / std::log(q) - 1e-9));
}

TimeBound time_bound(std::vector<std::int64_t> upper_ms, std::size_t failures, double q) {
    TimeBound bound{.quantile = q, .needs = trials_needed(q)};
    const std::size_t trials = upper_ms.size() + failures;
    for (std::size_t rank = 1; rank <= trials; ++rank) {
        if (binomial_at_most(rank - 1, trials, q) < confidence) continue;
        if (rank > upper_ms.size()) {
            bound.failed = true;
        } else {
            std::nth_element(upper_ms.begin(), upper_ms.begin() + static_cast<std::ptrdiff_t>(rank - 1),
                             upper_ms.end());
            bound.within_ms = upper_ms[rank - 1];
        }
        break;
    }
    return bound;
}

}  // namespace rehearse::attainment
