// The simulation's command line: random seeds, one seed again, or every crash point. scripts/simulate runs
// it.
#include <cstdint>
#include <iostream>
#include <string>
#include <vector>

#include "tests/simulation/simulation.h"

namespace {

using namespace rehearse::simulation;

struct Arguments {
    std::uint64_t from = 1, seeds = 1000;
    bool replay = false, trace = false;
};

int tell(const Options& options, const Result& result) {
    for (const std::string& violation : result.violations) std::cout << "VIOLATION: " << violation << "\n";
    std::cout << "  " << describe(options) << "\n  replay: scripts/simulate --replay " << options.seed << "\n"
              << std::flush;
    return 1;
}

}  // namespace

int main(int count, char** values) {
    Arguments arguments;
    const std::vector<std::string> given(values + 1, values + count);
    for (std::size_t at = 0; at + 1 < given.size(); at += 2) {
        const std::uint64_t number = std::stoull(given[at + 1]);
        if (given[at] == "--seeds") arguments.seeds = number;
        if (given[at] == "--from") arguments.from = number;
        if (given[at] == "--replay") {
            arguments = {.from = number, .seeds = 1, .replay = true, .trace = arguments.trace};
        }
        if (given[at] == "--trace") arguments.trace = number != 0;
    }
    Counters counters;
    int code = 0;
    for (std::uint64_t seed = arguments.from; seed < arguments.from + arguments.seeds; ++seed) {
        Options options = options_of(seed);
        options.trace = arguments.trace;
        const Result result = simulate(options, counters);
        if (!result.violations.empty()) code = tell(options, result);
        if (arguments.replay) {
            std::cout << describe(options) << "\nended as:" << result.ending << "; " << result.changes
                      << " changes, digest " << std::hex << result.digest << std::dec << "\n";
        }
    }
    std::cout << counters.table();
    return code;
}
