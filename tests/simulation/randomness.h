// OpenSSL's random bytes, seeded: ids and nonces are the same in each run of a seed.
#pragma once

#include "tests/simulation/random.h"

namespace rehearse::simulation {

/// While it lives, RAND_bytes draws from `random`. One at a time in a process.
class SeededOpenSsl {
  public:
    explicit SeededOpenSsl(Random& random);
    SeededOpenSsl(const SeededOpenSsl&) = delete;
    SeededOpenSsl& operator=(const SeededOpenSsl&) = delete;
    ~SeededOpenSsl();
};

}  // namespace rehearse::simulation
