// Building a whole database from a snapshot, under a name that nobody else uses, and putting it in place.
#pragma once

#include "adapters/postgresql/database_settings.h"
#include "adapters/postgresql/problems.h"
#include "adapters/postgresql/schema.h"
#include "adapters/postgresql/settings.h"
#include "adapters/postgresql/view.h"
#include "orchestrator/ports/adapter.h"

namespace rehearse::postgresql {

struct Wanted {
    const TreeReader& tree;
    DatabaseSettings database;
    Schema schema;
    json::array wordings;  // of CaptureReport::uncompared
};

/// Builds it; nobody but superusers and this role can come in. What an earlier try left is dropped first.
/// What `problems` take is left out.
[[nodiscard]] RestoreReport build(const Settings& settings, const Wanted& wanted, Connection& maintenance,
                                  Problems& problems);

/// Gives the built database its name (one that is there goes, at the end), takes a view, and only then lets
/// people in.
[[nodiscard]] View put_in_place(const Settings& settings, const Clock& clock, const Wanted& wanted,
                                Connection& maintenance);

/// Opens a database whose properties are not yet those of the snapshot. Nothing to do: nothing is done.
void open_to_people(const DatabaseSettings& wanted, Connection& maintenance);

/// Runs the files below `folder` of the tree in order.
void run_files(Connection& connection, const TreeReader& folder);

}  // namespace rehearse::postgresql
