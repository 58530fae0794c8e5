// Leases: who may act in an environment, counted by epochs that only grow. All rows are kept: they say who
// held an environment when.
#pragma once

#include <optional>
#include <string>

#include "orchestrator/ledger/database.h"
#include "orchestrator/ports/ledger.h"

namespace rehearse {

struct LeaseRequest {
    EnvironmentName environment;
    LeaseOwner owner;
    Duration term{};
    Duration patience = std::chrono::seconds(10);  // with an owner that was killed, until it is gone
};

/// Where an expired owner can't be ended there is no lease, but a quarantine to be committed and a refusal to
/// be thrown after it.
struct Acquisition {
    std::optional<Lease> lease;
    std::optional<Failure> refusal;
};

/// Inside a transaction: see Ledger::acquire_lease. Fails: refused where the owner lives and may.
[[nodiscard]] Acquisition acquire_lease(Database& database, const Clock& clock, const LeaseRequest& request);
/// Inside a transaction. Fails: refused as require_current().
void renew_lease(Database& database, const Clock& clock, Lease& lease, Duration term);
/// Inside a transaction; a lease that was given back already stays so. Fails: refused as require_current().
void release_lease(Database& database, const Clock& clock, const Lease& lease);
/// A process stopped in the middle of a commit holds the ledger's lock, so that nobody can read whose lease
/// has expired. Ends those holders of the lock whose own lease has expired. True: one was ended, try again.
[[nodiscard]] bool end_expired_lock_holder(const DatabaseOptions& options, const ProcessTable& processes,
                                           const Clock& clock);
[[nodiscard]] Epoch highest_epoch(Database& database, const EnvironmentName& environment);
/// Inside a transaction. Fails: refused, operation `operation`, where another epoch is the environment's or
/// the lease was given back.
void require_current(Database& database, const Lease& lease, const std::string& operation);
/// Inside a transaction: a person vouches for it that the owner of an expired lease is gone.
void give_up_expired_lease(Database& database, const Clock& clock, const EnvironmentName& environment);

}  // namespace rehearse
