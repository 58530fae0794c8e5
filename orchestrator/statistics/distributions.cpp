// Incomplete beta and error function, inverted, by Boost.Math.
#include "orchestrator/statistics/distributions.h"

#include <boost/math/special_functions/beta.hpp>
#include <boost/math/special_functions/erf.hpp>
#include <cmath>

namespace rehearse::statistics {

double beta_quantile(Beta shape, double probability) {
    return boost::math::ibeta_inv(shape.a, shape.b, probability);
}

double normal_quantile(double probability) {
    return std::sqrt(2.0) * boost::math::erf_inv(2 * probability - 1);
}

double binomial_at_most(Binomial shape, std::size_t most) {
    if (most >= shape.trials) return 1;
    return boost::math::ibetac(static_cast<double>(most) + 1, static_cast<double>(shape.trials - most),
                               shape.chance);
}

}  // namespace rehearse::statistics
