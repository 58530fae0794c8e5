// The real clock, sleeper and worker threads, for tests that measure against real servers.
#pragma once

#include <time.h>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>
#include <functional>
#include <string>
#include <utility>

#include "orchestrator/base/clock.h"
#include "orchestrator/base/sleeper.h"
#include "orchestrator/base/task.h"

namespace rehearse::test {

class RealClock : public Clock {
  public:
    [[nodiscard]] SteadyTime steady() const override { return {read(CLOCK_BOOTTIME)}; }
    [[nodiscard]] WallTime wall() const override { return {read(CLOCK_REALTIME)}; }
    [[nodiscard]] std::string boot() const override { return "this boot"; }

  private:
    [[nodiscard]] static Duration read(clockid_t which) {
        timespec time{};
        ::clock_gettime(which, &time);
        return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
    }
};

class RealSleeper : public Sleeper {
  public:
    explicit RealSleeper(const Clock& clock) : clock_(clock) {}
    [[nodiscard]] Task<void> until(SteadyTime instant) override {
        boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor);
        timer.expires_after(instant - clock_.steady());
        co_await timer.async_wait(boost::asio::use_awaitable);
    }

  private:
    const Clock& clock_;
};

class RealWorkers : public Workers {
  public:
    explicit RealWorkers(std::size_t threads) : pool_(threads) {}
    ~RealWorkers() override { pool_.join(); }
    void post(std::function<void()> work) override { boost::asio::post(pool_, std::move(work)); }

  private:
    boost::asio::thread_pool pool_;
};

}  // namespace rehearse::test
