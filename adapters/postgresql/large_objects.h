// Large objects: in a snapshot as SQL that makes each again, with its owner, rights and comment.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "adapters/postgresql/connection.h"
#include "orchestrator/ports/tree.h"

namespace rehearse::postgresql {

struct LargeObjectCount {
    std::uint64_t objects = 0;
    std::uint64_t bytes = 0;
    std::string digest{};  // of all that was written; empty where nothing was
};

/// Writes large-objects/... below `writer`, nothing where there are none. Reads by pieces: memory is bounded.
LargeObjectCount write_large_objects(Connection& connection, TreeWriter& writer);

/// "00016/0000016402.sql" and so on: the number of the object that a file of a snapshot belongs to.
[[nodiscard]] std::string large_object_of_file(const std::string& name);

}  // namespace rehearse::postgresql
