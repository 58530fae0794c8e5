// Drills and their journals: rows that are only ever added to, each event sealed over the one before it.
#pragma once

#include <optional>
#include <vector>

#include "orchestrator/ledger/database.h"
#include "orchestrator/ports/ledger.h"

namespace rehearse {

/// Inside a transaction. Fails: refused where the id is taken, invalid_input where the record ends already.
void insert_drill(Database& database, const DrillRecord& record);
/// Inside a transaction: see Ledger::record_refused. The events have epoch 0.
void insert_refused(Database& database, const DrillRecord& record, const std::vector<DrillEvent>& events);

/// Inside a transaction, after the lease was found current: see Ledger::append. `now` is the instant of a
/// state event that the batch leaves out, and of an end that it leaves out.
struct AppendRequest {
    const Lease& lease;
    const DrillId& drill;
    JournalBatch batch;
    DrillEvent now;
};
std::uint64_t append_to_journal(Database& database, AppendRequest request);

[[nodiscard]] std::vector<DrillRecord> read_drills(Database& database, const DrillFilter& filter);
[[nodiscard]] std::vector<DrillRecord> read_unfinished(Database& database);
/// By full id or unambiguous prefix. Fails: invalid_input where several begin so.
[[nodiscard]] std::optional<DrillRecord> read_drill(Database& database, const DrillId& id);
/// Every seal is checked. Fails: permanent naming the drill and the event.
[[nodiscard]] std::vector<DrillEvent> read_events(Database& database, const DrillId& id);

}  // namespace rehearse
