// The rules of serving.h.
#include "orchestrator/probes/serving.h"

#include <algorithm>
#include <utility>

namespace rehearse {

namespace {

bool by_start(const TryRecord& a, const TryRecord& b) { return a.began < b.began; }

// The tries that count, in order of start: those since the restored instant and after the last failed one.
struct Candidates {
    SteadyTime earliest;  // the last failed one's start, or the restored instant
    std::vector<TryRecord> tries;
};

Candidates candidates(std::span<const TryRecord> tries, SteadyTime restored) {
    Candidates found{.earliest = restored, .tries = {}};
    bool failed = false;
    for (const auto& attempt : tries) {
        if (attempt.outcome != TryOutcome::failed || attempt.began < restored) continue;
        found.earliest = std::max(found.earliest, attempt.began);
        failed = true;
    }
    for (const auto& attempt : tries) {
        if (attempt.outcome == TryOutcome::failed) continue;
        if (failed ? attempt.began > found.earliest : attempt.began >= restored)
            found.tries.push_back(attempt);
    }
    std::stable_sort(found.tries.begin(), found.tries.end(), by_start);
    return found;
}

}  // namespace

std::optional<ServingInterval> serving_interval(std::span<const TryRecord> tries, SteadyTime restored,
                                                int consecutive) {
    const auto [earliest, counted] = candidates(tries, restored);
    const auto needed = static_cast<std::ptrdiff_t>(std::max(consecutive, 1));
    const auto first = std::find_if(counted.begin(), counted.end(), [](const TryRecord& attempt) {
        return attempt.outcome == TryOutcome::passed;
    });
    if (counted.end() - first < needed) return std::nullopt;
    const auto last = first + needed;
    ServingInterval interval{.earliest = earliest, .latest = first->ended};
    for (auto attempt = first; attempt != last; ++attempt) {
        if (attempt->outcome != TryOutcome::passed) return std::nullopt;  // it still hangs
        interval.latest = std::min(interval.latest, attempt->ended);
    }

    // Tries that were kept waiting when the first answer came.
    const auto waited = [&](const TryRecord& attempt) {
        return !attempt.stalled && attempt.began + kept_waiting <= interval.latest &&
               (attempt.outcome == TryOutcome::hanging || attempt.ended >= interval.latest);
    };
    if (std::none_of(counted.begin(), counted.end(), waited)) return interval;
    Duration slowest{};
    bool fresh_one = false;
    for (const auto& attempt : counted) {
        if (attempt.outcome != TryOutcome::passed || attempt.began < interval.latest) continue;
        fresh_one = true;
        slowest = std::max(slowest, attempt.ended - attempt.began);
    }
    if (!fresh_one) return std::any_of(first, last, waited) ? std::nullopt : std::optional(interval);
    for (const auto& attempt : counted) {
        if (waited(attempt) && slowest * 10 < interval.latest - attempt.began) {
            interval.earliest = std::max(interval.earliest, attempt.began);
        }
    }
    return interval;
}

std::optional<ServingInterval> combine(std::span<const std::optional<ServingInterval>> intervals) {
    std::optional<ServingInterval> all;
    for (const auto& interval : intervals) {
        if (!interval) return std::nullopt;
        if (!all) {
            all = interval;
        } else {
            all->earliest = std::max(all->earliest, interval->earliest);
            all->latest = std::max(all->latest, interval->latest);
        }
    }
    return all;
}

ServingJudge::ServingJudge(SteadyTime restored, int consecutive)
    : restored_(restored), consecutive_(std::max(consecutive, 1)) {}

std::uint64_t ServingJudge::start(SteadyTime began) {
    const std::uint64_t number = next_++;
    if (began >= restored_) tries_.push_back({.number = number, .record = {.began = began}});
    return number;
}

void ServingJudge::end(std::uint64_t number, SteadyTime began, SteadyTime ended, bool passed) {
    const auto found = std::find_if(tries_.begin(), tries_.end(),
                                    [number](const Numbered& kept) { return kept.number == number; });
    if (found == tries_.end()) return;
    found->record = {.began = std::max(began, restored_),
                     .ended = ended,
                     .outcome = passed ? TryOutcome::passed : TryOutcome::failed,
                     .stalled = found->record.stalled};
    forget();
}

void ServingJudge::stall() {
    for (Numbered& kept : tries_) {
        if (kept.record.outcome == TryOutcome::hanging) kept.record.stalled = true;
    }
}

// Keeps the last failed try; after it, and after each that still hangs (it may fail yet), the first N that
// passed; the last of those kept waiting; and the first that passed after the first answer. All that began
// before the last failed one are forgotten, also those that still hang.
void ServingJudge::forget() {
    std::stable_sort(tries_.begin(), tries_.end(),
                     [](const Numbered& a, const Numbered& b) { return by_start(a.record, b.record); });
    const auto failed = std::find_if(tries_.rbegin(), tries_.rend(), [](const Numbered& kept) {
        return kept.record.outcome == TryOutcome::failed;
    });
    if (failed != tries_.rend()) tries_.erase(tries_.begin(), failed.base() - 1);

    SteadyTime first_answer{Duration::max()};
    int passed = 0;
    for (const auto& kept : tries_) {
        if (kept.record.outcome != TryOutcome::passed) continue;
        first_answer = std::min(first_answer, kept.record.ended);
        if (++passed == consecutive_) break;
    }
    std::uint64_t last_waiting = 0;  // began + kept_waiting can't overflow: instants are since boot
    for (const auto& kept : tries_) {
        if (kept.record.outcome == TryOutcome::passed && !kept.record.stalled &&
            kept.record.began + kept_waiting <= first_answer && kept.record.ended >= first_answer) {
            last_waiting = kept.number;
        }
    }
    int in_a_row = 0;
    bool fresh_one = false;
    std::erase_if(tries_, [&](const Numbered& kept) {
        if (kept.record.outcome != TryOutcome::passed) {
            in_a_row = 0;
            return false;
        }
        const bool fresh =
            !std::exchange(fresh_one, fresh_one || kept.record.began >= first_answer) && fresh_one;
        return ++in_a_row > consecutive_ && !fresh && kept.number != last_waiting;
    });
}

std::optional<ServingInterval> ServingJudge::interval() const {
    std::vector<TryRecord> records;
    records.reserve(tries_.size());
    for (const auto& kept : tries_) records.push_back(kept.record);
    return serving_interval(records, restored_, consecutive_);
}

}  // namespace rehearse
