// Coroutines that belong to somebody: a group is joined before its owner ends, and a signal wakes those who
// wait for it.
#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <exception>
#include <memory>
#include <utility>

#include "orchestrator/base/task.h"

namespace rehearse {

/// Something that happens once. Waiting after it happened returns at once. One thread only.
class Signal {
  public:
    explicit Signal(const boost::asio::any_io_executor& executor)
        : timer_(executor, boost::asio::steady_timer::time_point::max()) {}

    [[nodiscard]] bool happened() const noexcept { return happened_; }
    void happen() {
        happened_ = true;
        timer_.cancel();
    }
    /// Makes it wait-able again, for a loop that is woken more than once.
    void reset() noexcept { happened_ = false; }
    [[nodiscard]] Task<void> wait() {
        while (!happened_) {
            boost::system::error_code ignored;
            co_await timer_.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, ignored));
        }
    }

  private:
    boost::asio::steady_timer timer_;  // used as an event: it never expires, it is only cancelled
    bool happened_ = false;
};

/// The only place that spawns coroutines. The first exception of a member is rethrown by join(). One thread
/// only.
class TaskGroup {
  public:
    explicit TaskGroup(boost::asio::any_io_executor executor)
        : state_(std::make_shared<State>(std::move(executor))) {}
    TaskGroup(const TaskGroup&) = delete;
    TaskGroup& operator=(const TaskGroup&) = delete;

    void spawn(Task<void> task) {
        ++state_->running;
        boost::asio::co_spawn(state_->executor, run(std::move(task), state_), boost::asio::detached);
    }

    [[nodiscard]] Task<void> join() {
        auto state = state_;
        while (state->running > 0) {
            boost::system::error_code ignored;
            co_await state->changed.async_wait(
                boost::asio::redirect_error(boost::asio::use_awaitable, ignored));
        }
        if (state->error) std::rethrow_exception(std::exchange(state->error, nullptr));
    }

  private:
    struct State {
        explicit State(boost::asio::any_io_executor e)
            : executor(std::move(e)), changed(executor, boost::asio::steady_timer::time_point::max()) {}
        boost::asio::any_io_executor executor;
        boost::asio::steady_timer changed;
        std::size_t running = 0;
        std::exception_ptr error;
    };

    static Task<void> run(Task<void> task, std::shared_ptr<State> state) {
        try {
            co_await std::move(task);
        } catch (...) {
            if (!state->error) state->error = std::current_exception();
        }
        --state->running;
        state->changed.cancel();
    }

    std::shared_ptr<State> state_;
};

}  // namespace rehearse
