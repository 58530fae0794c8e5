// The report's claims, at its one confidence; the formulas are those of orchestrator/statistics/.
#include "orchestrator/report/attainment.h"

#include <utility>

#include "orchestrator/base/clock.h"
#include "orchestrator/statistics/proportion.h"
#include "orchestrator/statistics/quantile.h"

namespace rehearse::attainment {

std::optional<double> lower_bound(std::size_t hits, std::size_t trials) {
    if (trials == 0) return std::nullopt;
    return statistics::exact_lower_bound({.hits = hits, .all = trials}, confidence);
}

std::size_t trials_needed(double q) {
    return statistics::sample_size({.quantile = q, .confidence = confidence});
}

TimeBound time_bound(const std::vector<std::int64_t>& upper_ms, std::size_t failures, double q) {
    statistics::Recoveries recoveries{.times = {}, .failed = failures};
    for (const std::int64_t time : upper_ms) recoveries.times.emplace_back(std::chrono::milliseconds(time));
    const auto found =
        statistics::quantile_upper_bound(std::move(recoveries), {.quantile = q, .confidence = confidence});
    TimeBound bound{.quantile = q, .failed = found.failed, .failures = failures, .needs = found.needs};
    if (found.within) bound.within_ms = to_milliseconds(*found.within);
    return bound;
}

std::optional<std::int64_t> median(const std::vector<std::int64_t>& times_ms, std::size_t failures) {
    statistics::Recoveries recoveries{.times = {}, .failed = failures};
    for (const std::int64_t time : times_ms) recoveries.times.emplace_back(std::chrono::milliseconds(time));
    const std::optional<Duration> middle = statistics::median(std::move(recoveries));
    return middle ? std::optional(to_milliseconds(*middle)) : std::nullopt;
}

}  // namespace rehearse::attainment
