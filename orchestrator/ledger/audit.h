// The audit log's part of every commit: an entry of the Merkle tree beside each row that tells something.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/audit/merkle.h"
#include "orchestrator/base/ids.h"
#include "orchestrator/ledger/database.h"

namespace rehearse {

/// What an entry says in clear; what it tells of is named by the SHA-256 of its document.
struct AuditEntry {
    std::string_view kind;  // "event", "approval", ...
    std::string environment{}, drill{}, actor{};
    WallTime at{};
};

/// Appends an entry over a document. Called inside the transaction that writes what it tells.
void record(Database& database, const AuditEntry& entry, std::string_view document);
/// The same over a row, as row_document() writes it: `row` stands before its only row.
void record_row(Database& database, const AuditEntry& entry, Query& row);
/// A row in canonical JSON, column by column.
[[nodiscard]] std::string row_document(const Query& row);

/// The rows of a drill that have entries, in the columns that never change. Each takes the drill's id; an
/// event its sequence, too; the last three the proposal's nonce.
namespace audited {
inline constexpr std::string_view drill =
    "SELECT id, environment, playbook, kind, begun_state, plan_hash, release, actor, actor_kind, host, "
    "versions, "
    "started_ns, seal FROM drills WHERE id = ?";
inline constexpr std::string_view event = "SELECT * FROM drill_events WHERE drill = ? AND sequence = ?";
inline constexpr std::string_view end = "SELECT id, state, verdict, ended_ns FROM drills WHERE id = ?";
inline constexpr std::string_view proposal = "SELECT * FROM proposals WHERE nonce = ?";
inline constexpr std::string_view approval = "SELECT * FROM approvals WHERE nonce = ? ORDER BY number DESC";
inline constexpr std::string_view use = "SELECT * FROM approved_runs WHERE nonce = ? AND drill = ?";
}  // namespace audited

/// The documents that the ledger's rows give now for a drill, and for the approvals that it used.
[[nodiscard]] std::vector<std::string> audit_documents(Database& database, const DrillId& drill);
/// Rows of drills whose document no entry has: they were changed, or written past the log.
void check_audited(Database& database, std::vector<std::string>& findings);

/// The tree as it was last committed.
[[nodiscard]] CompactRange audit_tree(Database& database);

}  // namespace rehearse
