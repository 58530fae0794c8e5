// Scratch databases: where a schema is tried out, so that a snapshot is known to be restorable.
#pragma once

#include <memory>
#include <string>

#include "adapters/postgresql/connection.h"
#include "adapters/postgresql/database_settings.h"
#include "adapters/postgresql/row_types.h"
#include "adapters/postgresql/schema.h"
#include "adapters/postgresql/settings.h"

namespace rehearse::postgresql {

/// A database of its own with the locale of another; dropped with it. What a killed process left is dropped
/// by the next one.
class ScratchDatabase {
  public:
    /// Fails: as CREATE DATABASE does, with the right that is missing.
    ScratchDatabase(const Settings& settings, const DatabaseSettings& like, const std::string& operation);
    ~ScratchDatabase();
    ScratchDatabase(const ScratchDatabase&) = delete;
    ScratchDatabase& operator=(const ScratchDatabase&) = delete;

    [[nodiscard]] Connection& connection() { return *connection_; }
    [[nodiscard]] const ConnectionString& where() const { return where_; }

  private:
    Connection maintenance_;
    std::string name_;
    ConnectionString where_;
    std::unique_ptr<Connection> connection_;
};

struct Fixpoint {
    Schema schema;        // dumps as itself after it was restored
    int generations = 1;  // how often it was restored until it did
};
/// Restores `live` into a scratch database and dumps it again, until a dump equals what was restored. Fails:
/// permanent where an object does not come back, or no fixpoint is reached; refused as require_same_order().
[[nodiscard]] Fixpoint find_fixpoint(const Settings& settings, const DatabaseSettings& database,
                                     const Schema& live, const RowTypes& row_types,
                                     const std::string& operation);

}  // namespace rehearse::postgresql
