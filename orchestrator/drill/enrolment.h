// Enrolling: ties an environment's name to live identities, by a record in the ledger and a signed marker
// beside each resource.
#pragma once

#include <vector>

#include "orchestrator/drill/world.h"

namespace rehearse {

struct EnrolRequest {
    const Environment& environment;
    bool read_only = false;  // records identities, plants nothing
    bool replace = false;    // takes over resources whose marker is another environment's or workspace's
};

/// Every resource must be there. Takes the environment's lease meanwhile. Fails: refused for class production
/// without read_only, for a resource that carries somebody else's marker, and while a drill runs; permanent
/// where a resource is absent.
[[nodiscard]] Task<Enrolment> enroll(World& world, EnrolRequest request);

}  // namespace rehearse
