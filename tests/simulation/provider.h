// The providers' side: resources that outlive every orchestrator, what was done to them, and what is true of
// them.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "orchestrator/ports/adapter.h"
#include "tests/simulation/options.h"
#include "tests/simulation/scheduler.h"

namespace rehearse::simulation {

/// One live resource.
struct Resource {
    ResourceName name{};
    std::vector<ResourceName> needs{};
    std::map<std::string, std::string> items{};
    bool there = true;
    std::string system{};
    std::optional<std::string> marker{};

    // What the checks know, and no orchestrator:
    std::map<std::string, std::string> stale_items{};  // before the last change
    bool stale_there = true;
    Duration changed_at{};
    Duration foreign_change_at{-1};  // by a neighbour, or by a delivery that came late
    Duration engine_change_at{-1};   // by an orchestrator
    Duration capture_began_at{-1};   // of the newest capture that ended well
    int late = 0;                    // destroys on their way
    Duration refused_until{}, throttled_until{};
    bool destroy_called = false;
    bool gone = false;  // every item that the plan destroys was absent at some instant since
};

/// What an adapter's calls go through: chance, time, crashes and checks. Made by the run.
class Provider {
  public:
    virtual ~Provider() = default;
    /// Draws a fault; counted where it strikes.
    virtual bool strikes(Fault fault) = 0;
    /// One that goes on for a while struck again.
    virtual void struck(Fault fault) = 0;
    /// Lets time pass; then one change is about to be made: the process may die right here. False where it
    /// is dead and the change must not be made.
    virtual bool may_change(const std::string& what) = 0;
    virtual void pass(Duration least, Duration most) = 0;
    [[nodiscard]] virtual Duration now() const = 0;
    [[nodiscard]] virtual const Clock& clock() const = 0;
    /// A change that comes after its caller gave up waiting; where the caller dies before, then or never.
    /// `breaks`: it may undo what was proved since.
    virtual void later(Resource& resource, Duration after, bool breaks, std::function<void()> change) = 0;
    virtual Random& random() = 0;
    virtual void changed(Resource& resource) = 0;
    // The checks: each call is told before it has an effect, and when it ended.
    virtual void on_destroy(const Resource& resource, const DestroyRequest& request) = 0;
    virtual void on_restore(Resource& resource, const RestoreRequest& request) = 0;
    /// Its tree in a snapshot could not be read.
    virtual void on_unreadable(const ResourceName& resource) = 0;
};

[[nodiscard]] std::unique_ptr<Adapter> make_adapter(Resource& resource, Provider& provider);

}  // namespace rehearse::simulation
