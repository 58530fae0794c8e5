// Clocks for tests: one that stands still until told, and the kernel's.
#pragma once

#include <time.h>

#include <string>
#include <utility>

#include "orchestrator/base/clock.h"

namespace rehearse::test {

/// Stands still; `advance` moves both clocks.
class ManualClock final : public Clock {
  public:
    explicit ManualClock(std::string boot = "test-boot", WallTime wall = {std::chrono::hours(24 * 365 * 56)})
        : boot_(std::move(boot)), wall_(wall) {}
    [[nodiscard]] SteadyTime steady() const override { return steady_; }
    [[nodiscard]] WallTime wall() const override { return wall_; }
    [[nodiscard]] std::string boot() const override { return boot_; }

    void advance(Duration by) {
        steady_ = steady_ + by;
        wall_ = wall_ + by;
    }
    void set_wall(WallTime wall) { wall_ = wall; }
    void reboot(std::string boot) {
        boot_ = std::move(boot);
        steady_ = {};
    }

  private:
    std::string boot_;
    SteadyTime steady_{std::chrono::hours(1)};
    WallTime wall_;
};

/// The kernel's clocks, for tests with real processes.
class KernelClock final : public Clock {
  public:
    /// `ahead`: how far the clocks run ahead of the kernel's, so that a test need not wait for a term to
    /// pass.
    explicit KernelClock(std::string boot, Duration ahead = {}) : boot_(std::move(boot)), ahead_(ahead) {}
    [[nodiscard]] SteadyTime steady() const override { return {read(CLOCK_BOOTTIME)}; }
    [[nodiscard]] WallTime wall() const override { return {read(CLOCK_REALTIME)}; }
    [[nodiscard]] std::string boot() const override { return boot_; }

  private:
    [[nodiscard]] Duration read(clockid_t clock) const {
        timespec now{};
        ::clock_gettime(clock, &now);
        return ahead_ + std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
    }
    std::string boot_;
    Duration ahead_;
};

}  // namespace rehearse::test
