// Seals by SHA-256.
#include "orchestrator/ledger/seal.h"

#include "orchestrator/base/digest.h"

namespace rehearse {

std::string seal(std::initializer_list<std::string_view> fields) {
    Digest digest(Digest::Algorithm::sha256);
    for (const auto field : fields) {
        digest.update(std::to_string(field.size()) + ":");
        digest.update(field);
    }
    return digest.hex();
}

}  // namespace rehearse
