// One simulated process of rehearse: the real engine and ledger, on simulated ports.
#pragma once

#include <memory>
#include <string>

#include "orchestrator/drill/world.h"
#include "tests/simulation/provider.h"
#include "tests/simulation/scheduler.h"
#include "tests/simulation/simulation.h"

namespace rehearse::simulation {

class Orchestrator final : public Provider,
                           public Clock,
                           public Sleeper,
                           public Workers,
                           public Observer,
                           public Alarm {
  public:
    Orchestrator(Simulation& simulation, Errand errand, std::int64_t process);
    ~Orchestrator() override;

    /// Opens everything and begins its errand.
    void start();
    /// As kill -9: no effect from now on, then everything of it is dropped.
    void die();
    void signal_stop() { stop_.request_stop(); }

    struct Waiting {
        Scheduler::TimerId id{};
    };
    void wait_for(SteadyTime instant, Waiting& waiting, std::unique_ptr<Ready> fire);
    // Clock, Sleeper, Workers
    [[nodiscard]] SteadyTime steady() const override;
    [[nodiscard]] WallTime wall() const override;
    [[nodiscard]] std::string boot() const override;
    [[nodiscard]] Task<void> until(SteadyTime instant) override;
    void post(std::function<void()> work) override;
    // Observer, Alarm
    void on_event(const DrillRecord& drill, const DrillEvent& event) override;
    void raise(const AlarmMessage& message, const std::optional<CommandSpec>& playbook_alarm) override;
    // Provider
    bool strikes(Fault fault) override;
    void struck(Fault fault) override;
    bool may_change(const std::string& what) override;
    void pass(Duration least, Duration most) override;
    [[nodiscard]] Duration now() const override;
    [[nodiscard]] const Clock& clock() const override { return *this; }
    void later(Resource& resource, Duration after, bool breaks, std::function<void()> change) override;
    Random& random() override;
    void changed(Resource& resource) override;
    void on_destroy(const Resource& resource, const DestroyRequest& request) override;
    void on_restore(Resource& resource, const RestoreRequest& request) override;
    void on_unreadable(const ResourceName& resource) override;

    Strand strand;
    const Errand errand;
    const LeaseOwner owner;
    bool finished = false, dead = false;
    std::string problem{};  // why its errand failed

  private:
    void open();
    [[nodiscard]] Task<void> main();

    Simulation& simulation_;
    std::vector<Scheduler::TimerId> late_{};  // deliveries under way
    std::stop_source stop_;
    std::unique_ptr<Ledger> ledger_;
    std::unique_ptr<SnapshotStore> store_;
    AdapterSet adapters_;
    std::unique_ptr<World> world_;
};

}  // namespace rehearse::simulation
