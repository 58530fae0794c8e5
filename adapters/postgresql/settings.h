// The options of one resource, read from its environment file and checked.
#pragma once

#include <optional>
#include <string>

#include "adapters/postgresql/connection_string.h"
#include "orchestrator/model/environment.h"

namespace rehearse::postgresql {

struct Settings {
    ResourceName resource;
    ConnectionString connection;                // reads and destroys; names the database
    ConnectionString restore;                   // restores; names the cluster's maintenance database
    std::optional<ConnectionString> elsewhere;  // another cluster for the scratch database
    bool disconnect = false;                    // other people's sessions are ended rather than waited for
    std::string database;

    /// Where scratch databases are made: the maintenance connection there.
    [[nodiscard]] const ConnectionString& scratch() const { return elsewhere ? *elsewhere : restore; }
};

/// Fails: invalid_input naming the option.
[[nodiscard]] Settings read_settings(const ResourceSpec& spec);

}  // namespace rehearse::postgresql
