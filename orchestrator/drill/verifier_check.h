// Stage: the verifier is checked. A pass from a verifier that was never seen to fail proves little: on
// request one item of each restored resource is broken, the verifier must see it, and the item is put back.
#pragma once

#include "orchestrator/drill/execution.h"

namespace rehearse {

/// After a pass, and after every clock was read: destroys one named item of each resource that the plan
/// destroys, captures, compares, and restores (the caller compares again). What was seen goes into the
/// journal. `proved`: the snapshot of the pass; what changed since is not broken. Nothing is broken while the
/// kill switch is on, and never in a drill that was resumed. False where nothing was broken. Fails: refused
/// where the lease was lost; another one restores then.
[[nodiscard]] Task<bool> check_verifier(Execution& execution, const TakenSnapshot& proved);

}  // namespace rehearse
