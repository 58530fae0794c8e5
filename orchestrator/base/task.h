// Coroutines: the task type, and the one helper that takes blocking work to a worker thread.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace rehearse {

template <class T>
using Task = boost::asio::awaitable<T>;

/// Where blocking work runs (libgit2, SQLite, libpq, files). The simulation runs it in place, at a chosen
/// virtual time.
class Workers {
  public:
    virtual ~Workers() = default;
    virtual void post(std::function<void()> work) = 0;
};

/// Runs `work()` on a worker and resumes the caller on its own executor with the result, or with what it
/// threw. `work` is moved to the worker; what it refers to must outlive it, which holds where the caller
/// awaits at once. A started piece of work is never abandoned: cancellation does not interrupt the wait.
template <class Work>
Task<std::invoke_result_t<Work&>> on_worker(Workers& workers, Work work) {
    using Result = std::invoke_result_t<Work&>;
    using Stored = std::conditional_t<std::is_void_v<Result>, bool, std::optional<Result>>;
    struct State {
        Work work;
        std::exception_ptr error{};
        Stored value{};
    };
    auto state = std::make_shared<State>(State{std::move(work)});
    auto executor = co_await boost::asio::this_coro::executor;
    auto initiate = [&workers, state, executor](auto handler) {
        auto shared = std::make_shared<decltype(handler)>(std::move(handler));
        workers.post(
            [state, executor, shared,
             guard = boost::asio::prefer(executor, boost::asio::execution::outstanding_work.tracked)] {
                try {
                    if constexpr (std::is_void_v<Result>) {
                        state->work();
                    } else {
                        state->value.emplace(state->work());
                    }
                } catch (...) {
                    state->error = std::current_exception();
                }
                boost::asio::post(executor, [shared] { (*shared)(); });
            });
    };
    co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>&, void()>(
        initiate, boost::asio::use_awaitable);
    if (state->error) std::rethrow_exception(state->error);
    if constexpr (!std::is_void_v<Result>) co_return std::move(*state->value);
}

}  // namespace rehearse
