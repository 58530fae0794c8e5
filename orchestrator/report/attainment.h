// What drills let us claim, with its confidence. Each function answers one question of a report's sentence.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace rehearse::attainment {

inline constexpr double confidence = 0.95;

/// The exact one-sided 95 % lower bound (Clopper-Pearson) of the share of recoveries that meet the target.
/// None where there was no trial.
[[nodiscard]] std::optional<double> lower_bound(std::size_t hits, std::size_t trials);
/// Trials without a failure that a claim about quantile `q` needs at 95 %: 59 for 0.95.
[[nodiscard]] std::size_t trials_needed(double q);

struct TimeBound {
    double quantile = 0;
    std::optional<std::int64_t> within_ms{};  // none: no claim
    bool failed = false;                      // there are trials enough, but a failed one stands at the bound
    std::size_t failures = 0;                 // infinite times among the trials
    std::size_t needs = 0;                    // trials for a bound, with as many failures
};
/// Distribution-free upper bound of the time to recover's quantile `q`, at 95 %. A failed recovery is
/// infinity.
[[nodiscard]] TimeBound time_bound(const std::vector<std::int64_t>& upper_ms, std::size_t failures, double q);

/// The middle of the times, failures counted as infinite: none where the middle is one, or there is no time.
[[nodiscard]] std::optional<std::int64_t> median(const std::vector<std::int64_t>& times_ms,
                                                 std::size_t failures);

}  // namespace rehearse::attainment
