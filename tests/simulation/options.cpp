// From a seed to what happens. Few faults for each seed: uniform faults heal each other and hide a livelock.
#include "tests/simulation/options.h"

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
        "fail_before", "timeout_after", "late_delivery", "partial",     "permission",  "throttling",
        "stale_read",  "neighbour",     "probe_lies",    "probe_flaps", "wall_step",   "wall_drift",
        "disk_full",   "sync_fails",    "store_fails",   "hook_fails",  "alarm_fails", "second_orchestrator",
        "pause",       "stop_signal",   "halt",          "crash"};
    return names.at(static_cast<std::size_t>(fault));
}

Options options_of(std::uint64_t seed) {
    Random random(seed ^ 0x5eed5eed5eed5eedULL);
    Options options{.seed = seed};
    options.shape = static_cast<Shape>(random.below(drawn_shapes));
    options.failing_stage = static_cast<int>(random.below(5));
    options.heal = !random.once_in(3);
    // One seed in eight goes undisturbed; the others have one to four kinds of fault.
    if (!random.once_in(8)) {
        const std::uint64_t kinds = 1 + random.below(4);
        for (std::uint64_t i = 0; i < kinds; ++i) options.faults |= 1ULL << random.below(fault_kinds);
    }
    // A pause shows something where another orchestrator finds the paused one.
    if (options.has(Fault::pause) && random.once_in(2))
        options.faults |= 1ULL << static_cast<unsigned>(Fault::second_orchestrator);
    constexpr std::array<std::uint64_t, 4> rates{3, 8, 25, 100};
    options.rate = rates.at(random.below(rates.size()));
    if (options.has(Fault::crash)) {
        const std::uint64_t crashes = 1 + random.below(3);
        for (std::uint64_t i = 0; i < crashes; ++i) {
            options.crashes.push_back(
                {.at = 1 + random.below(i == 0 ? 700 : 400), .loss = static_cast<Loss>(random.below(3))});
        }
    }
    // Drawn last, so that a seed of before this was drawn expands to the same faults.
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
