// Worker threads for blocking work: as many as there is work at one time, made on demand, kept.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "orchestrator/base/task.h"

namespace rehearse {

/// A hung provider or probe must not keep others from running: a new thread is made whenever none is idle.
class ThreadWorkers : public Workers {
  public:
    ThreadWorkers() = default;
    ~ThreadWorkers() override;
    void post(std::function<void()> work) override;

  private:
    void serve();

    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<std::function<void()>> waiting_;
    std::size_t idle_ = 0;
    bool ending_ = false;
    std::vector<std::thread> threads_;
};

}  // namespace rehearse
