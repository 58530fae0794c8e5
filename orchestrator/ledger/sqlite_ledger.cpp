// The port's verbs, each one durable commit under one mutex; and how the file is made.
#include "orchestrator/ledger/sqlite_ledger.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <functional>
#include <mutex>
#include <optional>
#include <type_traits>
#include <utility>

#include "orchestrator/base/digest.h"
#include "orchestrator/ledger/approvals.h"
#include "orchestrator/ledger/database.h"
#include "orchestrator/ledger/integrity.h"
#include "orchestrator/ledger/journal.h"
#include "orchestrator/ledger/leases.h"
#include "orchestrator/ledger/registers.h"
#include "orchestrator/ledger/schema.h"

namespace rehearse {

namespace {

class SqliteLedger final : public Ledger {
  public:
    SqliteLedger(const SqliteLedgerOptions& options, const Clock& clock)
        : processes_(options.processes), clock_(clock), options_(options) {
        try {
            open();
        } catch (const Failure& failure) {
            // Locked: perhaps by a stopped owner, whom acquire_lease() may end. The first call looks again.
            if (failure.kind() != FailureKind::transient) throw;
        }
    }

    void record_enrolment(const Enrolment& enrolment) override {
        write([&](Database& database) { insert_enrolment(database, enrolment); });
    }
    std::optional<Enrolment> enrolment(const EnvironmentName& environment) const override {
        return read([&](Database& database) { return newest_enrolment(database, environment); });
    }

    Lease acquire_lease(const EnvironmentName& environment, const LeaseOwner& owner, Duration term) override {
        Acquisition acquired;
        write([&](Database& database) {
            acquired = rehearse::acquire_lease(database, clock_,
                                               {.environment = environment, .owner = owner, .term = term});
        });
        if (acquired.refusal) throw *acquired.refusal;
        return *acquired.lease;
    }
    void renew_lease(Lease& lease, Duration term) override {
        Lease renewed = lease;
        write([&](Database& database) { rehearse::renew_lease(database, clock_, renewed, term); });
        lease = renewed;
    }
    void release_lease(const Lease& lease) override {
        write([&](Database& database) { rehearse::release_lease(database, clock_, lease); });
    }
    Epoch epoch(const EnvironmentName& environment) const override {
        return read([&](Database& database) { return highest_epoch(database, environment); });
    }

    void begin_drill(const Lease& lease, const DrillRecord& record, const std::string& approved) override {
        write([&](Database& database) {
            require_current(database, lease, "write journal");
            if (record.environment != lease.environment) {
                throw Failure({.kind = FailureKind::refused,
                               .operation = "write journal",
                               .object = record.id.text(),
                               .native_code = {},
                               .message = "the drill belongs to " + record.environment.text() +
                                          ", the lease to " + lease.environment.text(),
                               .remedy = "report this as a defect of rehearse"});
            }
            insert_drill(database, record);
            if (!approved.empty()) use_proposal(database, approved, record.id, clock_.wall());
        });
    }
    std::uint64_t append(const Lease& lease, const DrillId& drill, JournalBatch batch) override {
        DrillEvent now{.steady = clock_.steady(), .wall = clock_.wall(), .boot = clock_.boot(), .body = {}};
        std::uint64_t last = 0;
        write([&](Database& database) {
            require_current(database, lease, "write journal");
            if (batch.quarantine) insert_quarantine(database, *batch.quarantine);
            last = append_to_journal(
                database, {.lease = lease, .drill = drill, .batch = std::move(batch), .now = std::move(now)});
        });
        return last;
    }
    void record_refused(const DrillRecord& record, std::vector<DrillEvent> events) override {
        write([&](Database& database) { insert_refused(database, record, events); });
    }

    std::vector<DrillRecord> drills(const DrillFilter& filter) const override {
        return read([&](Database& database) { return read_drills(database, filter); });
    }
    std::optional<DrillRecord> drill(const DrillId& id) const override {
        return read([&](Database& database) { return read_drill(database, id); });
    }
    std::vector<DrillEvent> events(const DrillId& id) const override {
        return read([&](Database& database) { return read_events(database, id); });
    }
    std::vector<DrillRecord> unfinished() const override {
        const std::lock_guard guard(mutex_);
        std::vector<DrillRecord> records;
        insist([&] { records = read_unfinished(open()); });
        return records;
    }

    std::optional<Quarantine> quarantine(const EnvironmentName& environment) const override {
        return read([&](Database& database) { return open_quarantine(database, environment); });
    }
    void begin_quarantine(const Quarantine& quarantine) override {
        write([&](Database& database) { insert_quarantine(database, quarantine); });
    }
    bool clear_quarantine(const EnvironmentName& environment, const Actor& actor, const std::string& reason,
                          WallTime at) override {
        bool was_there = false;
        write([&](Database& database) {
            was_there =
                close_quarantines(database, environment, {.actor = actor, .reason = reason, .at = at});
            if (was_there) give_up_expired_lease(database, clock_, environment);
        });
        return was_there;
    }

    void record_due(const DueTime& due) override {
        write([&](Database& database) { insert_due(database, due); });
    }
    void update_due(const DueTime& due) override {
        write([&](Database& database) { change_due(database, due); });
    }
    std::vector<DueTime> due_times(const PlaybookName& playbook, std::size_t limit) const override {
        return read([&](Database& database) { return rehearse::due_times(database, playbook, limit); });
    }
    std::optional<WallTime> last_due(const PlaybookName& playbook) const override {
        return read([&](Database& database) { return rehearse::last_due(database, playbook); });
    }

    void record_proposal(const Proposal& proposal) override {
        write([&](Database& database) { insert_proposal(database, proposal); });
    }
    std::vector<ProposalRecord> proposals(const std::string& subject) const override {
        return read([&](Database& database) { return read_proposals(database, subject); });
    }
    std::vector<ProposalRecord> proposals_for(const PlanHash& hash,
                                              const EnvironmentName& environment) const override {
        return read([&](Database& database) { return read_proposals_for(database, hash, environment); });
    }
    void record_approval(const Approval& approval) override {
        write([&](Database& database) { insert_approval(database, approval); });
    }
    void adopt_policy(const AdoptedPolicy& policy, const std::string& replaces) override {
        write([&](Database& database) { insert_policy(database, policy, replaces); });
    }
    std::optional<AdoptedPolicy> adopted_policy() const override {
        return read([&](Database& database) { return newest_policy(database); });
    }

    std::vector<std::string> check() const override {
        return read([&](Database& database) { return check_integrity(database); });
    }

  private:
    using Work = std::function<void(Database&)>;

    /// The connection, opened and found to be a ledger of ours. Fails: see open_sqlite_ledger.
    Database& open() const {
        if (database_) return *database_;
        // On a VFS of its own there may be no rename: SQLite makes the file, the tables come in one
        // transaction.
        const bool may_make = options_.create && !options_.vfs.empty();
        auto opened = std::make_unique<Database>(place(may_make ? SQLITE_OPEN_CREATE : 0), *processes_);
        if (may_make && opened->value("SELECT count(*) FROM sqlite_schema") == "0") make_schema(*opened);
        require_schema(*opened);
        database_ = std::move(opened);
        return *database_;
    }
    DatabaseOptions place(int more_flags = 0) const {
        return {.file = options_.file,
                .flags = SQLITE_OPEN_READWRITE | more_flags,
                .vfs = options_.vfs,
                .patience = options_.patience};
    }
    /// One thread at a time; a short read.
    template <class Reading>
    std::invoke_result_t<const Reading&, Database&> read(const Reading& reading) const {
        const std::lock_guard guard(mutex_);
        return reading(open());
    }
    /// One thread at a time, one durable commit.
    void write(const Work& work) {
        const std::lock_guard guard(mutex_);
        insist([&] { (void)open(); });
        std::optional<Transaction> transaction;
        insist([&] { transaction.emplace(*database_); });
        work(*database_);
        insist([&] { transaction->commit(); });
    }
    /// Tries once more where the lock's holder was ended meanwhile: it was beyond its own lease.
    template <class Step>
    void insist(const Step& step) const {
        std::optional<Failure> locked;
        try {
            return step();
        } catch (const Failure& failure) {
            if (failure.kind() != FailureKind::transient) throw;
            locked = failure;
        }
        if (!end_expired_lock_holder(place(), *processes_, clock_)) throw *locked;
        step();
    }

    std::shared_ptr<const ProcessTable> processes_;
    const Clock& clock_;
    const SqliteLedgerOptions options_;
    mutable std::mutex mutex_;
    mutable std::unique_ptr<Database> database_;
};

Failure missing(const std::filesystem::path& file) {
    return Failure(
        {.kind = FailureKind::permanent,
         .operation = "open ledger",
         .object = file.string(),
         .native_code = "ENOENT",
         .message = "there is no ledger",
         .remedy = "run 'rehearse init' in a new workspace; in one that had drills bring the ledger back "
                   "from a copy, then run 'rehearse doctor'"});
}

/// Removes the unfinished file (and its journal) unless it has got its name.
class Unfinished {
  public:
    explicit Unfinished(std::filesystem::path file) : file_(std::move(file)) {}
    Unfinished(const Unfinished&) = delete;
    Unfinished& operator=(const Unfinished&) = delete;
    ~Unfinished() {
        std::error_code ignored;
        std::filesystem::remove(file_, ignored);
        std::filesystem::remove(file_.string() + "-journal", ignored);
    }

  private:
    std::filesystem::path file_;
};

/// Makes the ledger beside its name and renames it when it is whole and durable, so that a file of that name
/// is a ledger or is damaged, at any instant. Where another process was faster, its ledger stands.
void make_file(const SqliteLedgerOptions& options) {
    const std::filesystem::path file = options.file;
    const std::filesystem::path folder = file.has_parent_path() ? file.parent_path() : ".";
    const std::filesystem::path fresh = folder / (file.filename().string() + ".new-" + random_hex(6));
    const std::string remedy = "make " + folder.string() + " writable and free some space, then try again";
    const FileDescriptor made(::open(fresh.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600));
    if (!made) throw failure_from_errno(errno, "make ledger", file.string(), remedy);
    const Unfinished unfinished(fresh);
    {
        Database database({.file = fresh}, *options.processes);
        make_schema(database);
    }
    if (::fsync(made.get()) != 0) throw failure_from_errno(errno, "make ledger", file.string(), remedy);
    if (::renameat2(AT_FDCWD, fresh.c_str(), AT_FDCWD, file.c_str(), RENAME_NOREPLACE) != 0 &&
        errno != EEXIST) {
        throw failure_from_errno(errno, "make ledger", file.string(), remedy);
    }
    const FileDescriptor place(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!place || ::fsync(place.get()) != 0)
        throw failure_from_errno(errno, "make ledger", file.string(), remedy);
}

}  // namespace

std::unique_ptr<Ledger> open_sqlite_ledger(const SqliteLedgerOptions& options, const Clock& clock) {
    SqliteLedgerOptions filled = options;
    if (!filled.processes) filled.processes = linux_process_table();
    if (filled.vfs.empty()) {
        struct stat found {};
        const bool there = ::stat(filled.file.c_str(), &found) == 0;
        if (!there && errno != ENOENT) throw failure_from_errno(errno, "open ledger", filled.file.string());
        if (!there && !filled.create) throw missing(filled.file);
        if (!there) make_file(filled);
    }
    return std::make_unique<SqliteLedger>(filled, clock);
}

std::unique_ptr<Ledger> open_sqlite_ledger(const std::filesystem::path& file, const Clock& clock,
                                           bool create) {
    return open_sqlite_ledger({.file = file, .create = create}, clock);
}

}  // namespace rehearse
