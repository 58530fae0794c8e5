// A database's schema as a list of objects in the order in which they can be made, and its form in a
// snapshot: one file per object below schema/, and two lists that say the order.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/ports/tree.h"

namespace rehearse::postgresql {

/// One entry of pg_dump's output.
struct SchemaObject {
    std::string type{};       // "TABLE", "FK CONSTRAINT", "ACL": pg_dump's words
    std::string space{};      // its schema; empty: of the database itself
    std::string name{};       // pg_dump's tag: "orders", "orders orders_pkey", "TABLE orders"
    std::string header{};     // the comment line that names it, as pg_dump writes it
    std::string text{};       // the statements, ready to run
    bool after_rows = false;  // made once the rows are there: indexes, constraints, triggers, rights

    auto operator<=>(const SchemaObject&) const = default;
};
using Schema = std::vector<SchemaObject>;

/// Cuts pg_dump's plain text into its objects. Quotes, dollar quotes and comments are followed, so that a
/// function's body can't pass for an object. Version lines and settings of the session are left out; a table
/// space or an access method is put into the text of the object that it is for.
[[nodiscard]] Schema parse_dump(std::string_view dump);
/// One object as a file of a snapshot holds it: its header, then its text. Fails: permanent.
[[nodiscard]] SchemaObject parse_object(std::string_view file, bool after_rows);

/// Objects whose rows come from a query rather than from the snapshot.
[[nodiscard]] inline bool refreshes(const SchemaObject& object) {
    return object.type == "MATERIALIZED VIEW DATA";
}

/// "in/public/table/orders": where an object stands, whatever others of its name there are.
[[nodiscard]] std::string schema_path(const SchemaObject& object);
/// The files of all objects: "in/public/table/orders.sql"; equal names get ~2, ~3 in order.
[[nodiscard]] std::vector<std::string> schema_paths(const Schema& schema);

/// Below `writer`: schema/before-rows, schema/after-rows (the order) and schema/objects/...
void write_schema(TreeWriter& writer, const Schema& schema);
[[nodiscard]] Schema read_schema(const TreeReader& tree);

/// For messages: `table public.orders`.
[[nodiscard]] std::string describe(const SchemaObject& object);

}  // namespace rehearse::postgresql
