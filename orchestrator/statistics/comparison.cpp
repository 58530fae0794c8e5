// Counts rank sums: how many ways k of the n ranks can add up to each sum.
#include "orchestrator/statistics/comparison.h"

#include <algorithm>
#include <cstddef>
#include <vector>

#include "orchestrator/base/failure.h"

namespace rehearse::statistics {

namespace {

/// Twice the middle rank of each value, so that ties stay whole numbers. Ascending.
std::vector<std::size_t> doubled_ranks(const std::vector<Duration>& sorted) {
    std::vector<std::size_t> ranks;
    for (std::size_t first = 0; first < sorted.size();) {
        std::size_t last = first;
        while (last + 1 < sorted.size() && sorted[last + 1] == sorted[first]) ++last;
        // Ranks first + 1 to last + 1; twice their mean.
        ranks.insert(ranks.end(), last - first + 1, first + last + 2);
        first = last + 1;
    }
    return ranks;
}

/// ways[s]: how many choices of `count` of the ranks add up to s. Doubles: the counts outgrow integers.
std::vector<double> ways_of(const std::vector<std::size_t>& ranks, std::size_t count) {
    std::size_t most = 0;
    for (std::size_t i = ranks.size() - count; i < ranks.size(); ++i) most += ranks[i];
    std::vector<std::vector<double>> ways(count + 1, std::vector<double>(most + 1, 0));
    ways[0][0] = 1;
    for (const std::size_t rank : ranks) {
        for (std::size_t chosen = count; chosen >= 1; --chosen) {
            for (std::size_t sum = most; sum >= rank; --sum) {
                ways[chosen][sum] += ways[chosen - 1][sum - rank];
            }
        }
    }
    return ways[count];
}

}  // namespace

Comparison mann_whitney(Samples samples) {
    if (samples.before.empty() || samples.after.empty()) {
        throw Failure({.kind = FailureKind::invalid_input,
                       .operation = "compare recoveries",
                       .object = {},
                       .native_code = {},
                       .message = "there is nothing to compare with",
                       .remedy = "run at least one drill on each side"});
    }
    const bool after_is_smaller = samples.after.size() <= samples.before.size();
    const auto& drawn = after_is_smaller ? samples.after : samples.before;
    std::vector<Duration> all(samples.before.begin(), samples.before.end());
    all.insert(all.end(), samples.after.begin(), samples.after.end());
    std::sort(all.begin(), all.end());
    const auto ranks = doubled_ranks(all);

    std::size_t sum = 0;
    for (const Duration& value : drawn) {
        sum += ranks[static_cast<std::size_t>(std::lower_bound(all.begin(), all.end(), value) - all.begin())];
    }
    const auto ways = ways_of(ranks, drawn.size());
    double at_least = 0;
    double at_most = 0;
    double total = 0;
    for (std::size_t s = 0; s < ways.size(); ++s) {
        total += ways[s];
        if (s >= sum) at_least += ways[s];
        if (s <= sum) at_most += ways[s];
    }
    const auto count = static_cast<double>(drawn.size());
    const double pairs =
        static_cast<double>(samples.before.size()) * static_cast<double>(samples.after.size());
    const double larger =
        static_cast<double>(sum) / 2 - count * (count + 1) / 2;  // pairs in which the drawn is larger
    Comparison result{.statistic = after_is_smaller ? larger : pairs - larger,
                      .slower = (after_is_smaller ? at_least : at_most) / total,
                      .faster = (after_is_smaller ? at_most : at_least) / total};
    result.different = std::min(1.0, 2 * std::min(result.slower, result.faster));
    return result;
}

}  // namespace rehearse::statistics
