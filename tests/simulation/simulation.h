// One seed's run: machine, disk, providers, and the processes that come and go.
#pragma once

#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "orchestrator/model/environment.h"
#include "orchestrator/model/playbook.h"
#include "tests/simulation/checks.h"
#include "tests/simulation/counters.h"
#include "tests/simulation/options.h"
#include "tests/simulation/scheduler.h"
#include "tests/simulation/vfs.h"

namespace rehearse::simulation {

class Orchestrator;

/// What a process was started for.
enum class Errand { enroll, drill, resume };

struct Result {
    std::vector<std::string> violations{};
    std::uint64_t changes = 0;                // to disks and providers, over all boots
    std::vector<std::uint64_t> changes_of{};  // of each boot: how many crash points there were
    /// Of each boot: the crash points that leave different bytes behind where all that was not synced is
    /// lost.
    std::vector<std::vector<std::uint64_t>> distinct_points{};
    std::uint64_t digest = 0;  // of all that happened: equal for equal options
    std::string ending{};      // verdicts, for a person
};

/// Runs it to its end. Violations are in the result; nothing is thrown for one.
[[nodiscard]] Result simulate(const Options& options, Counters& counters);

class Simulation {
  public:
    Simulation(const Options& options, Counters& counters);
    Simulation(const Simulation&) = delete;
    Simulation& operator=(const Simulation&) = delete;
    ~Simulation();
    [[nodiscard]] Result run();

    // For the processes.
    [[nodiscard]] bool strikes(Fault fault);
    void struck(Fault fault);
    [[nodiscard]] bool may_change(const std::string& what);
    [[nodiscard]] SteadyTime steady() const;
    /// How long that takes by the truth, where the steady clock goes on as it does now.
    [[nodiscard]] Duration truly(Duration steady) const;
    [[nodiscard]] WallTime wall() const;
    [[nodiscard]] std::string boot() const { return "boot-" + std::to_string(boots_); }
    void changed(bool foreign = false);
    [[nodiscard]] Orchestrator* process_of(const LeaseOwner& owner);
    [[nodiscard]] Orchestrator* process_of(const void* strand);
    Scheduler::TimerId deliver_late(Resource& resource, Duration after, bool breaks,
                                    std::function<void()> change);
    /// Its caller died: it is delivered now or never.
    void decide_late(Scheduler::TimerId delivery);
    void kill(Orchestrator& process);
    [[nodiscard]] CommandResult run_command(const CommandRequest& request);
    void note(const std::string& what);
    /// What an orchestrator says of a drill that it ended.
    void ended(const DrillRecord& record);

    const Options options;
    Random random;
    Scheduler scheduler;
    Disk disk;
    Vfs vfs;
    Repository repository;
    std::map<ResourceName, Resource> resources;
    Environment environment;
    Playbook playbook;
    Counters& counters;
    Checks checks;
    std::optional<std::string> halted;

  private:
    void make_shape();
    void start(Errand errand);
    void start_later(Errand errand, Duration after);
    void schedule_troubles();
    void enter_state();
    void crash();
    void reap();
    void reopen_and_check(bool at_end, bool lasting);
    [[nodiscard]] DiskFault disk_fault(const char* operation, const std::string& file);
    [[nodiscard]] Orchestrator* anybody();

    /// The state that the newest drill is in, and what waits for the drill to enter the seed's.
    DrillState state_ = DrillState::planned;
    std::vector<std::function<void()>> in_state_;
    std::optional<std::uint64_t> crashes_from_;     // the first crash is counted from this change on
    std::map<Scheduler::TimerId, Resource*> late_;  // what breaks, on its way
    std::string endings_;
    Random draws_;
    std::list<std::unique_ptr<Orchestrator>> processes_;
    std::vector<std::uint64_t> changes_of_{0};
    std::vector<std::vector<std::uint64_t>> distinct_points_{{}};
    bool durable_change_ = true;  // the newest change is not only in memory
    std::size_t next_crash_ = 0;
    std::optional<Loss> crashing_;
    Strand* crashing_strand_ = nullptr;
    Duration steady_since_{};  // since when the steady clock runs as it does
    SteadyTime steady_then_{std::chrono::hours(1)};
    std::int64_t steady_drift_permille_ = 0;
    Duration wall_step_{};
    std::int64_t wall_drift_permille_ = 0;
    int boots_ = 1, pids_ = 100, resumes_ = 0;
    int starting_ = 0;
    Duration full_until_{};
    bool quiet_ = true;  // setting up or looking: nothing goes wrong
    bool healed_ = false;
    std::uint64_t digest_ = 1469598103934665603ULL;
};

}  // namespace rehearse::simulation
