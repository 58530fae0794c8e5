// Threads of an adapter's verb: they end before the verb does.
#include "adapters/postgresql/parallel.h"

#include <algorithm>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace rehearse::postgresql {

std::size_t worker_count() { return std::clamp<std::size_t>(std::thread::hardware_concurrency(), 2, 4); }

void run_workers(std::size_t workers, const std::function<void(std::size_t)>& work) {
    std::mutex mutex;
    std::exception_ptr first;
    {
        std::vector<std::jthread> threads;
        for (std::size_t worker = 0; worker < workers; ++worker) {
            threads.emplace_back([&, worker] {
                try {
                    work(worker);
                } catch (...) {
                    const std::lock_guard lock(mutex);
                    if (!first) first = std::current_exception();
                }
            });
        }
    }
    if (first) std::rethrow_exception(first);
}

}  // namespace rehearse::postgresql
