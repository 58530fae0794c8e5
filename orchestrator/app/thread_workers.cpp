// A small growing thread pool.
#include "orchestrator/app/thread_workers.h"

#include <signal.h>

#include <utility>

namespace rehearse {

ThreadWorkers::~ThreadWorkers() {
    {
        const std::lock_guard lock(mutex_);
        ending_ = true;
    }
    changed_.notify_all();
    for (std::thread& thread : threads_) thread.join();
}

void ThreadWorkers::post(std::function<void()> work) {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(work));
    if (idle_ >= waiting_.size()) {
        changed_.notify_one();
        return;
    }
    // Signals are the main thread's business.
    sigset_t all, before;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before);
    threads_.emplace_back([this] { serve(); });
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

void ThreadWorkers::serve() {
    std::unique_lock lock(mutex_);
    for (;;) {
        while (waiting_.empty() && !ending_) {
            ++idle_;
            changed_.wait(lock);
            --idle_;
        }
        if (waiting_.empty()) return;
        std::function<void()> work = std::move(waiting_.front());
        waiting_.pop_front();
        lock.unlock();
        work();
        work = nullptr;
        lock.lock();
    }
}

}  // namespace rehearse
