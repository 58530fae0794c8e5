// The real clock and sleeper. Built in main.cpp alone.
#pragma once

#include "orchestrator/base/clock.h"
#include "orchestrator/base/sleeper.h"

namespace rehearse {

/// CLOCK_BOOTTIME (goes on while the machine is suspended) and CLOCK_REALTIME.
class RealClock : public Clock {
  public:
    [[nodiscard]] SteadyTime steady() const override;
    [[nodiscard]] WallTime wall() const override;
    [[nodiscard]] std::string boot() const override;
};

class RealSleeper : public Sleeper {
  public:
    explicit RealSleeper(const Clock& clock) : clock_(clock) {}
    [[nodiscard]] Task<void> until(SteadyTime instant) override;

  private:
    const Clock& clock_;
};

}  // namespace rehearse
