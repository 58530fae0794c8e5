// Virtual time and the order of everything: one thread, ready work drawn by the seed, one ordered set of
// timers.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/execution_context.hpp>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "orchestrator/base/clock.h"
#include "tests/simulation/fiber.h"
#include "tests/simulation/random.h"

namespace rehearse::simulation {

class Strand;

/// Something to be run once; dropped without being run where its process dies.
struct Ready {
    virtual ~Ready() = default;
    virtual void run() = 0;
};

class Scheduler {
  public:
    explicit Scheduler(Random random) : random_(random) {}

    /// Virtual nanoseconds since the simulation began; the truth that clocks are read against.
    [[nodiscard]] Duration now() const noexcept { return now_; }
    /// Runs one thing: ready work, drawn by the seed, or the next timer. False where nothing is left.
    bool step();

    using TimerId = std::pair<Duration, std::uint64_t>;
    TimerId at(Duration instant, Strand* strand, std::unique_ptr<Ready> work);
    TimerId at(Duration instant, Strand* strand, std::function<void()> work);
    /// What waited there; none where it has run.
    std::unique_ptr<Ready> cancel(TimerId id);
    void ready(Strand* strand, std::unique_ptr<Ready> work);

    /// Inside a fiber: lets virtual time pass. Elsewhere, and in a dead process, it returns at once.
    void pass(Duration time);
    /// Runs blocking work on a fiber, from `instant` on.
    void job(Duration instant, Strand* strand, std::function<void()> work);

    /// The process whose code runs now; none: the world's own.
    [[nodiscard]] Strand* running() const noexcept { return running_; }
    [[nodiscard]] bool in_fiber() const noexcept { return fiber_ != nullptr; }
    /// Ends everything of a process whose effects are frozen already: fibers run out, the rest is dropped.
    void drop(Strand& strand);
    [[nodiscard]] std::uint64_t steps() const noexcept { return steps_; }

  private:
    struct Entry {
        Strand* strand;
        std::unique_ptr<Ready> work;
    };
    struct Job {
        Strand* strand;
        std::unique_ptr<Fiber> fiber;
    };
    void run_job(std::list<Job>::iterator job);
    void run(Strand* strand, Ready& work);

    Random random_;
    Duration now_{};
    std::uint64_t numbers_ = 0, steps_ = 0;
    StackPool stacks_;
    std::vector<Entry> ready_;
    std::map<TimerId, Entry> timers_;
    std::list<Job> jobs_;
    Strand* running_ = nullptr;
    Fiber* fiber_ = nullptr;
    std::list<Job>::iterator current_job_{};
};

/// One process's place in the scheduler: what asio calls an execution context.
class Strand final : public boost::asio::execution_context {
  public:
    explicit Strand(Scheduler& scheduler) : scheduler_(scheduler) {}
    ~Strand() { close(); }

    class Executor {
      public:
        using blocking_t = boost::asio::execution::blocking_t;
        explicit Executor(Strand& strand, bool at_once = true) : strand_(&strand), at_once_(at_once) {}
        [[nodiscard]] Strand& query(boost::asio::execution::context_t) const noexcept { return *strand_; }
        [[nodiscard]] blocking_t query(blocking_t) const noexcept {
            return at_once_ ? blocking_t(blocking_t::possibly) : blocking_t(blocking_t::never);
        }
        [[nodiscard]] Executor require(blocking_t::possibly_t) const { return Executor(*strand_, true); }
        [[nodiscard]] Executor require(blocking_t::never_t) const { return Executor(*strand_, false); }
        /// What is dispatched on the loop's own thread runs at once, as on an io_context; all else is drawn.
        template <class Function>
        void execute(Function function) const {
            Scheduler& scheduler = strand_->scheduler_;
            if (at_once_ && scheduler.running() == strand_ && !scheduler.in_fiber() && !strand_->frozen) {
                std::move(function)();
                return;
            }
            struct Once final : Ready {
                explicit Once(Function&& f) : function(std::move(f)) {}
                void run() override { std::move(function)(); }
                Function function;
            };
            scheduler.ready(strand_, std::make_unique<Once>(std::move(function)));
        }
        bool operator==(const Executor&) const noexcept = default;

      private:
        Strand* strand_;
        bool at_once_;
    };
    [[nodiscard]] Executor executor() { return Executor(*this); }

    /// Drops what waits in asio's own services.
    void close() {
        if (!closed_) shutdown();
        closed_ = true;
    }

    bool frozen = false;  // nothing that it does has an effect any more: as after kill -9
    bool paused = false;  // as after SIGSTOP

  private:
    Scheduler& scheduler_;
    bool closed_ = false;
};

}  // namespace rehearse::simulation
