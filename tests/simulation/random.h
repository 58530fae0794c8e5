// Seeded randomness of a simulation: the same seed gives the same run, on every machine.
#pragma once

#include <cstdint>

#include "orchestrator/base/clock.h"

namespace rehearse::simulation {

/// splitmix64. Cheap, and good enough to order events and draw faults.
class Random {
  public:
    explicit Random(std::uint64_t seed) : state_(seed) {}

    std::uint64_t next() {
        std::uint64_t z = (state_ += 0x9e3779b97f4a7c15ULL);
        z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9ULL;
        z = (z ^ (z >> 27U)) * 0x94d049bb133111ebULL;
        return z ^ (z >> 31U);
    }
    /// 0 to `end` - 1; 0 where `end` is 0.
    std::uint64_t below(std::uint64_t end) { return end == 0 ? 0 : next() % end; }
    /// True once in `times`, on average; never where `times` is 0.
    bool once_in(std::uint64_t times) { return times != 0 && below(times) == 0; }
    Duration between(Duration from, Duration to) {
        return from + Duration(static_cast<std::int64_t>(
                          below(static_cast<std::uint64_t>((to - from).count()) + 1)));
    }
    /// A generator of its own, so that more draws in one part don't change another part.
    Random branch() { return Random(next()); }

  private:
    std::uint64_t state_;
};

}  // namespace rehearse::simulation
