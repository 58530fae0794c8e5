// The formulas against published values.
#include <doctest/doctest.h>

#include <algorithm>

#include <chrono>
#include <cmath>
#include <vector>

#include "orchestrator/base/failure.h"
#include "orchestrator/statistics/comparison.h"
#include "orchestrator/statistics/proportion.h"
#include "orchestrator/statistics/quantile.h"
#include "orchestrator/statistics/survival.h"

using namespace rehearse;
using namespace rehearse::statistics;

namespace {

/// To the four (or `digits`) places that the sources print.
bool same(double value, double published, int digits = 4) {
    return std::abs(value - published) <= 0.5001 * std::pow(10, -digits);
}

std::vector<Duration> hours(const std::vector<double>& values) {
    std::vector<Duration> times;
    for (const double value : values) times.push_back(std::chrono::milliseconds(std::llround(value * 1000)));
    return times;
}

std::vector<Duration> counted(std::size_t count) {
    std::vector<Duration> times;
    // Not in order: the largest first.
    for (std::size_t i = count; i > 0; --i) times.emplace_back(std::chrono::seconds(i));
    return times;
}

}  // namespace

TEST_SUITE("proportions") {
    TEST_CASE("two-sided 95 % intervals are Newcombe's of 1998") {
        struct Row {
            Trials trials;
            Interval exact, wilson;
        };
        for (const Row& row :
             {Row{{81, 263}, {.2527, .3676}, {.2553, .3662}}, Row{{15, 148}, {.0578, .1617}, {.0624, .1605}},
              Row{{0, 20}, {0, .1684}, {0, .1611}}, Row{{1, 29}, {.0009, .1776}, {.0061, .1718}}}) {
            CAPTURE(row.trials.hits);
            const Interval exact = exact_interval(row.trials, 0.95);
            const Interval wilson = wilson_interval(row.trials, 0.95);
            CHECK(same(exact.lower, row.exact.lower));
            CHECK(same(exact.upper, row.exact.upper));
            CHECK(same(wilson.lower, row.wilson.lower));
            CHECK(same(wilson.upper, row.wilson.upper));
        }
    }

    TEST_CASE("one-sided 95 % lower bounds: all of n hits, and the honest sentence's 12 of 12") {
        CHECK(same(exact_lower_bound({10, 10}, 0.95), .7411));
        CHECK(same(exact_lower_bound({20, 20}, 0.95), .8609));
        CHECK(same(exact_lower_bound({59, 59}, 0.95), .9505));
        CHECK(same(exact_lower_bound({12, 12}, 0.95), .779, 3));
        CHECK(same(jeffreys_lower_bound({12, 12}, 0.95), .8549));
        CHECK(std::abs(exact_lower_bound({7, 7}, 0.9) - std::pow(0.1, 1.0 / 7)) < 1e-12);
    }

    TEST_CASE("no hits, all hits and no trials are bounded or refused, never a division by zero") {
        CHECK(exact_lower_bound({0, 5}, 0.95) == 0);
        CHECK(jeffreys_lower_bound({0, 5}, 0.95) == 0);
        CHECK(exact_interval({5, 5}, 0.95).upper == 1);
        CHECK(wilson_interval({5, 5}, 0.95).upper == 1);
        CHECK_THROWS_AS((void)exact_lower_bound({0, 0}, 0.95), Failure);
        CHECK_THROWS_AS((void)exact_interval({3, 2}, 0.95), Failure);
    }
}

TEST_SUITE("quantiles") {
    TEST_CASE("sample sizes for a quantile and a confidence, with and without failures") {
        struct Row {
            Claim claim;
            std::size_t failed, needs;
        };
        for (const Row& row : {Row{{.5, .95}, 0, 5}, Row{{.8, .95}, 0, 14}, Row{{.9, .9}, 0, 22},
                               Row{{.9, .95}, 0, 29}, Row{{.95, .95}, 0, 59}, Row{{.99, .95}, 0, 299},
                               Row{{.9, .95}, 1, 46}, Row{{.9, .95}, 2, 61}, Row{{.95, .95}, 1, 93},
                               Row{{.95, .95}, 2, 124}, Row{{.95, .95}, 3, 153}, Row{{.95, .95}, 4, 181}}) {
            CAPTURE(row.needs);
            CHECK(sample_size(row.claim, row.failed) == row.needs);
        }
        CHECK_THROWS_AS((void)sample_size({1, .95}), Failure);
        CHECK_THROWS_AS((void)sample_size({.95, 0}), Failure);
    }

    TEST_CASE("one drill too few gives no bound and says how many it needs; one more gives the largest") {
        const QuantileBound none = quantile_upper_bound({counted(58), 0}, {});
        CHECK_FALSE(none.within);
        CHECK_FALSE(none.failed);
        CHECK(none.needs == 59);
        CHECK(quantile_upper_bound({counted(59), 0}, {}).within == std::chrono::seconds(59));
        CHECK(quantile_upper_bound({counted(93), 0}, {}).within == std::chrono::seconds(92));
        CHECK(quantile_upper_bound({{}, 0}, {}).needs == 59);
    }

    TEST_CASE("a failed recovery is an infinity: it is never dropped") {
        const QuantileBound failed = quantile_upper_bound({counted(58), 1}, {});
        CHECK_FALSE(failed.within);
        CHECK(failed.failed);
        CHECK(failed.needs == 93);
        CHECK(quantile_upper_bound({counted(92), 1}, {}).within == std::chrono::seconds(92));
        CHECK_FALSE(quantile_upper_bound({counted(91), 1}, {}).within);
        CHECK(quantile_upper_bound({{}, 80}, {}).failed);
    }

    TEST_CASE("the median counts failures as infinite") {
        CHECK(median({counted(3), 0}) == std::chrono::seconds(2));
        CHECK(median({counted(4), 0}) == std::chrono::milliseconds(2500));
        CHECK(median({counted(3), 2}) == std::chrono::seconds(3));
        CHECK_FALSE(median({counted(3), 3}));
        CHECK_FALSE(median({{}, 0}));
    }
}

TEST_SUITE("survival") {
    TEST_CASE("Kaplan-Meier is R's on aml, the maintained group") {
        std::vector<DrillTime> drills;
        for (const int weeks : {9, 13, -13, 18, 23, -28, 31, 34, -45, 48, -161}) {
            drills.push_back({.time = std::chrono::hours(std::abs(weeks)),
                              .end = weeks < 0 ? DrillEnd::stopped : DrillEnd::recovered});
        }
        std::reverse(drills.begin(), drills.end());
        const auto curve = kaplan_meier(drills, 0.95);
        const std::vector<int> times{9, 13, 18, 23, 31, 34, 48};
        const std::vector<double> shares{.909, .818, .716, .614, .491, .368, .184};
        const std::vector<double> errors{.0867, .1163, .1397, .1526, .1642, .1627, .1535};
        REQUIRE(curve.size() == times.size());
        for (std::size_t i = 0; i < curve.size(); ++i) {
            CAPTURE(times[i]);
            CHECK(curve[i].time == std::chrono::hours(times[i]));
            CHECK(same(curve[i].still_down, shares[i], 3));
            CHECK(same(curve[i].standard_error, errors[i]));
            REQUIRE(curve[i].interval);
            CHECK(curve[i].interval->lower < curve[i].still_down);
            CHECK(curve[i].interval->upper > curve[i].still_down);
        }
        CHECK(same(curve[0].interval->lower, .508, 3));
        CHECK(same(curve[0].interval->upper, .987, 3));
        CHECK(median_of(curve) == std::chrono::hours(31));
    }

    TEST_CASE("Kaplan-Meier is Gehan's on 6-MP, with its median") {
        std::vector<DrillTime> drills;
        for (const int weeks :
             {6, 6, 6, -6, 7, -9, 10, -10, -11, 13, 16, -17, -19, -20, 22, 23, -25, -32, -32, -34, -35}) {
            drills.push_back({.time = std::chrono::hours(std::abs(weeks)),
                              .end = weeks < 0 ? DrillEnd::stopped : DrillEnd::recovered});
        }
        const auto curve = kaplan_meier(drills, 0.95);
        const std::vector<double> shares{.857, .807, .753, .690, .627, .538, .448};
        REQUIRE(curve.size() == shares.size());
        for (std::size_t i = 0; i < curve.size(); ++i) CHECK(same(curve[i].still_down, shares[i], 3));
        CHECK(median_of(curve) == std::chrono::hours(23));
    }

    TEST_CASE("a failed restore is not censored: it stays down for ever") {
        const std::vector<DrillTime> drills{{std::chrono::seconds(1), DrillEnd::recovered},
                                            {std::chrono::seconds(2), DrillEnd::recovered},
                                            {std::chrono::seconds(0), DrillEnd::failed},
                                            {std::chrono::seconds(1), DrillEnd::failed}};
        const auto curve = kaplan_meier(drills, 0.95);
        REQUIRE(curve.size() == 2);
        CHECK(curve[0].under_way == 4);
        CHECK(same(curve[1].still_down, 0.5));
        CHECK(median_of(curve) == std::chrono::seconds(2));
        CHECK(kaplan_meier({}, 0.95).empty());
        const auto all = kaplan_meier({{std::chrono::seconds(1), DrillEnd::recovered}}, 0.95);
        CHECK(all.at(0).still_down == 0);
        CHECK_FALSE(all.at(0).interval);
        CHECK_FALSE(median_of({}));
    }
}

TEST_SUITE("comparison") {
    TEST_CASE("Mann-Whitney is R's on the permeability example") {
        const auto at_term = hours({0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46});
        const auto early = hours({1.15, 0.88, 0.90, 0.74, 1.21});
        const Comparison result = mann_whitney({.before = early, .after = at_term});
        CHECK(result.statistic == 35);
        CHECK(same(result.slower, .1272));
        CHECK(same(result.different, .2544));
        const Comparison mirrored = mann_whitney({.before = at_term, .after = early});
        CHECK(mirrored.statistic == 15);
        CHECK(same(mirrored.faster, .1272));
    }

    TEST_CASE("ties and failures are counted, and equal samples show no difference") {
        const auto three = hours({1, 1, 1});
        const Comparison equal = mann_whitney({.before = three, .after = three});
        CHECK(equal.statistic == 4.5);
        CHECK(equal.different == 1);
        const std::vector<Duration> failed{Duration::max(), Duration::max(), Duration::max()};
        const Comparison worse = mann_whitney({.before = three, .after = failed});
        CHECK(worse.statistic == 9);
        CHECK(same(worse.slower, 0.05));  // one of the twenty ways
        CHECK_THROWS_AS((void)mann_whitney({.before = three, .after = {}}), Failure);
    }

    TEST_CASE("all ways to draw the sample are counted, also for a long history") {
        std::vector<Duration> before = counted(400);
        const std::vector<Duration> after{std::chrono::hours(1), std::chrono::hours(2)};
        const Comparison result = mann_whitney({.before = before, .after = after});
        CHECK(result.statistic == 800);
        CHECK(std::abs(result.slower - 2.0 / (402.0 * 401.0)) < 1e-12);
    }
}
