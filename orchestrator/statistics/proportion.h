// How often does it succeed? Bounds of a proportion from few trials. Pure. Trials are assumed independent and
// alike: say so on the report.
#pragma once

#include <cstddef>

namespace rehearse::statistics {

struct Trials {
    std::size_t hits = 0;
    std::size_t all = 0;  // hits among them; at least 1
};

struct Interval {
    double lower = 0;
    double upper = 1;
};

/// Exact (Clopper-Pearson) one-sided lower bound: with `confidence`, at least this share succeeds. n of n
/// hits: (1 - confidence)^(1/n). Fails: invalid_input without trials, or with more hits than trials.
[[nodiscard]] double exact_lower_bound(Trials trials, double confidence);
/// Exact two-sided interval. Fails as above. Source: Clopper and Pearson 1934.
[[nodiscard]] Interval exact_interval(Trials trials, double confidence);
/// Wilson's score interval, two-sided: closer for small displays, not exact. Source: Newcombe 1998, method 3.
[[nodiscard]] Interval wilson_interval(Trials trials, double confidence);
/// Jeffreys' one-sided lower bound: the quantile of Beta(hits + 1/2, misses + 1/2). Bayesian: label it so.
[[nodiscard]] double jeffreys_lower_bound(Trials trials, double confidence);

}  // namespace rehearse::statistics
