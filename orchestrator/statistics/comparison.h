// Did recovery get slower? The exact Mann-Whitney test, for samples too small for anything else. Pure.
#pragma once

#include <span>

#include "orchestrator/base/clock.h"

namespace rehearse::statistics {

struct Comparison {
    double statistic = 0;  // pairs in which `after` is larger; a tie counts one half (R's W)
    double slower = 1;     // p: as many or more such pairs, if both were alike
    double faster = 1;     // p: as few or fewer
    double different = 1;  // p, two-sided: twice the smaller one, at most 1
};

struct Samples {
    std::span<const Duration> before;
    std::span<const Duration> after;
};
/// Exact, given the ties, by counting all ways to draw the smaller sample. A failed recovery enters as
/// Duration::max(). Fails: invalid_input where a sample is empty.
[[nodiscard]] Comparison mann_whitney(Samples samples);

}  // namespace rehearse::statistics
