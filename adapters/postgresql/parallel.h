// A few threads over a list of jobs: the first failure stops the handing out, and is thrown once all are
// back.
#pragma once

#include <cstddef>
#include <functional>

namespace rehearse::postgresql {

/// How many connections read or write rows at once: one per core, at least 2, at most 4.
[[nodiscard]] std::size_t worker_count();

/// Runs `work(worker)` on `workers` threads and waits for all. Rethrows the first failure.
void run_workers(std::size_t workers, const std::function<void(std::size_t worker)>& work);

}  // namespace rehearse::postgresql
