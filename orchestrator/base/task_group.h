// Coroutines that belong to somebody: a group is joined before its owner ends, and a signal wakes those who
// wait for it.
#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/channel.hpp>
#include <boost/asio/redirect_error.hpp>
#include <exception>
#include <memory>
#include <utility>

#include "orchestrator/base/task.h"

namespace rehearse {

/// Wakes whoever waits at that moment, again and again. Needs an executor alone, no timers of a real clock.
/// One thread only.
class Wake {
  public:
    explicit Wake(const boost::asio::any_io_executor& executor) : channel_(executor) {}
    void all() { channel_.cancel(); }
    /// Waits for the next all(). Cancelling the waiting task wakes it, too.
    [[nodiscard]] Task<void> wait() {
        boost::system::error_code ignored;
        co_await channel_.async_receive(boost::asio::redirect_error(boost::asio::use_awaitable, ignored));
    }

  private:
    // Nothing is ever sent: a wait ends because it is cancelled.
    boost::asio::experimental::channel<void(boost::system::error_code)> channel_;
};

/// Something that happens once. Waiting after it happened returns at once. One thread only.
class Signal {
  public:
    explicit Signal(const boost::asio::any_io_executor& executor) : wake_(executor) {}

    [[nodiscard]] bool happened() const noexcept { return happened_; }
    void happen() {
        happened_ = true;
        wake_.all();
    }
    /// Makes it wait-able again, for a loop that is woken more than once.
    void reset() noexcept { happened_ = false; }
    [[nodiscard]] Task<void> wait() {
        while (!happened_) co_await wake_.wait();
    }

  private:
    Wake wake_;
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
        while (state->running > 0) co_await state->changed.wait();
        if (state->error) std::rethrow_exception(std::exchange(state->error, nullptr));
    }

  private:
    struct State {
        explicit State(boost::asio::any_io_executor e) : executor(std::move(e)), changed(executor) {}
        boost::asio::any_io_executor executor;
        Wake changed;
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
        state->changed.all();
    }

    std::shared_ptr<State> state_;
};

}  // namespace rehearse
