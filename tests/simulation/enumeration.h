// Every crash point, not a sample: single ones in all shapes, pairs with four resources.
#pragma once

#include <functional>
#include <vector>

#include "tests/simulation/simulation.h"

namespace rehearse::simulation {

/// Told of each run; false ends the enumeration.
using RunTold = std::function<void(const Options& options, const Result& result)>;

/// One part of several: runs whose number leaves `index` when divided by `count`.
struct Part {
    std::uint64_t index = 0, count = 1;
};

/// Each shape (each hook that fails, a rollback with and without residue), each change to a disk or a
/// provider, each kind of loss. Returns the number of runs.
std::uint64_t enumerate_singles(Part part, Counters& counters, const RunTold& told);
/// A chain of four, crashed in the drill and again in its recovery. Power cuts (all that was not synced is
/// lost) at every point that leaves other bytes behind than the one before, kills at every change: every
/// power cut followed by every power cut, every power cut by every kill, every kill by every power cut.
/// Returns the number of runs.
std::uint64_t enumerate_pairs(Part part, Counters& counters, const RunTold& told);

}  // namespace rehearse::simulation
