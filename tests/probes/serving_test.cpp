// The rules by which tries become an interval, on made-up tries.
#include "orchestrator/probes/serving.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>

#include "orchestrator/probes/cadence.h"

using namespace rehearse;
using namespace std::chrono_literals;

namespace {

SteadyTime at(Duration instant) { return {instant}; }
TryRecord failed(Duration began, Duration ended) { return {at(began), at(ended), TryOutcome::failed}; }
TryRecord passed(Duration began, Duration ended) { return {at(began), at(ended), TryOutcome::passed}; }
TryRecord hanging(Duration began) { return {at(began), {}, TryOutcome::hanging}; }

using Tries = std::vector<TryRecord>;
using Interval = std::optional<ServingInterval>;

Interval between(Duration earliest, Duration latest) { return ServingInterval{at(earliest), at(latest)}; }

}  // namespace

TEST_SUITE("serving") {
    TEST_CASE("serving lies between the start of the last failed try and the end of the first good one") {
        const Tries tries{failed(0ms, 1ms), failed(4ms, 5ms), passed(8ms, 9ms), passed(12ms, 13ms)};
        CHECK(serving_interval(tries, at(0ms), 2) == between(4ms, 9ms));
        CHECK(serving_interval(tries, at(0ms), 1) == between(4ms, 9ms));
    }

    TEST_CASE("fewer good tries in a row than asked for decide nothing") {
        CHECK_FALSE(serving_interval(Tries{}, at(0ms), 1));
        CHECK_FALSE(serving_interval(Tries{passed(1ms, 2ms), passed(3ms, 4ms)}, at(0ms), 3));
        const Tries broken{passed(1ms, 2ms), passed(3ms, 4ms), failed(5ms, 6ms), passed(7ms, 8ms)};
        CHECK_FALSE(serving_interval(broken, at(0ms), 2));
    }

    TEST_CASE("tries begun before the restored instant count for nothing") {
        const Tries tries{passed(1ms, 2ms), failed(3ms, 20ms), passed(9ms, 12ms), passed(10ms, 11ms),
                          passed(14ms, 15ms)};
        CHECK(serving_interval(tries, at(10ms), 2) == between(10ms, 11ms));
        CHECK_FALSE(serving_interval(tries, at(10ms), 3));
    }

    TEST_CASE("order is by start, however the tries end") {
        // The one begun at 4 failed long after those begun later had passed: they come after it all the same.
        const Tries tries{passed(12ms, 13ms), failed(4ms, 60ms), passed(8ms, 9ms), failed(0ms, 1ms)};
        CHECK(serving_interval(tries, at(0ms), 2) == between(4ms, 9ms));
        // One begun between the good ones failed: they are not in a row.
        const Tries apart{passed(8ms, 9ms), failed(10ms, 60ms), passed(12ms, 13ms), passed(16ms, 17ms)};
        CHECK(serving_interval(apart, at(0ms), 2) == between(10ms, 13ms));
        CHECK_FALSE(serving_interval(apart, at(0ms), 3));
    }

    TEST_CASE("the end of the first good one is the first end, not the end of the first") {
        const Tries tries{failed(0ms, 1ms), passed(4ms, 90ms), passed(8ms, 9ms), passed(12ms, 13ms)};
        CHECK(serving_interval(tries, at(0ms), 3) == between(0ms, 9ms));
    }

    TEST_CASE("a try that hangs among the good ones holds the decision up until it ends") {
        Tries tries{failed(0ms, 1ms), passed(4ms, 5ms), hanging(8ms), passed(12ms, 13ms), passed(16ms, 17ms)};
        CHECK_FALSE(serving_interval(tries, at(0ms), 3));
        tries[2] = passed(8ms, 40ms);
        CHECK(serving_interval(tries, at(0ms), 3) == between(0ms, 5ms));
        tries[2] = failed(8ms, 40ms);
        CHECK_FALSE(serving_interval(tries, at(0ms), 3));
        CHECK(serving_interval(tries, at(0ms), 2) == between(8ms, 13ms));
    }

    TEST_CASE("a try that hangs from before the good ones does not hold the decision up") {
        const Tries tries{failed(0ms, 1ms), hanging(2ms), passed(4ms, 5ms), passed(12ms, 13ms)};
        CHECK(serving_interval(tries, at(0ms), 2) == between(0ms, 5ms));
    }

    TEST_CASE("tries that a hanging service kept waiting count as failed at their start") {
        // It hung from 0 to 3000 and answered all that waited, then a fresh one in 1 ms.
        Tries tries{passed(100ms, 3000ms), passed(1000ms, 3001ms), passed(1900ms, 3002ms),
                    passed(2900ms, 3003ms)};
        CHECK_FALSE(serving_interval(tries, at(0ms), 3));  // no fresh one yet to compare with
        tries.push_back(passed(3005ms, 3006ms));
        CHECK(serving_interval(tries, at(0ms), 3) == between(1900ms, 3000ms));
    }

    TEST_CASE("the judge remembers the last try that was kept waiting") {
        ServingJudge judge(at(0ms), 3);
        std::vector<std::uint64_t> numbers;
        for (int i = 0; i < 16; ++i) numbers.push_back(judge.start(at(i * 150ms)));
        for (int i = 0; i < 16; ++i)
            judge.end(numbers[static_cast<std::size_t>(i)], at(i * 150ms), at(3s), true);
        CHECK_FALSE(judge.interval());
        judge.end(judge.start(at(3001ms)), at(3001ms), at(3002ms), true);
        CHECK(judge.interval() == between(1950ms, 3000ms));
    }

    TEST_CASE("tries that a prober which stood still kept waiting itself say nothing of the service") {
        // Begun at 100 and 200, stopped until 5000, when the answers were found; then fresh ones in 1 ms.
        ServingJudge judge(at(0ms), 3);
        const std::uint64_t first = judge.start(at(100ms)), second = judge.start(at(200ms));
        SUBCASE("it was stopped") {
            judge.stall();
            judge.end(first, at(100ms), at(5000ms), true);
            judge.end(second, at(200ms), at(5000ms), true);
            judge.end(judge.start(at(5001ms)), at(5001ms), at(5002ms), true);
            CHECK(judge.interval() == between(0ms, 5000ms));
        }
        SUBCASE("it was not") {
            judge.end(first, at(100ms), at(5000ms), true);
            judge.end(second, at(200ms), at(5000ms), true);
            judge.end(judge.start(at(5001ms)), at(5001ms), at(5002ms), true);
            CHECK(judge.interval() == between(200ms, 5000ms));
        }
        SUBCASE("what began after the stop is judged as ever") {
            judge.stall();
            judge.end(first, at(100ms), at(6000ms), true);
            judge.end(second, at(200ms), at(6000ms), true);
            judge.end(judge.start(at(4900ms)), at(4900ms), at(6000ms), true);
            judge.end(judge.start(at(6001ms)), at(6001ms), at(6002ms), true);
            CHECK(judge.interval() == between(4900ms, 6000ms));
        }
    }

    TEST_CASE("a service that is always slow is not taken for one that hung") {
        const Tries tries{failed(0ms, 1ms), passed(10ms, 2010ms), passed(20ms, 2020ms),
                          passed(2030ms, 4030ms)};
        CHECK(serving_interval(tries, at(0ms), 2) == between(0ms, 2010ms));
    }

    TEST_CASE("all probes must have passed: the latest bounds count") {
        CHECK(combine(std::vector<Interval>{between(1ms, 5ms), between(3ms, 4ms)}) == between(3ms, 5ms));
        CHECK_FALSE(combine(std::vector<Interval>{between(1ms, 5ms), std::nullopt}));
        CHECK_FALSE(combine(std::vector<Interval>{}));
    }

    TEST_CASE("the judge says the same as the rules, whatever the order of ends, in bounded memory") {
        std::mt19937 random(20260101);  // fixed seed: the same tries in each run
        for (int round = 0; round < 300; ++round) {
            const auto pick = [&random](int most) {
                return static_cast<int>(random() % static_cast<unsigned>(most));
            };
            const int consecutive = 1 + pick(4);
            const SteadyTime restored = at(std::chrono::milliseconds(pick(60)));
            const int good_percent = 40 + pick(60);
            struct Planned {
                TryRecord record;
                std::uint64_t number = 0;
            };
            std::vector<Planned> planned;
            for (int i = 0; i < 60; ++i) {
                const Duration began =
                    std::chrono::milliseconds(i * 4) + std::chrono::microseconds(pick(900));
                const Duration took = pick(5) == 0 ? Duration(std::chrono::milliseconds(pick(80))) : 500us;
                planned.push_back(
                    {.record = {at(began), at(began + took + 1us),
                                pick(100) < good_percent ? TryOutcome::passed : TryOutcome::failed}});
            }
            // Starts and ends as they happen; after each end both must agree, as long as no failed try is
            // hidden.
            ServingJudge judge(restored, consecutive);
            struct Event {
                SteadyTime instant;
                bool ends;
                std::size_t index;
            };
            std::vector<Event> events;
            for (std::size_t i = 0; i < planned.size(); ++i) {
                events.push_back({planned[i].record.began, false, i});
                events.push_back({planned[i].record.ended, true, i});
            }
            std::sort(events.begin(), events.end(),
                      [](const Event& a, const Event& b) { return a.instant < b.instant; });
            Tries known(planned.size());
            std::vector<bool> begun(planned.size());
            for (const auto& event : events) {
                auto& one = planned[event.index];
                if (!event.ends) {
                    one.number = judge.start(one.record.began);
                    known[event.index] = hanging(one.record.began.since_boot);
                    begun[event.index] = true;
                    continue;
                }
                judge.end(one.number, one.record.began, one.record.ended,
                          one.record.outcome == TryOutcome::passed);
                known[event.index] = one.record;
                Tries seen;
                for (std::size_t i = 0; i < known.size(); ++i) {
                    if (begun[i]) seen.push_back(known[i]);
                }
                const auto expected = serving_interval(seen, restored, consecutive);
                const auto got = judge.interval();
                // What it forgot may delay a decision that a late failure took back; it never changes a bound
                // that it reports.
                if (got) {
                    REQUIRE(expected);
                    CHECK(got->earliest == expected->earliest);
                    CHECK(got->latest == expected->latest);
                }
                CHECK(judge.kept() <= 1 + 21 * (static_cast<std::size_t>(consecutive) + 1) + 1);
            }
            // With nothing hanging any more both decide alike.
            CHECK(judge.interval().has_value() == serving_interval(known, restored, consecutive).has_value());
        }
    }

    TEST_CASE("a long outage, a long success and a long hang are kept in a handful of tries") {
        ServingJudge judge(at(0ms), 3);
        const auto stuck = judge.start(at(0ms));
        Duration now{};
        for (int i = 0; i < 10000; ++i) {
            now += 4ms;
            judge.end(judge.start(at(now)), at(now), at(now + 1ms), false);
            CHECK(judge.kept() <= 2);
        }
        const Duration last_failed = now;
        for (int i = 0; i < 10000; ++i) {
            now += 4ms;
            judge.end(judge.start(at(now)), at(now), at(now + 1ms), true);
            CHECK(judge.kept() <= 6);
        }
        judge.end(stuck, at(0ms), at(now), false);
        CHECK(judge.interval() == between(last_failed, last_failed + 5ms));
    }

    TEST_CASE("a failed try takes an earlier decision back") {
        ServingJudge judge(at(0ms), 1);
        judge.end(judge.start(at(1ms)), at(1ms), at(2ms), true);
        CHECK(judge.interval() == between(0ms, 2ms));
        judge.end(judge.start(at(5ms)), at(5ms), at(6ms), false);
        CHECK_FALSE(judge.interval());
        judge.end(judge.start(at(9ms)), at(9ms), at(10ms), true);
        CHECK(judge.interval() == between(5ms, 10ms));
    }

    TEST_CASE("spacing keeps the interval within 5 ms for ten seconds and within 1 % after") {
        CadenceInput input{.phase = ProberPhase::measuring, .timeout = 5s, .cost = 40us};
        CHECK(spacing(input) == 1500us);
        input.elapsed = 9999ms;
        CHECK(spacing(input) == 1500us);
        input.elapsed = 10s;
        CHECK(spacing(input) == 50ms);
        input.elapsed = 1h;
        CHECK(spacing(input) == 18s);
    }

    TEST_CASE("tries never cost more than 5 % of a core, all probes together") {
        for (const std::size_t probes : {1U, 2U, 5U}) {
            for (const Duration cost : {Duration(50us), Duration(3ms), Duration(200ms)}) {
                const Duration between_tries =
                    spacing({.phase = ProberPhase::measuring, .timeout = 5s, .cost = cost, .probes = probes});
                CHECK(static_cast<Duration::rep>(probes) * cost * 20 <= between_tries);
            }
        }
    }

    TEST_CASE("a probe's own interval is kept, and tries that hang thin out") {
        CadenceInput input{
            .phase = ProberPhase::measuring, .elapsed = 1h, .interval = 1s, .timeout = 5s, .cost = 300ms};
        CHECK(spacing(input) == 1s);
        input = {.phase = ProberPhase::measuring, .timeout = 8s};
        input.hanging = 2;
        CHECK(spacing(input) == 1500us);
        input.hanging = 4;
        CHECK(spacing(input) == 6ms);
        input.hanging = most_hanging;
        CHECK(spacing(input) == 500ms);
    }
}
