// Each thread takes the first job whose tables are free; it leaves when nothing waits and nothing runs.
#include "adapters/postgresql/jobs.h"

#include <algorithm>

#include "adapters/postgresql/parallel.h"
#include "adapters/postgresql/session.h"

namespace rehearse::postgresql {

Connections open_restoring(const ConnectionString& where, const std::string& operation,
                           const std::string& usual_path, std::size_t count) {
    Connections connections;
    for (std::size_t at = 0; at < std::max<std::size_t>(count, 1); ++at) {
        connections.push_back(
            std::make_unique<Connection>(where, Connection::Options{.operation = operation}));
        fix_restoring_session(*connections.back());
        set_usual_path(*connections.back(), usual_path);
    }
    return connections;
}

void Jobs::add(Work work, std::set<std::string> locks) {
    const std::lock_guard lock(mutex_);
    waiting_.push_back({std::move(work), std::move(locks)});
    changed_.notify_one();
}

void Jobs::run(const Connections& connections) {
    failed_ = false;
    run_workers(connections.size(), [&](std::size_t worker) { work(*connections[worker]); });
}

std::list<Jobs::Job>::iterator Jobs::next() {
    return std::find_if(waiting_.begin(), waiting_.end(), [this](const Job& job) {
        return std::none_of(job.locks.begin(), job.locks.end(),
                            [this](const std::string& table) { return locked_.contains(table); });
    });
}

void Jobs::work(Connection& connection) {
    std::unique_lock lock(mutex_);
    for (;;) {
        changed_.wait(lock, [this] {
            return failed_ || next() != waiting_.end() || (waiting_.empty() && running_ == 0);
        });
        const auto found = next();
        if (failed_ || found == waiting_.end()) {
            changed_.notify_all();
            return;
        }
        const Job job = std::move(*found);
        waiting_.erase(found);
        locked_.insert(job.locks.begin(), job.locks.end());
        ++running_;
        lock.unlock();
        std::exception_ptr problem;
        try {
            job.work(connection);
        } catch (...) {
            problem = std::current_exception();
        }
        lock.lock();
        --running_;
        for (const std::string& table : job.locks) locked_.erase(table);
        if (problem) failed_ = true;
        changed_.notify_all();
        if (problem) std::rethrow_exception(problem);
    }
}

}  // namespace rehearse::postgresql
