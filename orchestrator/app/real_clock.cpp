// Reading Linux's clocks.
#include "orchestrator/app/real_clock.h"

#include <time.h>

#include <boost/asio/steady_timer.hpp>

#include "orchestrator/base/file.h"

namespace rehearse {

namespace {

Duration read_clock(clockid_t clock) {
    timespec now{};
    ::clock_gettime(clock, &now);
    return std::chrono::seconds(now.tv_sec) + Duration(now.tv_nsec);
}

}  // namespace

SteadyTime RealClock::steady() const { return {read_clock(CLOCK_BOOTTIME)}; }
WallTime RealClock::wall() const { return {read_clock(CLOCK_REALTIME)}; }

std::string RealClock::boot() const {
    std::string id = read_file("/proc/sys/kernel/random/boot_id", 64);
    while (!id.empty() && id.back() == '\n') id.pop_back();
    return id;
}

Task<void> RealSleeper::until(SteadyTime instant) {
    boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor);
    // The timer's clock stands still while the machine is suspended: look again when it fires.
    while (clock_.steady() < instant) {
        timer.expires_after(instant - clock_.steady());
        co_await timer.async_wait(boost::asio::use_awaitable);
    }
}

}  // namespace rehearse
