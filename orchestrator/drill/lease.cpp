// Taking, renewing and giving back leases.
#include "orchestrator/drill/lease.h"

#include <boost/asio/experimental/awaitable_operators.hpp>

#include "orchestrator/drill/attempt.h"

namespace rehearse {

Task<void> keep_lease(World& world, Lease& lease, Signal& over, std::stop_source lost) {
    using namespace boost::asio::experimental::awaitable_operators;
    while (!over.happened()) {
        co_await (world.sleeper.until(world.clock.steady() + lease_renewal) || over.wait());
        if (over.happened()) co_return;
        auto renew = [&] { world.ledger.renew_lease(lease, lease_term); };
        const Outcome<Nothing> outcome = co_await attempt(world.workers, renew);
        const FailureFields* why = reason(outcome);
        if (why != nullptr && why->kind == FailureKind::refused) {
            lost.request_stop();
            co_return;
        }
    }
}

Task<void> with_lease(World& world, EnvironmentName environment, std::function<Task<void>(Lease&)> work) {
    auto acquire = [&] { return world.ledger.acquire_lease(environment, world.owner, lease_term); };
    Lease lease = co_await on_worker(world.workers, acquire);
    const auto executor = co_await boost::asio::this_coro::executor;
    Signal over(executor);
    TaskGroup group(executor);
    group.spawn(keep_lease(world, lease, over, std::stop_source{}));
    std::exception_ptr error;
    try {
        co_await work(lease);
    } catch (...) {
        error = std::current_exception();
    }
    over.happen();
    co_await group.join();
    auto release = [&] { world.ledger.release_lease(lease); };
    co_await on_worker(world.workers, release);
    if (error) std::rethrow_exception(error);
}

}  // namespace rehearse
