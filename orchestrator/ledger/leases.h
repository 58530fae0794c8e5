// Leases: who may act in an environment, counted by epochs that only grow. All rows are kept: they say who
// held an environment when.
#pragma once

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

/// See Ledger::acquire_lease. Where an expired owner can't be ended, the environment's quarantine is
/// committed before the refusal is thrown.
[[nodiscard]] Lease acquire_lease(Database& database, const Clock& clock, const LeaseRequest& request);
void renew_lease(Database& database, const Clock& clock, Lease& lease, Duration term);
void release_lease(Database& database, const Clock& clock, const Lease& lease);
[[nodiscard]] Epoch highest_epoch(Database& database, const EnvironmentName& environment);
/// Inside a transaction. Fails: refused, operation `operation`, where another epoch is the environment's or
/// the lease was given back.
void require_current(Database& database, const Lease& lease, const std::string& operation);
/// Inside a transaction: a person vouches for it that the owner of an expired lease is gone.
void give_up_expired_lease(Database& database, const Clock& clock, const EnvironmentName& environment);

}  // namespace rehearse
