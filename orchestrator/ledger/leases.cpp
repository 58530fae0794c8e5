// Leases by compare-and-set. A stopped owner is ended before its successor begins: it would otherwise go on,
// later, with the act that it was stopped before.
#include "orchestrator/ledger/leases.h"

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "orchestrator/ledger/audit.h"
#include "orchestrator/ledger/registers.h"

namespace rehearse {

namespace {

struct Held {
    Epoch epoch = 0;
    LeaseOwner owner;
    WallTime acquired, expires;
    SteadyTime expires_steady;
    bool released = false;
};

std::optional<Held> current_lease(Database& database, const EnvironmentName& environment) {
    auto row = database.query(
        "SELECT epoch, host, boot, process, process_started, acquired_ns, expires_ns, expires_steady_ns, "
        "released_ns FROM leases WHERE environment = ? ORDER BY epoch DESC LIMIT 1");
    if (!row.with(environment.text()).next()) return std::nullopt;
    return Held{.epoch = static_cast<Epoch>(row.integer(0)),
                .owner = {.host = row.text(1),
                          .boot = row.text(2),
                          .process = row.integer(3),
                          .process_started = static_cast<std::uint64_t>(row.integer(4))},
                .acquired = {Duration(row.integer(5))},
                .expires = {Duration(row.integer(6))},
                .expires_steady = {Duration(row.integer(7))},
                .released = !row.is_null(8)};
}

/// The steady clock where both are of one boot: the wall clock may be set at any time.
bool has_expired(const Held& held, const Clock& clock) {
    if (held.owner.boot == clock.boot()) return clock.steady() >= held.expires_steady;
    return clock.wall() >= held.expires;
}

std::vector<EnvironmentName> leased_by(Database& database, const LeaseOwner& owner) {
    std::vector<EnvironmentName> environments;
    auto row = database.query(
        "SELECT environment FROM leases WHERE host = ? AND boot = ? AND process = ? AND "
        "process_started = ? AND released_ns IS NULL");
    row.with(owner.host, owner.boot, owner.process, owner.process_started);
    while (row.next()) environments.emplace_back(row.text(0));
    return environments;
}

bool same_process(const LeaseOwner& a, const LeaseOwner& b) {
    return a.host == b.host && a.boot == b.boot && a.process == b.process &&
           a.process_started == b.process_started;
}

Failure refusal(const EnvironmentName& environment, const std::string& operation, std::string message,
                std::string remedy) {
    return Failure({.kind = FailureKind::refused,
                    .operation = operation,
                    .object = environment.text(),
                    .native_code = {},
                    .message = std::move(message),
                    .remedy = std::move(remedy)});
}

std::string who_holds(const Held& held, const LeaseOwner& self) {
    return describe(held.owner, self) + " has held it since " + to_rfc3339(held.acquired) + " (epoch " +
           std::to_string(held.epoch) + ", until " + to_rfc3339(held.expires) + ")";
}

/// Leaves the quarantine to be committed, once for one owner, and says no.
Failure quarantine(Database& database, const Clock& clock, const LeaseRequest& request, const Held& held) {
    const std::string message =
        "its lease has expired, but its owner can't be ended: " + who_holds(held, request.owner);
    const std::string remedy = "make sure that " + describe(held.owner, request.owner) +
                               " has ended, then run 'rehearse clear " + request.environment.text() +
                               "' and 'rehearse resume'";
    const Quarantine quarantine{.environment = request.environment,
                                .drill = newest_unfinished_drill(database, request.environment),
                                .since = clock.wall(),
                                .reason = message + "; " + remedy,
                                .resources = {}};
    if (!has_open_quarantine(database, quarantine)) insert_quarantine(database, quarantine);
    return refusal(request.environment, "acquire lease", message, remedy);
}

/// None where the lease is free to be taken. Called with the write lock, so that the owner can't renew
/// meanwhile.
std::optional<Failure> clear_the_way(Database& database, const Clock& clock, const LeaseRequest& request,
                                     const Held& held) {
    if (held.released) return std::nullopt;
    const bool expired = has_expired(held, clock);
    if (same_process(held.owner, request.owner)) {
        throw refusal(request.environment, "acquire lease",
                      "this very process holds it already: " + who_holds(held, request.owner),
                      "wait for the drill that runs, or run 'rehearse halt'");
    }
    const OwnerLife life = database.processes().life(held.owner);
    if (life == OwnerLife::gone) return std::nullopt;
    if (!expired) {
        throw refusal(
            request.environment, "acquire lease",
            who_holds(held, request.owner) + (life == OwnerLife::stopped ? "; the process is stopped" : ""),
            "wait for it, or run 'rehearse halt'");
    }
    if (life == OwnerLife::running || life == OwnerLife::stopped) {
        if (database.processes().end(held.owner, request.patience) == Ending::ended) return std::nullopt;
    }
    return quarantine(database, clock, request, held);
}

}  // namespace

bool end_expired_lock_holder(const DatabaseOptions& options, const ProcessTable& processes,
                             const Clock& clock) {
    constexpr Duration patience = std::chrono::seconds(10);
    const auto holders = processes.lock_holders(options.file);
    if (holders.empty()) return false;
    bool ended = false;
    try {
        // Read past the locks: the file stands still as long as that process does.
        Database unlocked(
            {.file = options.file, .flags = SQLITE_OPEN_READONLY, .vfs = options.vfs, .past_locks = true},
            processes);
        for (const LockHolder& holder : holders) {
            for (const auto& environment : leased_by(unlocked, holder.owner)) {
                const auto held = current_lease(unlocked, environment);
                if (!held || !same_process(held->owner, holder.owner) || !has_expired(*held, clock)) continue;
                ended |= processes.end(holder.owner, patience) == Ending::ended;
                break;
            }
        }
    } catch (const Failure&) {
        return ended;  // what can't be read gives nobody the right to end a process
    }
    return ended;
}

Acquisition acquire_lease(Database& database, const Clock& clock, const LeaseRequest& request) {
    const auto held = current_lease(database, request.environment);
    if (held) {
        if (auto refusal = clear_the_way(database, clock, request, *held))
            return {.lease = {}, .refusal = refusal};
    }
    Lease lease{.environment = request.environment,
                .epoch = held ? held->epoch + 1 : 1,
                .owner = request.owner,
                .expires = clock.wall() + request.term};
    database
        .query(
            "INSERT INTO leases(environment, epoch, host, boot, process, process_started, acquired_ns, "
            "expires_ns, expires_steady_ns) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)")
        .with(lease.environment.text(), lease.epoch, lease.owner.host, lease.owner.boot, lease.owner.process,
              lease.owner.process_started, clock.wall().since_epoch, lease.expires.since_epoch,
              (clock.steady() + request.term).since_boot)
        .run();
    auto row = database.query(
        "SELECT environment, epoch, host, boot, process, process_started, acquired_ns FROM leases WHERE "
        "environment = ? AND epoch = ?");
    record_row(database, {.kind = "lease", .environment = lease.environment.text(), .at = clock.wall()},
               row.with(lease.environment.text(), lease.epoch));
    return {.lease = std::move(lease), .refusal = {}};
}

void renew_lease(Database& database, const Clock& clock, Lease& lease, Duration term) {
    require_current(database, lease, "renew lease");
    const WallTime expires = clock.wall() + term;
    database
        .query("UPDATE leases SET expires_ns = ?, expires_steady_ns = ? WHERE environment = ? AND epoch = ?")
        .with(expires.since_epoch, (clock.steady() + term).since_boot, lease.environment.text(), lease.epoch)
        .run();
    lease.expires = expires;
}

void release_lease(Database& database, const Clock& clock, const Lease& lease) {
    const auto held = current_lease(database, lease.environment);
    if (held && held->epoch == lease.epoch && held->released) return;
    require_current(database, lease, "release lease");
    database.query("UPDATE leases SET released_ns = ? WHERE environment = ? AND epoch = ?")
        .with(clock.wall().since_epoch, lease.environment.text(), lease.epoch)
        .run();
}

Epoch highest_epoch(Database& database, const EnvironmentName& environment) {
    const auto held = current_lease(database, environment);
    return held ? held->epoch : 0;
}

void require_current(Database& database, const Lease& lease, const std::string& operation) {
    const auto held = current_lease(database, lease.environment);
    if (held && held->epoch == lease.epoch && !held->released && same_process(held->owner, lease.owner))
        return;
    std::string message = "the lease with epoch " + std::to_string(lease.epoch) + " is no longer valid: ";
    if (!held) {
        message += "the ledger knows none";
    } else if (held->epoch == lease.epoch && held->released) {
        message += "it was given back";
    } else {
        message += who_holds(*held, lease.owner);
    }
    throw refusal(lease.environment, operation, message,
                  "this process may change nothing any more; run 'rehearse resume' once no other does");
}

void give_up_expired_lease(Database& database, const Clock& clock, const EnvironmentName& environment) {
    const auto held = current_lease(database, environment);
    if (!held || held->released || !has_expired(*held, clock)) return;
    database.query("UPDATE leases SET released_ns = ? WHERE environment = ? AND epoch = ?")
        .with(clock.wall().since_epoch, environment.text(), held->epoch)
        .run();
}

}  // namespace rehearse
