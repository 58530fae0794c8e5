// A piece of blocking work that can be held up in the middle: its own stack, run on the simulation's one
// thread.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

namespace rehearse::simulation {

/// Stacks that are used again: making one costs more than most pieces of work.
class StackPool {
  public:
    static constexpr std::size_t stack_bytes = 1U << 19U;
    StackPool() = default;
    StackPool(const StackPool&) = delete;
    StackPool& operator=(const StackPool&) = delete;
    ~StackPool();
    [[nodiscard]] char* take();
    void give_back(char* stack) { free_.push_back(stack); }

  private:
    std::vector<char*> free_;
};

/// Blocking code that may be suspended anywhere below it. It must run to its end before it goes.
class Fiber {
  public:
    Fiber(StackPool& stacks, std::function<void()> work);
    Fiber(const Fiber&) = delete;
    Fiber& operator=(const Fiber&) = delete;
    ~Fiber();

    /// Runs it until it suspends or ends. Called from outside of it.
    void resume();
    /// Leaves it, to where resume() was called. Called from inside.
    void suspend();
    [[nodiscard]] bool ended() const noexcept { return ended_; }

  private:
    struct State;
    static void run(Fiber& self);

    StackPool& stacks_;
    char* stack_;
    std::function<void()> work_;
    std::unique_ptr<State> state_;
    bool ended_ = false;

    friend struct FiberEntry;
};

}  // namespace rehearse::simulation
