// The prober: one loop per probe starts tries, each try is a coroutine of its own; one task group joins them.
#include "orchestrator/probes/prober.h"

#include <algorithm>
#include <array>
#include <boost/asio/this_coro.hpp>
#include <utility>

#include "orchestrator/base/failure.h"
#include "orchestrator/base/task_group.h"
#include "orchestrator/probes/cadence.h"

namespace rehearse {

namespace {

using namespace std::chrono_literals;

// A loop looks up this often, so that stop() and give-up times don't wait for a long spacing.
constexpr Duration longest_nap = 100ms;
// Whoever naps for so much longer has not run meanwhile.
constexpr Duration stood_still = kept_waiting / 2;

// The median of the last costs.
class RecentCosts {
  public:
    void add(Duration cost) { costs_[count_++ % costs_.size()] = cost; }
    [[nodiscard]] Duration median() const {
        const std::size_t size = std::min(count_, costs_.size());
        if (size == 0) return {};
        auto sorted = costs_;
        const auto middle = sorted.begin() + static_cast<std::ptrdiff_t>(size / 2);
        std::nth_element(sorted.begin(), middle, sorted.begin() + static_cast<std::ptrdiff_t>(size));
        return *middle;
    }

  private:
    std::array<Duration, 15> costs_{};
    std::size_t count_ = 0;
};

ProbeTry run(Probe& probe, const Clock& clock) {
    const SteadyTime began = clock.steady();
    try {
        return probe.run();
    } catch (const std::exception& error) {  // a try that fails does not throw; one that does has failed
        ProbeTry attempt;
        attempt.began = began;
        attempt.ended = clock.steady();
        attempt.detail = error.what();
        return attempt;
    }
}

}  // namespace

struct Prober::State : std::enable_shared_from_this<Prober::State> {
    struct Watched {
        ProbeSpec spec;
        std::vector<std::unique_ptr<Probe>> idle;  // a probe serves one try at a time
        std::size_t hanging = 0;
        RecentCosts costs{};
        std::optional<ServingJudge> judge{};
        bool decided = false;
        std::optional<ProbeTry> newest{};  // by start, of those that ended
    };

    State(std::vector<ProbeSpec> specs, ProberSurroundings given) : surroundings(std::move(given)) {
        for (auto& spec : specs) probes.push_back({.spec = std::move(spec), .idle = {}});
        // Made here, so that a probe that can't be made fails before any damage.
        for (auto& probe : probes) probe.idle.push_back(surroundings.make(probe.spec));
    }

    [[nodiscard]] SteadyTime now() const { return surroundings.clock.steady(); }

    [[nodiscard]] ProberPhase phase() const {
        if (measuring) return ProberPhase::measuring;
        return detected ? ProberPhase::waiting : ProberPhase::watching;
    }

    [[nodiscard]] Duration spacing_of(const Watched& probe) const {
        const auto undecided =
            std::count_if(probes.begin(), probes.end(), [](const Watched& one) { return !one.decided; });
        return spacing({.phase = phase(),
                        .elapsed = now() - damage_began,
                        .interval = probe.spec.interval,
                        .timeout = probe.spec.timeout,
                        .cost = probe.costs.median(),
                        .decided = probe.decided,
                        .probes = static_cast<std::size_t>(undecided),
                        .hanging = probe.hanging});
    }

    // Asked wherever something is heard, before it is taken for the service's doing.
    void notice_stall() {
        const SteadyTime instant = now();
        const bool stalled = instant - std::exchange(awake, instant) > stood_still;
        for (auto& probe : probes) {
            if (stalled && probe.judge) probe.judge->stall();
        }
    }

    // New loops for all probes, beginning with a try at once; the loops of before end by themselves.
    void begin_loops() {
        ++generation;
        awake = now();
        for (std::size_t i = 0; i < probes.size(); ++i) group->spawn(loop(shared_from_this(), i, generation));
    }

    static Task<void> loop(std::shared_ptr<State> self, std::size_t index, std::uint64_t generation) {
        try {
            co_await self->try_again_and_again(index, generation);
        } catch (...) {
            if (!self->error) self->error = std::current_exception();
            self->changed->all();
        }
    }

    Task<void> try_again_and_again(std::size_t index, std::uint64_t own_generation) {
        Watched& probe = probes[index];
        SteadyTime last = now();
        launch(index);
        while (!stopping && generation == own_generation) {
            const SteadyTime next = last + spacing_of(probe);  // again each time: phase and cost change
            const SteadyTime instant = now();
            if (instant >= next) {
                last = instant;
                if (probe.hanging < most_hanging) launch(index);
                continue;
            }
            co_await surroundings.sleeper.until(std::min(next, instant + longest_nap));
            notice_stall();
            if (measuring && now() >= give_up_at) changed->all();
        }
    }

    void launch(std::size_t index) {
        Watched& probe = probes[index];
        std::unique_ptr<Probe> tried;
        if (probe.idle.empty()) {
            tried = surroundings.make(probe.spec);
        } else {
            tried = std::move(probe.idle.back());
            probe.idle.pop_back();
        }
        ++probe.hanging;
        const std::uint64_t number = probe.judge ? probe.judge->start(now()) : 0;
        group->spawn(try_once(shared_from_this(), index, std::move(tried), judging, number));
    }

    static Task<void> try_once(std::shared_ptr<State> self, std::size_t index, std::unique_ptr<Probe> tried,
                               std::uint64_t judging, std::uint64_t number) {
        auto work = [&clock = self->surroundings.clock, probe = tried.get()] { return run(*probe, clock); };
        const ProbeTry attempt = co_await on_worker(self->surroundings.workers, std::move(work));
        Watched& probe = self->probes[index];
        --probe.hanging;
        probe.idle.push_back(std::move(tried));
        probe.costs.add(attempt.cost);
        self->take(probe, attempt, judging, number);
    }

    void take(Watched& probe, const ProbeTry& attempt, std::uint64_t try_judging, std::uint64_t number) {
        notice_stall();
        if (!attempt.passed && attempt.began >= damage_began &&
            (!detected || attempt.ended < detected->attempt.ended)) {
            detected = DetectedResult{.probe = probe.spec.name, .attempt = attempt};
        }
        if (!probe.newest || attempt.began >= probe.newest->began) {
            const bool changed_over = !probe.newest || probe.newest->passed != attempt.passed;
            probe.newest = attempt;
            if (changed_over && surroundings.observer) surroundings.observer(probe.spec.name, attempt);
        }
        if (probe.judge && try_judging == judging) {
            probe.judge->end(number, attempt.began, attempt.ended, attempt.passed);
            probe.decided = probe.judge->interval().has_value();
            changed->all();
        }
    }

    [[nodiscard]] std::optional<ServingResult> serving_now(SteadyTime restored) const {
        ServingResult result{.earliest = restored, .latest = restored};
        for (const auto& probe : probes) {
            const auto interval = probe.judge->interval();
            if (!interval) return std::nullopt;
            result.earliest = std::max(result.earliest, interval->earliest);
            if (result.slowest_probe.empty() || interval->latest > result.latest) {
                result.slowest_probe = probe.spec.name;
            }
            result.latest = std::max(result.latest, interval->latest);
        }
        return result;
    }

    ProberSurroundings surroundings;
    std::vector<Watched> probes{};
    std::unique_ptr<TaskGroup> group{};
    std::unique_ptr<Wake> changed{};
    SteadyTime damage_began{};
    SteadyTime give_up_at{};
    SteadyTime awake{};  // when it was last seen to run
    std::optional<DetectedResult> detected{};
    std::uint64_t generation = 0;  // of loops
    std::uint64_t judging = 0;     // counts calls of serving()
    std::exception_ptr error{};    // of a loop that could not go on
    bool measuring = false;
    bool stopping = false;
};

Prober::Prober(std::vector<ProbeSpec> probes, ProberSurroundings surroundings)
    : state_(std::make_shared<State>(std::move(probes), std::move(surroundings))) {}

Prober::~Prober() { state_->stopping = true; }

void Prober::start(const boost::asio::any_io_executor& executor, SteadyTime damage_began) {
    state_->group = std::make_unique<TaskGroup>(executor);
    state_->changed = std::make_unique<Wake>(executor);
    state_->damage_began = damage_began;
    state_->begin_loops();
}

std::optional<DetectedResult> Prober::detected() const { return state_->detected; }

Task<std::optional<ServingResult>> Prober::serving(SteadyTime restored, int consecutive,
                                                   SteadyTime give_up_at) {
    const auto state = state_;
    for (auto& probe : state->probes) {
        probe.judge.emplace(restored, consecutive);
        probe.decided = false;
    }
    const std::uint64_t own = ++state->judging;
    state->give_up_at = give_up_at;
    state->measuring = true;
    state->begin_loops();
    std::optional<ServingResult> result;
    while (!state->stopping && state->judging == own) {
        if (state->error) std::rethrow_exception(state->error);
        result = state->serving_now(restored);
        if (result || state->now() >= give_up_at) break;
        co_await state->changed->wait();
    }
    if (state->judging == own) state->measuring = false;
    co_return result;
}

std::vector<std::pair<std::string, ProbeTry>> Prober::latest() const {
    std::vector<std::pair<std::string, ProbeTry>> all;
    for (const auto& probe : state_->probes) {
        if (probe.newest) all.emplace_back(probe.spec.name, *probe.newest);
    }
    return all;
}

Task<std::vector<std::pair<std::string, ProbeTry>>> Prober::once_all(Duration timeout) {
    const auto state = state_;
    std::vector<std::pair<std::string, ProbeTry>> all(state->probes.size());
    TaskGroup group(co_await boost::asio::this_coro::executor);
    const auto once = [](std::shared_ptr<State> self, ProbeSpec spec, ProbeTry& result) -> Task<void> {
        const std::shared_ptr<Probe> probe = self->surroundings.make(spec);
        auto work = [&clock = self->surroundings.clock, probe] { return run(*probe, clock); };
        result = co_await on_worker(self->surroundings.workers, std::move(work));
    };
    for (std::size_t i = 0; i < all.size(); ++i) {
        ProbeSpec spec = state->probes[i].spec;
        spec.timeout = std::min(spec.timeout, timeout);
        all[i].first = spec.name;
        group.spawn(once(state, std::move(spec), all[i].second));
    }
    co_await group.join();
    co_return all;
}

Task<void> Prober::stop() {
    const auto state = state_;
    state->stopping = true;
    if (!state->group) co_return;
    state->changed->all();
    co_await state->group->join();
}

}  // namespace rehearse
