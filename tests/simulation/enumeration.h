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
/// Four resources, crashed in the drill and again in its recovery. Power cuts at every point that leaves
/// other bytes behind than the one before, kills at every change. A chain: each power cut followed by each
/// power cut and by each kill, each kill by each power cut, each torn power cut by each torn one. A fan, and
/// a destroy that half fails: each power cut by each power cut. Returns the number of runs.
std::uint64_t enumerate_pairs(Part part, Counters& counters, const RunTold& told);

}  // namespace rehearse::simulation
