// What belongs to a database as a whole and lives in the cluster's catalogs: owner, locale, rights, settings.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "adapters/postgresql/connection.h"
#include "orchestrator/base/json.h"

namespace rehearse::postgresql {

struct DatabaseGrant {
    std::string grantor, grantee;  // grantee empty: PUBLIC
    std::string privilege;
    bool grantable = false;
    auto operator<=>(const DatabaseGrant&) const = default;
};

struct DatabaseSetting {
    std::string role;  // empty: everyone in this database
    std::string name, value;
    auto operator<=>(const DatabaseSetting&) const = default;
};

struct DatabaseSettings {
    std::string name{}, owner{}, encoding{}, collate{}, ctype{};
    std::string provider = "libc";  // or icu, builtin
    std::string locale{}, icu_rules{};
    std::string table_space{};
    std::string comment{};
    std::int64_t connection_limit = -1;
    bool allow_connections = true;
    bool is_template = false;
    std::vector<DatabaseGrant> grants{};      // in full, the owner's own too
    std::vector<DatabaseSetting> settings{};  // ALTER DATABASE SET, ALTER ROLE IN DATABASE SET
    bool operator==(const DatabaseSettings&) const = default;
};

/// None where there is no such database. Any connection to the cluster will do.
[[nodiscard]] std::optional<DatabaseSettings> read_database(Connection& connection, const std::string& name);

[[nodiscard]] json::object to_json(const DatabaseSettings& settings);
[[nodiscard]] DatabaseSettings database_from_json(const json::object& object, const std::string& origin);

/// CREATE DATABASE under `name`, with the same locale, owned by who runs it.
[[nodiscard]] std::string create_statement(const DatabaseSettings& settings, const std::string& name);
/// Statements that give database `name` (now as `now` says) all of `wanted` but its locale: one transaction.
[[nodiscard]] std::vector<std::string> property_statements(const DatabaseSettings& wanted,
                                                           const DatabaseSettings& now,
                                                           const std::string& name);
/// search_path as sessions of this database begin with it.
[[nodiscard]] std::string usual_search_path(const DatabaseSettings& settings);
/// Roles that the settings name.
[[nodiscard]] std::vector<std::string> roles_of(const DatabaseSettings& settings);

}  // namespace rehearse::postgresql
