// Stage: destroy. Dependents first, one step at a time, each with a durable intent and on condition of the
// expected identity.
#pragma once

#include <functional>
#include <stop_token>
#include <string>

#include "orchestrator/drill/execution.h"

namespace rehearse {

struct Destroyed {
    bool complete = false;  // every step was done and the absence of every named item was seen
    std::string why;        // where not complete
};

/// Runs the plan's destroy steps. `damage_begins` is called with the clock damage_began, right before the
/// first effect: it starts the probes. Never throws for a failed effect: what was begun counts as touched.
/// Fails: refused where the journal can't be written (a lost lease): nothing more may be changed then.
[[nodiscard]] Task<Destroyed> destroy(Execution& execution, std::stop_token stop,
                                      std::function<void(SteadyTime)> damage_begins);

/// What changed in a resource since `snapshot` was taken, or why that could not be seen; empty: nothing, or
/// its adapter can't tell. What a neighbour wrote there would be lost by destroying and restoring.
[[nodiscard]] Task<std::string> drift_since(Execution& execution, const TakenSnapshot& snapshot,
                                            ResourceName resource);

/// Destroys what `step` names, in the stage `perturb`: to see whether the verifier tells. Empty, or why it
/// was not done. The caller restores. Fails as destroy() does.
[[nodiscard]] Task<std::string> perturb(Execution& execution, PlanStep step);

}  // namespace rehearse
