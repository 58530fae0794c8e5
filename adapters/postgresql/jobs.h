// Jobs for several connections at once: a job may add others, and names the tables that it locks.
#pragma once

#include <condition_variable>
#include <exception>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "adapters/postgresql/connection.h"

namespace rehearse::postgresql {

using Connections = std::vector<std::unique_ptr<Connection>>;

/// Sessions for restoring, all alike. At least one. `usual_path`: as set_usual_path() wants it.
[[nodiscard]] Connections open_restoring(const ConnectionString& where, const std::string& operation,
                                         const std::string& usual_path, std::size_t count);

class Jobs {
  public:
    using Work = std::function<void(Connection&)>;
    /// No two jobs that lock the same table run at once: they would wait for each other, or worse.
    void add(Work work, std::set<std::string> locks = {});
    /// Runs all jobs, and those that they add, in the order in which they were added where their locks allow.
    /// Throws the first failure once every running job is back.
    void run(const Connections& connections);

  private:
    struct Job {
        Work work;
        std::set<std::string> locks;
    };
    void work(Connection& connection);
    [[nodiscard]] std::list<Job>::iterator next();

    std::mutex mutex_;
    std::condition_variable changed_;
    std::list<Job> waiting_;
    std::set<std::string> locked_;
    std::size_t running_ = 0;
    bool failed_ = false;
};

}  // namespace rehearse::postgresql
