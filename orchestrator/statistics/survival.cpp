// The product-limit estimate with Greenwood's variance.
#include "orchestrator/statistics/survival.h"

#include <algorithm>
#include <cmath>

#include "orchestrator/statistics/distributions.h"

namespace rehearse::statistics {

namespace {

std::optional<Interval> log_log(double still_down, double greenwood, double z) {
    if (still_down <= 0 || still_down >= 1) return std::nullopt;
    const double width = z * std::sqrt(greenwood) / std::abs(std::log(still_down));
    return Interval{.lower = std::pow(still_down, std::exp(width)),
                    .upper = std::pow(still_down, std::exp(-width))};
}

}  // namespace

std::vector<SurvivalStep> kaplan_meier(std::vector<DrillTime> drills, double confidence) {
    // Failed ones are under way for ever.
    std::sort(drills.begin(), drills.end(), [](const DrillTime& a, const DrillTime& b) {
        const bool a_failed = a.end == DrillEnd::failed;
        const bool b_failed = b.end == DrillEnd::failed;
        return a_failed != b_failed ? b_failed : a.time < b.time;
    });
    const double z = normal_quantile(1 - (1 - confidence) / 2);
    std::vector<SurvivalStep> curve;
    double still_down = 1;
    double greenwood = 0;
    for (std::size_t at = 0; at < drills.size() && drills[at].end != DrillEnd::failed;) {
        const Duration time = drills[at].time;
        const std::size_t under_way = drills.size() - at;
        std::size_t recovered = 0;
        for (; at < drills.size() && drills[at].end != DrillEnd::failed && drills[at].time == time; ++at) {
            if (drills[at].end == DrillEnd::recovered) ++recovered;
        }
        if (recovered == 0) continue;
        const auto n = static_cast<double>(under_way);
        const auto d = static_cast<double>(recovered);
        still_down *= 1 - d / n;
        if (recovered < under_way) greenwood += d / (n * (n - d));
        curve.push_back({.time = time,
                         .under_way = under_way,
                         .recovered = recovered,
                         .still_down = still_down,
                         .standard_error = still_down * std::sqrt(greenwood),
                         .interval = log_log(still_down, greenwood, z)});
    }
    return curve;
}

std::optional<Duration> median_of(const std::vector<SurvivalStep>& curve) {
    for (const SurvivalStep& step : curve) {
        if (step.still_down <= 0.5 + 1e-12) return step.time;
    }
    return std::nullopt;
}

}  // namespace rehearse::statistics
