// attempt(): the one way in which the drill calls an adapter, a store or a ledger: every outcome is a named
// case.
#pragma once

#include <string>
#include <utility>
#include <variant>

#include "orchestrator/base/failure.h"
#include "orchestrator/base/task.h"

namespace rehearse {

/// Stands for a result where there is nothing to return.
struct Nothing {};

template <class Value>
struct Done {
    Value value;
};
/// It failed and will not pass by itself, or tries ran out.
struct Failed {
    FailureFields why;
};
/// It was asked to stop before it was done.
struct Cancelled {
    FailureFields why;
};
/// An effect whose outcome was not seen: read back before anything else.
struct Unknown {
    FailureFields why;
};

template <class Value>
using Outcome = std::variant<Done<Value>, Failed, Cancelled, Unknown>;

/// Runs blocking `work` on a worker and sorts what it threw by the Failure's kind. Anything else that is
/// thrown counts as permanent.
template <class Work>
auto attempt(Workers& workers, Work work) -> Task<Outcome<
    std::conditional_t<std::is_void_v<std::invoke_result_t<Work&>>, Nothing, std::invoke_result_t<Work&>>>> {
    using Result = std::invoke_result_t<Work&>;
    using Value = std::conditional_t<std::is_void_v<Result>, Nothing, Result>;
    FailureFields why;
    try {
        if constexpr (std::is_void_v<Result>) {
            co_await on_worker(workers, std::move(work));
            co_return Outcome<Value>(Done<Value>{});
        } else {
            // Named first: g++ 12 destroys a temporary around co_await twice.
            Value value = co_await on_worker(workers, std::move(work));
            co_return Outcome<Value>(Done<Value>{std::move(value)});
        }
    } catch (const Failure& failure) {
        why = failure.fields();
    } catch (const std::exception& error) {
        why = {.kind = FailureKind::permanent, .message = error.what()};
    }
    if (why.kind == FailureKind::cancelled) co_return Outcome<Value>(Cancelled{std::move(why)});
    if (why.kind == FailureKind::unknown_outcome) co_return Outcome<Value>(Unknown{std::move(why)});
    co_return Outcome<Value>(Failed{std::move(why)});
}

/// Why it was not done; nullptr where it was.
template <class Value>
[[nodiscard]] const FailureFields* reason(const Outcome<Value>& outcome) {
    if (const auto* failed = std::get_if<Failed>(&outcome)) return &failed->why;
    if (const auto* cancelled = std::get_if<Cancelled>(&outcome)) return &cancelled->why;
    if (const auto* unknown = std::get_if<Unknown>(&outcome)) return &unknown->why;
    return nullptr;
}

[[nodiscard]] inline std::string text_of(const FailureFields& why) { return Failure(why).what(); }

}  // namespace rehearse
