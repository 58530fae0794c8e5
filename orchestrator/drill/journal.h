// The journal of one drill: what is about to be done is committed before it is done.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "orchestrator/base/task_group.h"
#include "orchestrator/drill/world.h"
#include "orchestrator/model/drill.h"

namespace rehearse {

/// Writes a drill's events through the ledger and keeps them in memory. One thread. Every write checks the
/// lease's epoch: a stale orchestrator gets Failure{refused} and must change nothing more.
class Journal {
  public:
    Journal(World& world, Lease& lease, DrillRecord& record, std::vector<DrillEvent> earlier = {});

    /// Stamps an event with the clocks. It goes to disk with the next write().
    void add(EventKind kind, json::object body);
    /// Commits everything added so far, in one durable commit. What could not be committed goes with the next
    /// one. Fails: refused (stale epoch), permanent (disk), unknown_outcome: read back before the next
    /// commit.
    [[nodiscard]] Task<void> write();
    /// Enters a state: its event and the row's state in the same commit, with what was added before.
    [[nodiscard]] Task<void> enter(DrillState state);
    /// The same with the final verdict, result and quarantine.
    [[nodiscard]] Task<void> finish(Verdict verdict, json::object result,
                                    std::optional<Quarantine> quarantine);

    [[nodiscard]] const std::vector<DrillEvent>& events() const noexcept { return events_; }

  private:
    [[nodiscard]] Task<void> commit(JournalBatch batch);
    [[nodiscard]] Task<void> append(JournalBatch batch);
    [[nodiscard]] Task<void> read_back();
    void forget_end();
    void take_over(std::vector<DrillEvent> events, std::uint64_t last);

    World& world_;
    Lease& lease_;
    DrillRecord& record_;
    std::string boot_;
    std::vector<DrillEvent> events_;  // durable ones
    std::vector<DrillEvent> added_;   // not yet
    std::optional<Wake> turn_;        // of those that wait for committing_
    bool committing_ = false;
    bool unsure_ = false;  // whether the newest commit reached the disk
};

}  // namespace rehearse
