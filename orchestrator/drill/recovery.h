// Recovery: finishes what a crash left open, from the journal alone.
#pragma once

#include "orchestrator/drill/drill.h"

namespace rehearse {

/// Takes the drill over with a new epoch. Untouched: aborted. Possibly damaged: restored, verified, judged.
/// The world's adapters are those of the drill's environment. Fails: refused while its owner lives; as
/// run_drill() else.
[[nodiscard]] Task<DrillOutcome> resume_drill(World& world, DrillRecord record);

}  // namespace rehearse
