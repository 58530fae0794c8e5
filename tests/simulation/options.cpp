// From a seed to what happens. Few faults for each seed: uniform faults heal each other and hide a livelock.
#include "tests/simulation/options.h"

#include <algorithm>
#include <array>

#include "tests/simulation/random.h"

namespace rehearse::simulation {

std::string_view to_string(Shape shape) {
    constexpr std::array<std::string_view, shapes> names{
        "one", "chain", "fan", "half_destroy", "failing_hook", "rollback", "half_destroy_of_four"};
    return names.at(static_cast<std::size_t>(shape));
}

std::string_view to_string(Fault fault) {
    constexpr std::array<std::string_view, fault_kinds> names{
        "fail_before",  "timeout_after",       "late_delivery", "partial",     "permission", "throttling",
        "stale_read",   "neighbour",           "probe_lies",    "probe_flaps", "wall_step",  "wall_drift",
        "steady_drift", "disk_full",           "sync_fails",    "store_fails", "read_fails", "hook_fails",
        "alarm_fails",  "second_orchestrator", "pause",         "stop_signal", "halt",       "crash"};
    return names.at(static_cast<std::size_t>(fault));
}

namespace {

std::uint64_t bit(Fault fault) { return 1ULL << static_cast<unsigned>(fault); }

/// A state that a drill of this shape goes through.
DrillState draw_state(Shape shape, Random& random) {
    using State = DrillState;
    static constexpr std::array disaster{State::approved,  State::leased,   State::snapshotting,
                                         State::proven,    State::armed,    State::destroying,
                                         State::restoring, State::verifying};
    static constexpr std::array rollback{State::approved,     State::leased,   State::snapshotting,
                                         State::proven,       State::armed,    State::changing,
                                         State::rolling_back, State::changing, State::rolling_back,
                                         State::restoring,    State::verifying};
    return shape == Shape::rollback ? rollback.at(random.below(rollback.size()))
                                    : disaster.at(random.below(disaster.size()));
}

}  // namespace

Options options_of(std::uint64_t seed) {
    Random random(seed ^ 0x5eed5eed5eed5eedULL);
    Options options{.seed = seed};
    // A rollback has states of its own, which are soon over: it is drawn twice as often.
    options.shape = static_cast<Shape>(random.below(drawn_shapes + 1));
    if (static_cast<int>(options.shape) == drawn_shapes) options.shape = Shape::rollback;
    options.failing_stage = static_cast<int>(random.below(5));
    options.heal = !random.once_in(3);
    // One seed in eight goes undisturbed; the others have one to four kinds of fault.
    if (!random.once_in(8)) {
        const std::uint64_t kinds = 1 + random.below(4);
        // What has few chances to strike is drawn more often.
        constexpr std::array<Fault, 3> more{Fault::crash, Fault::crash, Fault::alarm_fails};
        for (std::uint64_t i = 0; i < kinds; ++i) {
            const std::uint64_t drawn = random.below(fault_kinds + more.size());
            options.faults |= drawn < fault_kinds ? 1ULL << drawn : bit(more.at(drawn - fault_kinds));
        }
    }
    // A pause shows something where another orchestrator finds the paused one.
    if (options.has(Fault::pause) && !random.once_in(4)) options.faults |= bit(Fault::second_orchestrator);
    // An alarm is raised only where a drill went wrong: with what it takes.
    if (options.has(Fault::alarm_fails)) {
        constexpr std::array<Fault, 4> wrong{Fault::permission, Fault::disk_full, Fault::fail_before,
                                             Fault::read_fails};
        options.faults |= bit(wrong.at(random.below(wrong.size()))) | bit(Fault::crash);
    }
    if (options.faults != 0 && random.once_in(2)) options.state = draw_state(options.shape, random);
    if (options.has(Fault::alarm_fails) && options.shape == Shape::rollback)
        options.state = random.once_in(2) ? DrillState::rolling_back : DrillState::changing;
    // The instants that matter are those between a last look and the destroy.
    if (options.has(Fault::pause) && options.has(Fault::second_orchestrator) &&
        options.shape != Shape::rollback && random.once_in(2))
        options.state = DrillState::destroying;
    // A probe lies about what is wrong before the damage only where somebody else did it.
    if (options.has(Fault::probe_lies) && random.once_in(4)) {
        options.faults |= bit(Fault::neighbour);
        options.state = DrillState::snapshotting;
    }
    if (options.has(Fault::hook_fails) && random.once_in(2)) options.shape = Shape::failing_hook;
    constexpr std::array<std::uint64_t, 4> rates{3, 8, 25, 100};
    options.rate = rates.at(random.below(rates.size()));
    if (options.has(Fault::throttling) && options.shape == Shape::rollback) options.rate = 25;
    if (options.has(Fault::alarm_fails)) options.rate = std::min<std::uint64_t>(options.rate, 8);
    if (options.has(Fault::crash)) {
        const std::uint64_t crashes = 1 + random.below(3);
        for (std::uint64_t i = 0; i < crashes; ++i) {
            const std::uint64_t within = i > 0 ? 400 : options.state ? 10 : 700;
            options.crashes.push_back(
                {.at = 1 + random.below(within), .loss = static_cast<Loss>(random.below(3))});
        }
    }
    const bool hooked = options.shape == Shape::failing_hook || options.shape == Shape::rollback;
    options.checks_verifier = random.once_in(3) && !hooked;
    return options;
}

std::string describe(const Options& options) {
    std::string text =
        "seed " + std::to_string(options.seed) + ": shape " + std::string(to_string(options.shape));
    if (options.shape == Shape::failing_hook) text += " stage " + std::to_string(options.failing_stage);
    if (options.checks_verifier) text += ", checks the verifier";
    text += options.heal ? ", liveness" : ", safety";
    if (options.faults != 0) {
        text += ", once in " + std::to_string(options.rate) + ":";
        for (int i = 0; i < fault_kinds; ++i) {
            const auto fault = static_cast<Fault>(i);
            if (options.has(fault)) text += " " + std::string(to_string(fault));
        }
        if (options.state) text += "; in state " + std::string(to_string(*options.state));
    }
    for (const Crash& crash : options.crashes) {
        text += ", crash at change " + std::to_string(crash.at) + " with loss " +
                std::string(to_string(crash.loss));
    }
    return text;
}

std::string replay_command(const Options& options) {
    std::string text = "scripts/simulate --replay " + std::to_string(options.seed);
    if (describe(options) == describe(options_of(options.seed))) return text;
    text += " --shape " + std::string(to_string(options.shape)) + " --stage " +
            std::to_string(options.failing_stage);
    if (options.checks_verifier) text += " --check-verifier";
    for (const Crash& crash : options.crashes)
        text += " --crash " + std::to_string(crash.at) + ":" + std::string(to_string(crash.loss));
    return text;
}

}  // namespace rehearse::simulation
