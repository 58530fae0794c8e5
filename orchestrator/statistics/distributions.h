// The three distributions that the bounds stand on; Boost.Math is included in one unit only.
#pragma once

#include <cstddef>

namespace rehearse::statistics {

struct Beta {
    double a = 1, b = 1;
};
[[nodiscard]] double beta_quantile(Beta shape, double probability);

[[nodiscard]] double normal_quantile(double probability);

struct Binomial {
    std::size_t trials = 0;
    double chance = 0;
};
/// P(X <= most).
[[nodiscard]] double binomial_at_most(Binomial shape, std::size_t most);

}  // namespace rehearse::statistics
