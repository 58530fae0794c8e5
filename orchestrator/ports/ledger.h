// The ledger port: drills, their journals, leases, enrolments, quarantines, due times. One durable commit per
// call.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "orchestrator/base/clock.h"
#include "orchestrator/base/ids.h"
#include "orchestrator/base/json.h"
#include "orchestrator/model/approval.h"
#include "orchestrator/model/drill.h"

namespace rehearse {

/// Who holds a lease: enough to tell, on the same host, whether that very process still lives.
struct LeaseOwner {
    std::string host{};  // machine id
    std::string boot{};
    std::int64_t process = 0;           // pid
    std::uint64_t process_started = 0;  // start time in clock ticks since boot (/proc/<pid>/stat field 22)
};

struct Lease {
    EnvironmentName environment{};
    Epoch epoch = 0;
    LeaseOwner owner{};
    WallTime expires{};
};

struct Enrolment {
    EnvironmentName environment{};
    WallTime at{};
    std::string actor{};
    bool read_only = false;
    json::object identities{};  // resource name -> Identity
    std::string nonce{};        // of the planted markers
};

struct Quarantine {
    EnvironmentName environment{};
    DrillId drill{};
    WallTime since{};
    std::string reason{};
    json::object resources{};  // resource name -> what is known and the next command
};

/// What one commit may change beside appending events.
struct JournalBatch {
    std::vector<DrillEvent> events{};
    std::optional<DrillState> state{};
    std::optional<Verdict> verdict{};  // with `result` and `ended_at`
    std::optional<WallTime> ended_at{};
    std::optional<json::object> result{};
    std::optional<Quarantine> quarantine{};
};

enum class DueFate { ran, refused, skipped, missed };
[[nodiscard]] std::string_view to_string(DueFate fate);
struct DueTime {
    PlaybookName playbook{};
    WallTime due{};
    DueFate fate = DueFate::missed;
    std::string reason{};
    DrillId drill{};  // where it ran
};

struct DrillFilter {
    EnvironmentName environment{};  // empty: all
    PlaybookName playbook{};        // empty: all
    std::optional<WallTime> since{};
    std::size_t limit = 0;  // 0: all; newest first
};

/// Blocking; called on worker threads, from several at once. Durable when a call returns. Fails: permanent
/// (broken or unwritable ledger), transient (locked), refused (stale epoch).
class Ledger {
  public:
    virtual ~Ledger() = default;

    virtual void record_enrolment(const Enrolment& enrolment) = 0;
    [[nodiscard]] virtual std::optional<Enrolment> enrolment(const EnvironmentName& environment) const = 0;

    /// Takes the lease with epoch + 1, by compare-and-set. Refused while its owner lives (with who it is). An
    /// owner on this host that is stopped beyond the expiry is ended first (pidfd, SIGKILL, waited for); one
    /// on another host, or that can't be ended, refuses until expiry and then needs `force`.
    [[nodiscard]] virtual Lease acquire_lease(const EnvironmentName& environment, const LeaseOwner& owner,
                                              Duration term) = 0;
    /// Extends it. Refused where the epoch is no longer ours.
    virtual void renew_lease(Lease& lease, Duration term) = 0;
    virtual void release_lease(const Lease& lease) = 0;
    /// The highest epoch that any lease of the environment had; 0: none yet.
    [[nodiscard]] virtual Epoch epoch(const EnvironmentName& environment) const = 0;

    /// Inserts the drill's row, and uses up one run of the proposal of nonce `approved`, where there is one.
    /// Refused where the lease's epoch is stale, or the proposal is denied, expired or used up.
    virtual void begin_drill(const Lease& lease, const DrillRecord& record,
                             const std::string& approved = {}) = 0;
    /// Appends to the drill's journal and applies the batch's changes in the same commit. Refused where the
    /// epoch is stale or the state may not follow (may_follow). Returns the sequence of the last event.
    virtual std::uint64_t append(const Lease& lease, const DrillId& drill, JournalBatch batch) = 0;
    /// A drill that was refused before it had a lease: its row, its events and its verdict in one commit.
    virtual void record_refused(const DrillRecord& record, std::vector<DrillEvent> events) = 0;

    [[nodiscard]] virtual std::vector<DrillRecord> drills(const DrillFilter& filter) const = 0;
    /// By full id or an unambiguous prefix.
    [[nodiscard]] virtual std::optional<DrillRecord> drill(const DrillId& id) const = 0;
    [[nodiscard]] virtual std::vector<DrillEvent> events(const DrillId& id) const = 0;
    /// Drills in a state that is not terminal, oldest first. Asked first by whoever takes one over: a stopped
    /// owner beyond its lease that keeps the ledger locked is ended, as by acquire_lease.
    [[nodiscard]] virtual std::vector<DrillRecord> unfinished() const = 0;

    [[nodiscard]] virtual std::optional<Quarantine> quarantine(const EnvironmentName& environment) const = 0;
    /// For damage found outside a drill's journal (an emergency restore that failed).
    virtual void begin_quarantine(const Quarantine& quarantine) = 0;
    /// False where there was none. The clearing is kept with who and why.
    virtual bool clear_quarantine(const EnvironmentName& environment, const Actor& actor,
                                  const std::string& reason, WallTime at) = 0;

    /// One row per playbook and due time; a second one for the same instant is Failure{refused}.
    virtual void record_due(const DueTime& due) = 0;
    /// Changes the fate, reason and drill of a row that is there (a claimed due time whose drill was
    /// refused).
    virtual void update_due(const DueTime& due) = 0;
    [[nodiscard]] virtual std::vector<DueTime> due_times(const PlaybookName& playbook,
                                                         std::size_t limit) const = 0;
    /// The newest due time of the playbook that has a row.
    [[nodiscard]] virtual std::optional<WallTime> last_due(const PlaybookName& playbook) const = 0;

    virtual void record_proposal(const Proposal& proposal) = 0;
    /// Newest first. Those whose subject begins with `subject` ("sha256:" may be left out); empty: all.
    [[nodiscard]] virtual std::vector<ProposalRecord> proposals(const std::string& subject) const = 0;
    /// Those that may speak for a plan: of its hash, and the standing ones of its environment. Newest first.
    [[nodiscard]] virtual std::vector<ProposalRecord> proposals_for(
        const PlanHash& hash, const EnvironmentName& environment) const = 0;
    virtual void record_approval(const Approval& approval) = 0;

    /// Puts a policy in force; `replaces` is the digest of the one until now, empty where there was none.
    /// Refused where another one came first.
    virtual void adopt_policy(const AdoptedPolicy& policy, const std::string& replaces) = 0;
    [[nodiscard]] virtual std::optional<AdoptedPolicy> adopted_policy() const = 0;

    /// What an integrity check says: empty when all is well.
    [[nodiscard]] virtual std::vector<std::string> check() const = 0;
};

}  // namespace rehearse
