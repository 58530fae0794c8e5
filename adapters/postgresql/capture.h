// Capture: one consistent instant of a database, written as a tree.
#pragma once

#include <map>
#include <optional>

#include "adapters/postgresql/large_objects.h"
#include "adapters/postgresql/schema.h"
#include "adapters/postgresql/settings.h"
#include "adapters/postgresql/view.h"
#include "orchestrator/base/clock.h"
#include "orchestrator/ports/adapter.h"

namespace rehearse::postgresql {

/// What a capture may normalise, by name.
extern const std::span<const std::string_view> normalisations;

/// Layout of the tree: database.json and database.sql, roles, schema/ (objects and their order),
/// data/<schema>/ <table>/ (rows), sequences/, large-objects/. All .sql files run in psql. `view`: an instant
/// that a restore kept open; without one, now.
[[nodiscard]] CaptureReport capture(const Settings& settings, const Clock& clock, TreeWriter& writer,
                                    std::optional<View> view);

/// Everything of a capture but the schema and the database's own settings.
struct ContentCount {
    std::uint64_t bytes = 0;
    std::map<std::string, std::uint64_t> rows{};  // by Table::quoted
    LargeObjectCount large_objects{};
};
[[nodiscard]] ContentCount write_content(const ConnectionString& where, const View& view,
                                         const std::vector<Table>& tables, TreeWriter& writer,
                                         const std::string& operation);

/// Objects of the live dump that the canonical schema words otherwise: so that a restore knows them again.
[[nodiscard]] json::array wordings(const Schema& live, const Schema& canonical);

}  // namespace rehearse::postgresql
