// "Sometimes": which faults really struck in which state of a drill, over all runs. What was never hit was
// not tested.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>

#include "orchestrator/model/drill.h"
#include "tests/simulation/options.h"

namespace rehearse::simulation {

inline constexpr std::size_t drill_states = 18;

struct Counters {
    std::array<std::array<std::uint64_t, fault_kinds>, drill_states> struck{};
    std::array<std::array<std::uint64_t, 3>, drill_states> crashed{};  // by kind of loss
    std::array<std::uint64_t, 7> verdicts{};
    std::uint64_t runs = 0, drills = 0, reboots = 0, takeovers = 0, changes = 0, exempt = 0,
                  perturbations = 0;

    void strike(DrillState state, Fault fault) {
        ++struck[static_cast<std::size_t>(state)][static_cast<std::size_t>(fault)];
    }
    void add(const Counters& other);
    [[nodiscard]] std::string table() const;
    /// Each state and fault that can meet and never did, one a line.
    [[nodiscard]] std::string never_met() const;
    /// One line of numbers, for adding up the figures of several processes.
    [[nodiscard]] std::string line() const;
    static Counters from_line(const std::string& line);
};

}  // namespace rehearse::simulation
