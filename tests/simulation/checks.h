// The invariants: what must be true after every event, whatever goes wrong. None is ever loosened to get a
// run through.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "orchestrator/model/plan.h"
#include "orchestrator/ports/adapter.h"
#include "orchestrator/ports/ledger.h"
#include "orchestrator/ports/surroundings.h"
#include "tests/simulation/counters.h"
#include "tests/simulation/provider.h"
#include "tests/simulation/store.h"

namespace rehearse::simulation {

/// Of the simulated workspace.
inline constexpr std::string_view marker_key = "0123456789abcdef0123456789abcdef";

/// One drill as the ledger acknowledged it.
struct Acknowledged {
    DrillRecord record{};
    Plan plan{};
    DrillState state = DrillState::planned;
    std::vector<DrillEvent> events{};
    std::set<DrillState> states{};
    std::optional<Verdict> verdict{};
    bool quarantined = false;
    bool resumed = false;
    int destroy_calls = 0;
    std::optional<SteadyTime> first_effect{};  // of a destroy
    std::optional<SteadyTime> up_since{};      // when it ended, or before the verifier was checked
};

class Checks {
  public:
    Checks(const Options& options, std::map<ResourceName, Resource>& resources, const Repository& repository,
           Counters& counters)
        : options_(options), resources_(resources), repository_(repository), counters_(counters) {}

    // Told by the ledger, after a call came back well.
    void on_lease(const Lease& lease, SteadyTime until);
    void on_renewal(const Lease& lease, SteadyTime until) { lease_until_[lease.epoch] = until; }
    void on_begin(const DrillRecord& record, const std::vector<DrillRecord>& open);
    [[nodiscard]] bool knows(const DrillId& drill) const { return drills_.contains(drill); }
    /// What the journal holds before a write, where that is more than was acknowledged.
    void on_read_back(const DrillId& drill, std::vector<DrillEvent> events);
    [[nodiscard]] std::size_t events_of(const DrillId& drill) const {
        return drills_.at(drill).events.size();
    }
    void on_append(const Lease& lease, const DrillId& drill, const JournalBatch& batch, std::uint64_t last);
    void on_command(const std::string& drill, const std::string& step);
    /// One orchestrator ends another one.
    void on_takeover(SteadyTime now);
    // Told by the providers, before an effect.
    void on_destroy(const Resource& resource, const DestroyRequest& request);
    void on_restore(Resource& resource, const RestoreRequest& request);
    /// A restore that ends before it begins: the store does not give what is to be restored.
    void on_unreadable(const ResourceName& resource) { tried_in_[resource] = epoch_; }
    /// Something about the resources changed; `foreign`: by somebody who is no orchestrator.
    void on_change(SteadyTime now, bool foreign);
    void on_alarm(const AlarmMessage& message) { alarms_.insert(message.drill); }
    void on_alarm_failure(const AlarmMessage& message) { failed_alarms_.insert(message.drill); }

    /// After a reboot or at the end: the ledger that is there holds everything that was acknowledged.
    /// `lasting`: a power cut would leave it as it is.
    void check_ledger(const Ledger& ledger, bool lasting);
    /// After the last event: every drill's end is true.
    void check_end(const Ledger& ledger);
    void violate(const std::string& what) { violations_.push_back(what); }
    [[nodiscard]] const std::vector<std::string>& violations() const noexcept { return violations_; }
    [[nodiscard]] DrillState state() const;

  private:
    void require(bool holds, const std::string& what) {
        if (!holds) violate(what);
    }
    void require_new(const std::vector<DrillEvent>& events, const DrillEvent& event);
    [[nodiscard]] Acknowledged* drill_of(const std::string& key, const std::string& stage);
    void check_perturbation(Acknowledged& drill, const Resource& resource, const PlanStep& step,
                            const DestroyRequest& request);
    void check_proof(const Acknowledged& drill, const Resource& resource, const std::string& what);
    void check_verdict(const Ledger& ledger, const Acknowledged& drill);
    [[nodiscard]] bool is_whole(const Acknowledged& drill, const Resource& resource) const;
    [[nodiscard]] bool is_superseded(const Acknowledged& drill) const;
    void check_equality(const Acknowledged& drill);
    void check_expected(const Acknowledged& drill);
    void check_marker(const Resource& resource, Epoch epoch, const std::string& what);
    void check_times(const Acknowledged& drill);

    const Options& options_;
    std::map<ResourceName, Resource>& resources_;
    const Repository& repository_;
    Counters& counters_;
    std::map<DrillId, Acknowledged> drills_;
    std::vector<DrillId> order_;
    Epoch epoch_ = 0;
    std::map<Epoch, SteadyTime> lease_until_;
    std::map<ResourceName, Epoch> tried_in_;
    std::set<std::string> destroyed_keys_, commands_;
    std::set<DrillId> alarms_, failed_alarms_;
    bool up_ = true;
    SteadyTime up_since_{};
    std::vector<std::string> violations_;
};

}  // namespace rehearse::simulation
