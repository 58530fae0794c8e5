// A policy's files, read and compared with what is in force.
#pragma once

#include <string>

#include "orchestrator/cli/workspace.h"
#include "orchestrator/model/policy.h"

namespace rehearse {

struct PolicyFiles {
    Policy policy;
    std::string document;  // see policy_document()
    std::string digest;
};

/// policy.yaml and its allowed_signers, whole and without a problem. Fails: invalid_input with
/// file:line:column.
[[nodiscard]] PolicyFiles read_policy_files(const Workspace& workspace);

/// What the proposal changes, line by line, against the policy in force.
[[nodiscard]] std::string policy_change_text(Workspace& workspace, const Proposal& proposal);

}  // namespace rehearse
