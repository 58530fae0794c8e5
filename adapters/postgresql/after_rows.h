// What is made once the rows are there, with as much at once as the objects' dependencies allow.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "adapters/postgresql/jobs.h"
#include "adapters/postgresql/problems.h"
#include "adapters/postgresql/schema.h"

namespace rehearse::postgresql {

/// Objects that follow the rows, sorted into what may run together.
class AfterRows {
  public:
    /// `to_make` are objects of `schema`, in its order. `problems`: as make_objects() takes them.
    AfterRows(const Schema& schema, const std::vector<const SchemaObject*>& to_make,
              Problems* problems = nullptr);

    /// Adds the jobs for the indexes and keys of one table whose rows are there.
    void add_indexes(Jobs& jobs, const std::string& table) const;
    /// Tables that have indexes or keys to make.
    [[nodiscard]] std::vector<std::string> tables() const;
    /// Attaches indexes whose tables are attached already, so that a partition with partitions of its own has
    /// whole indexes before it joins its parent. The others are left to make_rest().
    void attach_early(Connection& connection) const;
    /// The rest, once all tables have their indexes: attached indexes, foreign keys, then all in order.
    void make_rest(const Connections& connections) const;

  private:
    struct OfTable {
        std::vector<const SchemaObject*> constraints, indexes;
    };
    std::map<std::string, OfTable> of_tables_;
    std::vector<const SchemaObject*> attached_;
    std::vector<const SchemaObject*> foreign_keys_;
    std::vector<const SchemaObject*> rest_;
    Problems* problems_;
};

/// The table that an index, a constraint or a CREATE TABLE is about, quoted as in the text; empty: unknown.
[[nodiscard]] std::string table_of(const SchemaObject& object);
/// The table that a foreign key refers to.
[[nodiscard]] std::string referenced_table(const SchemaObject& foreign_key);

}  // namespace rehearse::postgresql
