// A drill's evidence in a folder, with proofs and a verifier that uses no code of ours.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "orchestrator/audit/merkle.h"
#include "orchestrator/base/json.h"
#include "orchestrator/ledger/audit_log.h"

namespace rehearse {

/// The log as its newest checkpoint signs it.
struct SignedTree {
    std::string note{};
    MerkleTree tree{};
};
/// Fails: invalid_input where nothing was signed yet, permanent where an entry is missing.
[[nodiscard]] SignedTree signed_tree(AuditLog& log);
[[nodiscard]] json::array hex_array(const std::vector<TreeHash>& hashes);

/// Writes checkpoint, entries with proofs, one file for each document, verify.py. Fails: refused where the
/// folder is there already, permanent where the log and the ledger's rows do not agree.
void write_bundle(AuditLog& log, const DrillId& drill, const std::filesystem::path& folder);

}  // namespace rehearse
