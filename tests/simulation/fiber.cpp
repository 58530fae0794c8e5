// Switching stacks by Boost.Context; the sanitizer and the C++ runtime are told of each switch.
#include "tests/simulation/fiber.h"

#include <cxxabi.h>
#include <sys/mman.h>

#include <boost/context/detail/fcontext.hpp>
#include <cstdint>
#include <new>
#include <utility>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

namespace rehearse::simulation {

namespace context = boost::context::detail;

namespace {

/// What the C++ runtime keeps for each thread of exceptions being handled (Itanium C++ ABI, 2.2.2).
struct ExceptionState {
    void* caught = nullptr;
    unsigned int uncaught = 0;
};

ExceptionState& exception_state() { return *reinterpret_cast<ExceptionState*>(abi::__cxa_get_globals()); }

/// The last frames of a fiber never return: what they marked is no mark of the stack's next user.
void forget_marks([[maybe_unused]] char* stack) {
#if defined(__SANITIZE_ADDRESS__)
    __asan_unpoison_memory_region(stack, StackPool::stack_bytes);
#endif
}

}  // namespace

StackPool::~StackPool() {
    for (char* stack : free_) {
        forget_marks(stack);
        ::munmap(stack, stack_bytes);
    }
}

char* StackPool::take() {
    if (!free_.empty()) {
        char* stack = free_.back();
        free_.pop_back();
        forget_marks(stack);
        return stack;
    }
    void* made = ::mmap(nullptr, stack_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (made == MAP_FAILED) throw std::bad_alloc();
    return static_cast<char*>(made);
}

struct Fiber::State {
    context::fcontext_t inside = nullptr, outside = nullptr;
    ExceptionState exceptions{};
#if defined(__SANITIZE_ADDRESS__)
    const void* outside_stack = nullptr;
    std::size_t outside_bytes = 0;
    void* outside_fake = nullptr;
    void* inside_fake = nullptr;
#endif
};

struct FiberEntry {
    static void enter(context::transfer_t from) {
        Fiber& self = *static_cast<Fiber*>(from.data);
        self.state_->outside = from.fctx;
#if defined(__SANITIZE_ADDRESS__)
        __sanitizer_finish_switch_fiber(nullptr, &self.state_->outside_stack, &self.state_->outside_bytes);
#endif
        Fiber::run(self);
#if defined(__SANITIZE_ADDRESS__)
        __sanitizer_start_switch_fiber(nullptr, self.state_->outside_stack, self.state_->outside_bytes);
#endif
        context::jump_fcontext(self.state_->outside, nullptr);
    }
};

Fiber::Fiber(StackPool& stacks, std::function<void()> work)
    : stacks_(stacks), stack_(stacks.take()), work_(std::move(work)), state_(std::make_unique<State>()) {
    state_->inside =
        context::make_fcontext(stack_ + StackPool::stack_bytes, StackPool::stack_bytes, FiberEntry::enter);
}

Fiber::~Fiber() { stacks_.give_back(stack_); }

void Fiber::run(Fiber& self) {
    self.work_();
    self.work_ = nullptr;
    self.ended_ = true;
}

void Fiber::resume() {
    std::swap(exception_state(), state_->exceptions);
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_start_switch_fiber(&state_->outside_fake, stack_, StackPool::stack_bytes);
#endif
    const context::transfer_t back = context::jump_fcontext(state_->inside, this);
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_finish_switch_fiber(state_->outside_fake, nullptr, nullptr);
#endif
    state_->inside = back.fctx;
    std::swap(exception_state(), state_->exceptions);
}

void Fiber::suspend() {
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_start_switch_fiber(&state_->inside_fake, state_->outside_stack, state_->outside_bytes);
#endif
    const context::transfer_t back = context::jump_fcontext(state_->outside, nullptr);
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_finish_switch_fiber(state_->inside_fake, &state_->outside_stack, &state_->outside_bytes);
#endif
    state_->outside = back.fctx;
}

}  // namespace rehearse::simulation
