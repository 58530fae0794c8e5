// Names of the ledger port's values.
#include "orchestrator/ports/ledger.h"

namespace rehearse {

std::string_view to_string(DueFate fate) {
    switch (fate) {
        case DueFate::ran:
            return "ran";
        case DueFate::refused:
            return "refused";
        case DueFate::skipped:
            return "skipped";
        case DueFate::missed:
            return "missed";
    }
    return "missed";
}

}  // namespace rehearse
