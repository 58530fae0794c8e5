// Names of the snapshot store port's enumerations.
#include "orchestrator/ports/snapshot_store.h"

namespace rehearse {

std::string_view to_string(ChangeKind value) {
    switch (value) {
        case ChangeKind::missing:
            return "missing";
        case ChangeKind::extra:
            return "extra";
        case ChangeKind::changed:
            return "changed";
        case ChangeKind::metadata:
            return "metadata";
    }
    return "changed";
}

}  // namespace rehearse
