// Keeping an environment's lease, by a clock that jumps.
#include "orchestrator/drill/lease.h"

#include <doctest/doctest.h>

#include "tests/drill/stage.h"
#include "tests/support/test_clock.h"

using namespace rehearse;
using namespace rehearse::test;

namespace {

/// Time passes only here; `on_wake` is told each time.
class JumpingSleeper final : public Sleeper {
  public:
    JumpingSleeper(ManualClock& clock, std::function<void()> on_wake)
        : clock_(clock), on_wake_(std::move(on_wake)) {}
    Task<void> until(SteadyTime instant) override {
        clock_.advance(instant - clock_.steady());
        on_wake_();
        co_return;
    }

  private:
    ManualClock& clock_;
    std::function<void()> on_wake_;
};

/// An orchestrator that keeps the lease of shop-staging until it woke `times` times.
struct Keeper {
    explicit Keeper(int wakes) : left(wakes) {}

    void keep() {
        World world{.clock = clock,
                    .sleeper = sleeper,
                    .workers = stage.workers,
                    .ledger = *ledger,
                    .store = *stage.store,
                    .observer = stage.observer,
                    .alarm = stage.alarm,
                    .adapters = stage.adapters,
                    .marker_key = Secret("unused"),
                    .owner = this_process()};
        stage.run([&]() -> Task<void> {
            Signal signal(co_await boost::asio::this_coro::executor);
            over = &signal;
            co_await keep_lease(world, lease, signal, lost);
        });
    }

    Stage stage;
    ManualClock clock;
    std::unique_ptr<Ledger> ledger = open_sqlite_ledger(stage.folder.path() / "leases.sqlite", clock, true);
    Lease lease = ledger->acquire_lease(stage.environment.name, this_process(), lease_term);
    std::stop_source lost;
    std::function<void()> on_wake = [] {};
    Signal* over = nullptr;
    int left;
    JumpingSleeper sleeper{clock, [this] {
                               on_wake();
                               if (--left == 0) over->happen();
                           }};
};

}  // namespace

TEST_SUITE("drill: lease") {
    TEST_CASE("a lease is renewed before it ends, for as long as a drill takes") {
        Keeper keeper(20);
        const WallTime began = keeper.clock.wall();
        keeper.on_wake = [&] { CHECK(keeper.clock.wall() < keeper.lease.expires); };
        keeper.keep();
        CHECK(keeper.left == 0);
        CHECK(keeper.clock.wall() > began + 5 * lease_term);
        CHECK_FALSE(keeper.lost.stop_requested());
    }

    TEST_CASE("whoever lost the lease is told at the next renewal, and renews no more") {
        Keeper keeper(20);
        keeper.on_wake = [&] {
            if (keeper.left != 10) return;
            keeper.ledger->release_lease(keeper.lease);
            (void)keeper.ledger->acquire_lease(keeper.lease.environment, this_process(), lease_term);
        };
        keeper.keep();
        CHECK(keeper.lost.stop_requested());
        CHECK(keeper.left == 9);
    }
}
