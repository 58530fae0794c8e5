// The drill: all branching of the story plan -> lease -> snapshot -> guard -> destroy -> restore -> verify ->
// verdict.
#pragma once

#include "orchestrator/drill/plan.h"
#include "orchestrator/drill/world.h"
#include "orchestrator/model/drill.h"

namespace rehearse {

struct DrillOutcome {
    DrillRecord record;                        // with verdict and the rehearse.drill/v1 document
    std::optional<std::string> alarm_problem;  // a quarantine whose alarm could not be delivered
};

/// Runs an approved plan to its verdict. Everything it does is in the ledger. Refusals are verdicts, not
/// errors. Fails: permanent where the ledger can't be written; refused where the lease was lost; in both
/// cases 'rehearse resume' goes on.
[[nodiscard]] Task<DrillOutcome> run_drill(World& world, const PlanView& view);

/// Records a plan that the guard's first phase refused. No lease is taken, nothing is touched.
[[nodiscard]] Task<DrillOutcome> record_refusal(World& world, const PlanView& view);

}  // namespace rehearse
