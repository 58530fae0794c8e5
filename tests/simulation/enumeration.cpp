// Loops over crash points; how many there are is learnt from a run without a crash.
#include "tests/simulation/enumeration.h"

#include <numeric>
#include <vector>

namespace rehearse::simulation {

namespace {

std::vector<Options> variants() {
    std::vector<Options> all;
    for (const Shape shape :
         {Shape::one, Shape::chain, Shape::fan, Shape::half_destroy, Shape::half_destroy_of_four})
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

namespace {

/// Which second crashes follow a first one: every point where the recovery leaves other bytes behind for a
/// power cut, every change for a kill.
struct Pairing {
    Shape shape;
    Loss first, second;
};

// Killed in the drill and killed in the recovery is much like killed once: each such pair has a power cut.
constexpr Pairing pairings[] = {
    {Shape::chain, Loss::all, Loss::all},  {Shape::chain, Loss::all, Loss::none},
    {Shape::chain, Loss::none, Loss::all}, {Shape::chain, Loss::partial, Loss::partial},
    {Shape::fan, Loss::all, Loss::all},    {Shape::half_destroy_of_four, Loss::all, Loss::all},
};

std::vector<std::uint64_t> points_of(const Result& result, std::size_t boot, Loss loss) {
    if (loss != Loss::none) return result.distinct_points.at(boot);
    std::vector<std::uint64_t> all(result.changes_of.at(boot));
    std::iota(all.begin(), all.end(), std::uint64_t{1});
    return all;
}

}  // namespace

std::uint64_t enumerate_pairs(Part part, Counters& counters, const RunTold& told) {
    std::uint64_t number = 0, runs = 0;
    for (const Pairing& pairing : pairings) {
        Options options{.seed = 1, .shape = pairing.shape};
        Counters unused;
        const Result whole = simulate(options, unused);
        for (const std::uint64_t first : points_of(whole, 0, pairing.first)) {
            if (number++ % part.count != part.index) continue;
            const Crash crash{.at = first, .loss = pairing.first};
            options.crashes = {crash};
            const Result recovered = simulate(options, unused);
            for (const std::uint64_t second : points_of(recovered, 1, pairing.second)) {
                options.crashes = {crash, {.at = second, .loss = pairing.second}};
                told(options, simulate(options, counters));
                ++runs;
            }
        }
    }
    return runs;
}

}  // namespace rehearse::simulation
