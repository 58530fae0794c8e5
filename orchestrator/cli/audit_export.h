// The export of the audit log in the layout of C2SP tlog-tiles, written and checked.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "orchestrator/ledger/audit_log.h"

namespace rehearse {

/// Writes checkpoint, hash tiles and entry bundles of the log as its newest checkpoint signs it. Returns how
/// many entries. Fails: permanent (unwritable), invalid_input (nothing was signed yet).
std::uint64_t write_export(AuditLog& log, const std::filesystem::path& folder);
/// What is wrong with an export, from its files alone; `size` becomes the signed one. Never throws for
/// damage.
[[nodiscard]] std::vector<std::string> problems_of_export(const std::filesystem::path& folder,
                                                          const std::string& verifier,
                                                          const std::vector<std::string>& elsewhere,
                                                          std::uint64_t& size);
/// Fails: invalid_input where nothing was signed yet.
[[nodiscard]] KeptCheckpoint signed_checkpoint(AuditLog& log);

}  // namespace rehearse
