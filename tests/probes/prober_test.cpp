// The prober against a real server that goes and comes at instants that the test knows.
#include "orchestrator/probes/prober.h"

#include <doctest/doctest.h>
#include <time.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <optional>

#include "orchestrator/probes/cadence.h"
#include "tests/probes/http_server.h"
#include "tests/support/real_time.h"

using namespace rehearse;
using namespace rehearse::test;
using namespace std::chrono_literals;

namespace {

ProbeSpec http(const std::string& name, const HttpServer& server) {
    ProbeSpec spec;
    spec.name = name;
    spec.kind = ProbeKind::http;
    spec.url = server.url();
    spec.timeout = 2s;
    return spec;
}

struct World {
    RealClock clock;
    RealSleeper sleeper{clock};
    RealWorkers workers{20};
    boost::asio::io_context context;
    std::vector<std::string> transitions;

    ProberSurroundings surroundings() {
        return {.clock = clock,
                .sleeper = sleeper,
                .workers = workers,
                .make = [this](const ProbeSpec& spec) { return make_probe(spec, clock, {}); },
                .observer =
                    [this](const std::string& name, const ProbeTry& attempt) {
                        transitions.push_back(name + (attempt.passed ? " passes" : " fails"));
                    }};
    }
    void run(Task<void> task) {
        std::exception_ptr error;
        boost::asio::co_spawn(context, std::move(task),
                              [&error](std::exception_ptr thrown) { error = thrown; });
        context.run();
        context.restart();
        if (error) std::rethrow_exception(error);
    }
};

// On a thread of its own, as the real server's host would.
void wait_until(const Clock& clock, SteadyTime instant) {
    for (Duration rest = instant - clock.steady(); rest > Duration{}; rest = instant - clock.steady()) {
        const auto seconds = std::chrono::floor<std::chrono::seconds>(rest);
        const timespec limit{.tv_sec = static_cast<time_t>(seconds.count()),
                             .tv_nsec = static_cast<long>((rest - seconds).count())};
        ::ppoll(nullptr, 0, &limit, nullptr);
    }
}

// One outage: down, restored, back at an instant that lies in [before, after].
struct Outage {
    SteadyTime before, after;
    std::optional<ServingResult> result;
    std::optional<DetectedResult> detected;
};

Task<void> outage(World& world, HttpServer& server, ServerMood down, Duration length, Outage& told) {
    Prober prober({http("web", server)}, world.surroundings());
    server.turn(down);
    prober.start(co_await boost::asio::this_coro::executor, world.clock.steady());
    co_await world.sleeper.until(world.clock.steady() + 5ms);
    const SteadyTime restored = world.clock.steady();
    // Another thread brings it back, as another process would.
    auto bring_back = [&world, &server, &told, restored, length] {
        wait_until(world.clock, restored + length);
        told.before = world.clock.steady();
        server.turn(ServerMood::answers);
        told.after = world.clock.steady();
    };
    std::thread thread(bring_back);
    told.result = co_await prober.serving(restored, 3, restored + 30s);
    thread.join();
    told.detected = prober.detected();
    co_await prober.stop();
}

Task<void> give_up(World& w, HttpServer& s) {
    Prober prober({http("web", s)}, w.surroundings());
    const SteadyTime began = w.clock.steady();
    prober.start(co_await boost::asio::this_coro::executor, began);
    CHECK_FALSE(co_await prober.serving(w.clock.steady(), 3, w.clock.steady() + 200ms));
    REQUIRE(prober.latest().size() == 1);
    CHECK(prober.latest()[0].second.detail == "connection refused");
    co_await prober.stop();
}

Task<void> nothing_happened(World& w, HttpServer& s) {
    Prober prober({http("web", s)}, w.surroundings());
    prober.start(co_await boost::asio::this_coro::executor, w.clock.steady());
    const SteadyTime restored = w.clock.steady();
    const auto result = co_await prober.serving(restored, 3, restored + 10s);
    REQUIRE(result);
    CHECK(result->earliest == restored);
    CHECK_FALSE(prober.detected());
    co_await prober.stop();
}

Task<void> two_probes(World& w, HttpServer& q, HttpServer& s) {
    Prober prober({http("quick", q), http("slow", s)}, w.surroundings());
    prober.start(co_await boost::asio::this_coro::executor, w.clock.steady());
    const SteadyTime restored = w.clock.steady();
    std::thread thread([&w, &s, restored] {
        wait_until(w.clock, restored + 50ms);
        s.turn(ServerMood::answers);
    });
    const auto result = co_await prober.serving(restored, 3, restored + 20s);
    thread.join();
    REQUIRE(result);
    CHECK(result->slowest_probe == "slow");
    CHECK(result->latest >= restored + 50ms);
    co_await prober.stop();
}

Task<void> hanging_tries(World& w, HttpServer& s, ProberSurroundings given) {
    auto spec = http("web", s);
    spec.timeout = 400ms;
    Prober prober({spec}, given);
    const SteadyTime began = w.clock.steady();
    prober.start(co_await boost::asio::this_coro::executor, began);
    // The first one's time limit tells, though others still hang.
    while (!prober.detected()) co_await w.sleeper.until(w.clock.steady() + 5ms);
    co_await prober.stop();
}

Task<void> one_round(World& w, HttpServer& g, HttpServer& s) {
    Prober prober({http("silent", s), http("good", g)}, w.surroundings());
    const auto all = co_await prober.once_all(100ms);
    REQUIRE(all.size() == 2);
    CHECK(all[0].first == "silent");
    CHECK_FALSE(all[0].second.passed);
    CHECK(all[0].second.detail.find("no answer within 100") != std::string::npos);
    CHECK(all[1].first == "good");
    CHECK(all[1].second.passed);
}

}  // namespace

TEST_SUITE("prober") {
    TEST_CASE("the true instant of recovery lies in the reported interval every time") {
        World world;
        HttpServer server(ServerMood::answers);
        std::vector<Duration> widths;
        int seen = 0;
        for (int i = 0; i < 60; ++i) {
            Outage told;
            world.run(
                outage(world, server, ServerMood::refuses, std::chrono::milliseconds(3 + i % 23), told));
            REQUIRE(told.result);
            // The server answers as soon as it listens, a little after `before` and no later than `after`.
            CHECK(told.result->earliest <= told.after);
            CHECK(told.result->latest >= told.before);
            CHECK(told.result->slowest_probe == "web");
            if (told.detected) ++seen;
            widths.push_back(told.result->latest - told.result->earliest);
        }
        CHECK(seen > 30);  // the shortest ones may fall between two tries
        std::sort(widths.begin(), widths.end());
        MESSAGE("width of the interval: median " << to_text(widths[30]) << ", widest "
                                                 << to_text(widths.back()));
    }

    TEST_CASE("a service that hung instead of refusing is timed as well") {
        World world;
        HttpServer server(ServerMood::answers);
        for (int i = 0; i < 3; ++i) {
            Outage told;
            world.run(outage(world, server, ServerMood::hangs, 1500ms + 31ms * i, told));
            REQUIRE(told.result);
            CHECK(told.result->earliest <= told.after);
            CHECK(told.result->latest >= told.before);
        }
    }

    TEST_CASE("no answer until the give-up time is no result, and the reason is at hand") {
        World world;
        HttpServer server(ServerMood::refuses);
        world.run(give_up(world, server));
        CHECK(world.transitions == std::vector<std::string>{"web fails"});
    }

    TEST_CASE("an outage that no probe saw is not detected") {
        World world;
        HttpServer server(ServerMood::answers);
        world.run(nothing_happened(world, server));
    }

    TEST_CASE("all probes must pass: the slowest one is named") {
        World world;
        HttpServer quick(ServerMood::answers);
        HttpServer slow(ServerMood::refuses);
        world.run(two_probes(world, quick, slow));
    }

    TEST_CASE("hanging tries do not keep later ones from starting, and their number is bounded") {
        World world;
        HttpServer server(ServerMood::hangs);
        int made = 0;
        auto surroundings = world.surroundings();
        surroundings.make = [&made, make = surroundings.make](const ProbeSpec& spec) {
            ++made;
            return make(spec);
        };
        world.run(hanging_tries(world, server, surroundings));
        CHECK(made >= 2);
        CHECK(made <= static_cast<int>(most_hanging));
    }

    TEST_CASE("one round of all probes comes back in their order, each within the time given") {
        World world;
        HttpServer good(ServerMood::answers);
        HttpServer silent(ServerMood::hangs);
        world.run(one_round(world, good, silent));
    }

    TEST_CASE("a probe that can't be made fails before anything starts") {
        World world;
        ProbeSpec spec;
        spec.name = "rows";
        spec.kind = ProbeKind::sql;  // and nobody answers SQL here
        CHECK_THROWS(Prober({spec}, world.surroundings()));
    }
}
