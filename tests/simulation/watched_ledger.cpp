// One turn at a time; what was acknowledged is told on.
#include "tests/simulation/watched_ledger.h"

#include <utility>

#include "orchestrator/base/failure.h"

namespace rehearse::simulation {

namespace {

class WatchedLedger final : public Ledger {
  public:
    WatchedLedger(std::unique_ptr<Ledger> inner, Checks& checks, Scheduler& scheduler, Strand& strand,
                  const Clock& clock)
        : inner_(std::move(inner)), checks_(checks), scheduler_(scheduler), strand_(strand), clock_(clock) {}

    void record_enrolment(const Enrolment& enrolment) override {
        const Turn turn(*this);
        inner_->record_enrolment(enrolment);
    }
    std::optional<Enrolment> enrolment(const EnvironmentName& environment) const override {
        const Turn turn(*this);
        return inner_->enrolment(environment);
    }
    Lease acquire_lease(const EnvironmentName& environment, const LeaseOwner& owner, Duration term) override {
        const Turn turn(*this);
        Lease lease = inner_->acquire_lease(environment, owner, term);
        if (alive()) checks_.on_lease(lease, clock_.steady() + term);
        return lease;
    }
    void renew_lease(Lease& lease, Duration term) override {
        const Turn turn(*this);
        inner_->renew_lease(lease, term);
        if (alive()) checks_.on_renewal(lease, clock_.steady() + term);
    }
    void release_lease(const Lease& lease) override {
        const Turn turn(*this);
        inner_->release_lease(lease);
    }
    Epoch epoch(const EnvironmentName& environment) const override {
        const Turn turn(*this);
        return inner_->epoch(environment);
    }
    void begin_drill(const Lease& lease, const DrillRecord& record, const std::string& approved) override {
        const Turn turn(*this);
        inner_->begin_drill(lease, record, approved);
        if (alive()) checks_.on_begin(record, inner_->unfinished());
    }
    std::uint64_t append(const Lease& lease, const DrillId& drill, JournalBatch batch) override {
        const Turn turn(*this);
        const JournalBatch copy = batch;
        const std::uint64_t last = inner_->append(lease, drill, std::move(batch));
        // A drill whose beginning was committed, but never acknowledged.
        if (alive() && !checks_.knows(drill)) checks_.on_begin(*inner_->drill(drill), inner_->unfinished());
        if (alive() && checks_.events_of(drill) + copy.events.size() < last) {
            std::vector<DrillEvent> there = inner_->events(drill);
            there.resize(there.size() - copy.events.size());
            checks_.on_read_back(drill, std::move(there));
        }
        if (alive()) checks_.on_append(lease, drill, copy, last);
        return last;
    }
    void record_refused(const DrillRecord& record, std::vector<DrillEvent> events) override {
        const Turn turn(*this);
        inner_->record_refused(record, std::move(events));
    }
    std::vector<DrillRecord> drills(const DrillFilter& filter) const override {
        const Turn turn(*this);
        return inner_->drills(filter);
    }
    std::optional<DrillRecord> drill(const DrillId& id) const override {
        const Turn turn(*this);
        return inner_->drill(id);
    }
    std::vector<DrillEvent> events(const DrillId& id) const override {
        const Turn turn(*this);
        return inner_->events(id);
    }
    std::vector<DrillRecord> unfinished() const override {
        const Turn turn(*this);
        return inner_->unfinished();
    }
    std::optional<Quarantine> quarantine(const EnvironmentName& environment) const override {
        const Turn turn(*this);
        return inner_->quarantine(environment);
    }
    void begin_quarantine(const Quarantine& quarantine) override {
        const Turn turn(*this);
        inner_->begin_quarantine(quarantine);
    }
    bool clear_quarantine(const EnvironmentName& environment, const Actor& actor, const std::string& reason,
                          WallTime at) override {
        const Turn turn(*this);
        return inner_->clear_quarantine(environment, actor, reason, at);
    }
    void record_due(const DueTime& due) override {
        const Turn turn(*this);
        inner_->record_due(due);
    }
    void update_due(const DueTime& due) override {
        const Turn turn(*this);
        inner_->update_due(due);
    }
    std::vector<DueTime> due_times(const PlaybookName& playbook, std::size_t limit) const override {
        const Turn turn(*this);
        return inner_->due_times(playbook, limit);
    }
    std::optional<WallTime> last_due(const PlaybookName& playbook) const override {
        const Turn turn(*this);
        return inner_->last_due(playbook);
    }
    void record_proposal(const Proposal& proposal) override {
        const Turn turn(*this);
        inner_->record_proposal(proposal);
    }
    std::vector<ProposalRecord> proposals(const std::string& subject) const override {
        const Turn turn(*this);
        return inner_->proposals(subject);
    }
    std::vector<ProposalRecord> proposals_for(const PlanHash& hash,
                                              const EnvironmentName& environment) const override {
        const Turn turn(*this);
        return inner_->proposals_for(hash, environment);
    }
    void record_approval(const Approval& approval) override {
        const Turn turn(*this);
        inner_->record_approval(approval);
    }
    void adopt_policy(const AdoptedPolicy& policy, const std::string& replaces) override {
        const Turn turn(*this);
        inner_->adopt_policy(policy, replaces);
    }
    std::optional<AdoptedPolicy> adopted_policy() const override {
        const Turn turn(*this);
        return inner_->adopted_policy();
    }
    std::vector<std::string> check() const override {
        const Turn turn(*this);
        return inner_->check();
    }

  private:
    class Turn {
      public:
        explicit Turn(const WatchedLedger& ledger) : ledger_(ledger) {
            while (ledger_.taken_) {
                // A dead process's work ends without its turn: whoever has it does not go on.
                if (!ledger_.alive() || !ledger_.scheduler_.in_fiber()) {
                    throw Failure({.kind = FailureKind::permanent,
                                   .operation = "use ledger",
                                   .message = ledger_.alive() ? "it was used on the loop's own thread, which "
                                                                "must not block"
                                                              : "the process is dead"});
                }
                ledger_.scheduler_.pass(std::chrono::microseconds(50));
            }
            ledger_.taken_ = true;
        }
        Turn(const Turn&) = delete;
        Turn& operator=(const Turn&) = delete;
        ~Turn() { ledger_.taken_ = false; }

      private:
        const WatchedLedger& ledger_;
    };
    [[nodiscard]] bool alive() const { return !strand_.frozen; }

    std::unique_ptr<Ledger> inner_;
    Checks& checks_;
    Scheduler& scheduler_;
    Strand& strand_;
    const Clock& clock_;
    mutable bool taken_ = false;
};

}  // namespace

std::unique_ptr<Ledger> watch_ledger(std::unique_ptr<Ledger> inner, Checks& checks, Scheduler& scheduler,
                                     Strand& strand, const Clock& clock) {
    return std::make_unique<WatchedLedger>(std::move(inner), checks, scheduler, strand, clock);
}

}  // namespace rehearse::simulation
