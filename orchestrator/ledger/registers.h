// The ledger's registers beside the journal: enrolments, quarantines, due times. Nothing in them is deleted.
#pragma once

#include <optional>
#include <vector>

#include "orchestrator/ledger/database.h"
#include "orchestrator/ports/ledger.h"

namespace rehearse {

// Those that insert or update run inside a transaction of the caller.

void insert_enrolment(Database& database, const Enrolment& enrolment);
/// The newest of the environment.
[[nodiscard]] std::optional<Enrolment> newest_enrolment(Database& database,
                                                        const EnvironmentName& environment);

void insert_quarantine(Database& database, const Quarantine& quarantine);
/// All open ones as one: since the oldest, reason and drill of the newest, resources of all (the newest
/// counts).
[[nodiscard]] std::optional<Quarantine> open_quarantine(Database& database,
                                                        const EnvironmentName& environment);
/// True where an open one of the environment has the same reason.
[[nodiscard]] bool has_open_quarantine(Database& database, const Quarantine& quarantine);
struct Clearing {
    Actor actor;
    std::string reason;
    WallTime at;
};
/// Closes all open ones; false where there was none.
bool close_quarantines(Database& database, const EnvironmentName& environment, const Clearing& clearing);

void insert_due(Database& database, const DueTime& due);
void change_due(Database& database, const DueTime& due);
/// Newest first; `limit` 0: all; an empty playbook: of all playbooks.
[[nodiscard]] std::vector<DueTime> due_times(Database& database, const PlaybookName& playbook,
                                             std::size_t limit);
[[nodiscard]] std::optional<WallTime> last_due(Database& database, const PlaybookName& playbook);

/// Empty where the environment has none.
[[nodiscard]] DrillId newest_unfinished_drill(Database& database, const EnvironmentName& environment);

}  // namespace rehearse
