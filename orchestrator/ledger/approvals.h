// Proposals, approvals, denials and adopted policies. Rows are only ever added; what is read is checked
// against its digest or seal.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "orchestrator/ledger/database.h"
#include "orchestrator/model/approval.h"

namespace rehearse {

// Those that insert run inside a transaction of the caller.

void insert_proposal(Database& database, const Proposal& proposal);
/// Newest first, with everything that was said to each.
[[nodiscard]] std::vector<ProposalRecord> read_proposals(Database& database, const std::string& subject);
[[nodiscard]] std::vector<ProposalRecord> read_proposals_for(Database& database, const PlanHash& hash,
                                                             const EnvironmentName& environment);
void insert_approval(Database& database, const Approval& approval);
/// Uses up one run. Refused where the proposal is denied, expired or used up by now.
void use_proposal(Database& database, const std::string& nonce, const DrillId& drill, WallTime now);

void insert_policy(Database& database, const AdoptedPolicy& policy, const std::string& replaces);
[[nodiscard]] std::optional<AdoptedPolicy> newest_policy(Database& database);

}  // namespace rehearse
