// Making a schema's objects in a database, in order.
#pragma once

#include <functional>
#include <span>

#include "adapters/postgresql/connection.h"
#include "adapters/postgresql/problems.h"
#include "adapters/postgresql/schema.h"

namespace rehearse::postgresql {

/// Runs the objects' statements, many to a round trip. Fails with the object's name and the server's words;
/// with `problems` it goes on after those that these take.
void make_objects(Connection& connection, std::span<const SchemaObject* const> objects,
                  Problems* problems = nullptr);
[[nodiscard]] std::vector<const SchemaObject*> pick(const Schema& schema,
                                                    const std::function<bool(const SchemaObject&)>& wanted);

}  // namespace rehearse::postgresql
