// The simulation's command line; scripts/simulate calls it, once for each core.
#include <cstdint>
#include <iostream>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/simulation/enumeration.h"
#include "tests/simulation/simulation.h"

namespace {

using namespace rehearse::simulation;

constexpr const char* usage =
    "usage: simulation --seeds N [--from SEED] [--part I/N] [--figures]\n"
    "       simulation --enumerate singles|pairs [--part I/N] [--figures]\n"
    "       simulation --replay SEED [--shape SHAPE] [--stage N] [--check-verifier] [--crash AT:LOSS]... "
    "[--trace]\n";

struct Arguments {
    std::uint64_t from = 1, seeds = 0;
    std::optional<std::uint64_t> replay{};
    std::string enumerate{};
    std::optional<Options> exact{};  // a run of an enumeration
    Part part{};
    bool trace = false, figures = false;
};

template <class Name>
Name named(const std::string& text, int count) {
    for (int i = 0; i < count; ++i) {
        if (to_string(static_cast<Name>(i)) == text) return static_cast<Name>(i);
    }
    throw std::invalid_argument("no such name: " + text);
}

Arguments parse(const std::vector<std::string>& given) {
    Arguments arguments;
    for (std::size_t at = 0; at < given.size(); ++at) {
        const std::string& name = given[at];
        if (name == "--trace" || name == "--figures") {
            (name == "--trace" ? arguments.trace : arguments.figures) = true;
            continue;
        }
        if (name == "--check-verifier") {
            if (!arguments.exact) arguments.exact.emplace();
            arguments.exact->checks_verifier = true;
            continue;
        }
        if (at + 1 == given.size()) throw std::invalid_argument(name + ": its value is missing");
        const std::string& value = given[++at];
        const auto exact = [&]() -> Options& {
            if (!arguments.exact) arguments.exact.emplace();
            return *arguments.exact;
        };
        const std::size_t mark = value.find_first_of(":/");
        if (name == "--seeds") {
            arguments.seeds = std::stoull(value);
        } else if (name == "--from") {
            arguments.from = std::stoull(value);
        } else if (name == "--replay") {
            arguments.replay = std::stoull(value);
        } else if (name == "--enumerate") {
            arguments.enumerate = value;
        } else if (name == "--part") {
            arguments.part = {.index = std::stoull(value), .count = std::stoull(value.substr(mark + 1))};
        } else if (name == "--shape") {
            exact().shape = named<Shape>(value, shapes);
        } else if (name == "--stage") {
            exact().failing_stage = std::stoi(value);
        } else if (name == "--crash") {
            exact().crashes.push_back(
                {.at = std::stoull(value), .loss = named<Loss>(value.substr(mark + 1), 3)});
        } else {
            throw std::invalid_argument("unknown option: " + name);
        }
    }
    return arguments;
}

class Teller {
  public:
    void operator()(const Options& options, const Result& result) {
        if (result.violations.empty()) return;
        ++violations_;
        for (const std::string& violation : result.violations)
            std::cout << "VIOLATION: " << violation << "\n";
        std::cout << "  " << describe(options) << "\n  replay: " << replay_command(options) << "\n"
                  << std::flush;
    }
    [[nodiscard]] std::uint64_t violations() const { return violations_; }

  private:
    std::uint64_t violations_ = 0;
};

int run(const Arguments& arguments) {
    Counters counters;
    Teller tell;
    const RunTold told = [&](const Options& options, const Result& result) { tell(options, result); };
    std::uint64_t runs = 0;
    if (arguments.replay) {
        Options options = arguments.exact.value_or(options_of(*arguments.replay));
        options.seed = *arguments.replay;
        options.trace = arguments.trace;
        const Result result = simulate(options, counters);
        tell(options, result);
        std::cout << describe(options) << "\nended as:" << result.ending << "\n"
                  << result.changes << " changes to disks and providers; digest " << std::hex << result.digest
                  << std::dec << "\n";
        return tell.violations() == 0 ? 0 : 1;
    }
    if (arguments.enumerate == "singles") runs = enumerate_singles(arguments.part, counters, told);
    if (arguments.enumerate == "pairs") runs = enumerate_pairs(arguments.part, counters, told);
    for (std::uint64_t seed = arguments.from; seed < arguments.from + arguments.seeds; ++seed) {
        if (seed % arguments.part.count != arguments.part.index) continue;
        const Options options = options_of(seed);
        tell(options, simulate(options, counters));
        ++runs;
    }
    if (arguments.figures) {
        std::cout << "FIGURES " << runs << " " << tell.violations() << " " << counters.line() << "\n";
    } else {
        std::cout << counters.table() << runs << " runs, " << tell.violations() << " violations\n";
    }
    return tell.violations() == 0 ? 0 : 1;
}

}  // namespace

int main(int count, char** values) {
    const std::vector<std::string> given(values + 1, values + count);
    // Adds the figures of several processes up: what scripts/simulate prints at the end. Where every fault is
    // to have met every state that it can meet, what is missing fails it.
    if (!given.empty() && given.front() == "--add-figures") {
        Counters sum;
        for (std::string line; std::getline(std::cin, line);) sum.add(Counters::from_line(line));
        const std::string missing = given.back() == "--all-met" ? sum.never_met() : "";
        std::cout << sum.table() << missing;
        return missing.empty() ? 0 : 1;
    }
    try {
        const Arguments arguments = parse(given);
        if (arguments.replay || arguments.seeds > 0 || !arguments.enumerate.empty()) return run(arguments);
        std::cerr << usage;
    } catch (const std::logic_error& error) {
        std::cerr << usage << "simulation: " << error.what() << "\n";
    }
    return 2;
}
