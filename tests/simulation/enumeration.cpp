// Loops over crash points; how many there are is learnt from a run without a crash.
#include "tests/simulation/enumeration.h"

namespace rehearse::simulation {

namespace {

std::vector<Options> variants() {
    std::vector<Options> all;
    for (const Shape shape : {Shape::one, Shape::chain, Shape::fan, Shape::half_destroy})
        all.push_back({.seed = 1, .shape = shape});
    for (const Shape shape : {Shape::one, Shape::chain})
        all.push_back({.seed = 1, .shape = shape, .checks_verifier = true});
    for (int stage = 0; stage < 5; ++stage)
        all.push_back({.seed = 1, .shape = Shape::failing_hook, .failing_stage = stage});
    for (const std::uint64_t seed : {1, 2}) all.push_back({.seed = seed, .shape = Shape::rollback});
    return all;
}

}  // namespace

std::uint64_t enumerate_singles(Part part, Counters& counters, const RunTold& told) {
    std::uint64_t number = 0, runs = 0;
    for (const Options& variant : variants()) {
        Counters unused;
        const Result whole = simulate(variant, unused);
        if (!whole.violations.empty()) told(variant, whole);
        for (std::uint64_t at = 1; at <= whole.changes_of.front(); ++at) {
            for (const Loss loss : {Loss::none, Loss::all, Loss::partial}) {
                if (number++ % part.count != part.index) continue;
                Options options = variant;
                options.crashes = {{.at = at, .loss = loss}};
                told(options, simulate(options, counters));
                ++runs;
            }
        }
    }
    return runs;
}

std::uint64_t enumerate_pairs(Part part, Counters& counters, const RunTold& told) {
    std::uint64_t number = 0, runs = 0;
    Options options{.seed = 1, .shape = Shape::chain};
    Counters unused;
    const Result whole = simulate(options, unused);
    const auto pairs_after = [&](Crash first) {
        if (number++ % part.count != part.index) return;
        options.crashes = {first};
        const Result recovered = simulate(options, unused);
        const auto pair = [&](Crash second) {
            options.crashes = {first, second};
            told(options, simulate(options, counters));
            ++runs;
        };
        for (const std::uint64_t at : recovered.distinct_points.at(1)) pair({.at = at, .loss = Loss::all});
        // Killed in the drill and killed in the recovery is much like killed once: after a power cut, each.
        if (first.loss == Loss::none) return;
        for (std::uint64_t at = 1; at <= recovered.changes_of.at(1); ++at)
            pair({.at = at, .loss = Loss::none});
    };
    for (const std::uint64_t at : whole.distinct_points.front()) pairs_after({.at = at, .loss = Loss::all});
    for (std::uint64_t at = 1; at <= whole.changes_of.front(); ++at)
        pairs_after({.at = at, .loss = Loss::none});
    return runs;
}

}  // namespace rehearse::simulation
