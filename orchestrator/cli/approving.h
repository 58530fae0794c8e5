// Shared by `plan`, `run`, `approve`, `deny` and `policy`: proposals, where they stand, and who may act.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "orchestrator/cli/host.h"
#include "orchestrator/cli/workspace.h"
#include "orchestrator/drill/plan.h"
#include "orchestrator/guard/approvals.h"

namespace rehearse {

[[nodiscard]] Requester requester(const Host& host);

/// Fails: refused where a policy is in force that does not let the host's actor do it, or that can't be read.
/// Without a policy everybody may.
void require_may(const Host& host, Workspace& workspace, PolicyAct act);

/// The policy in force. Fails: refused where there is none, or it can't be read.
[[nodiscard]] PolicyInForce require_policy(Workspace& workspace);

/// Keeps what waits for approvals, so that an approver can see it; one that is open already stays as it is.
void propose(const Host& host, Workspace& workspace, Proposal proposal);
/// The same for a plan that needs approvals; true where it waits for them. Not kept where a resource could
/// not be read, where no policy says who approves, or where the actor may not propose.
bool propose_plan(const Host& host, Workspace& workspace, const PlanView& view);

/// "... waits for approval: 'rehearse approve sha256:...'".
[[nodiscard]] std::string waits_text(const PlanView& view);

/// Where a proposal stands.
struct Progress {
    int needed = 0;
    Tally counted{};
    std::string closed{};  // why nothing can be said to it any more; empty: it is open
};
[[nodiscard]] Progress where_it_stands(const ProposalRecord& record, const PolicyInForce& policy,
                                       const std::vector<Requester>& also, WallTime now);

/// The newest proposal whose subject begins with `subject`. Fails: invalid_input where there is none, or the
/// beginning fits several.
[[nodiscard]] ProposalRecord find_proposal(Workspace& workspace, const std::string& subject);

/// "2 of 3 approvals: ada, ben", with what was not counted.
[[nodiscard]] std::string text_of(const Progress& progress);
/// Schema rehearse.proposal/v1.
[[nodiscard]] json::object to_json(const ProposalRecord& record, const Progress& progress);

/// What the policy says, for people.
[[nodiscard]] std::string policy_text(const Policy& policy);

}  // namespace rehearse
