// Running pg_dump of the server's own major version, for a schema without rows.
#pragma once

#include <filesystem>
#include <string>

#include "adapters/postgresql/connection.h"
#include "adapters/postgresql/schema.h"

namespace rehearse::postgresql {

struct DumpProgram {
    std::filesystem::path path;
    std::string version;  // "15.20"
};

/// Looks in the places of Debian, of the PostgreSQL packages and in PATH. Fails: invalid_input naming the
/// package to install.
[[nodiscard]] DumpProgram find_dump_program(int server_version);

/// The schema of the database that `connection` is connected to through `where`; with `snapshot` as that
/// exported snapshot sees it. Extensions are pinned to their versions. Fails as pg_dump does, with its words.
[[nodiscard]] Schema dump_schema(Connection& connection, const ConnectionString& where,
                                 const std::string& snapshot);

}  // namespace rehearse::postgresql
