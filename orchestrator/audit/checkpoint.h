// Checkpoints of the audit log: C2SP tlog-checkpoint in a signed note with Ed25519, which public tools
// verify.
#pragma once

#include <cstdint>
#include <string>

#include "orchestrator/audit/merkle.h"
#include "orchestrator/base/secret.h"

namespace rehearse {

struct Checkpoint {
    std::string origin{};  // of which log
    std::uint64_t size = 0;
    TreeHash root{};
};

/// A log's signing key. Its origin is "rehearse/" and the beginning of the public key's SHA-256, so that no
/// two workspaces' logs are taken for one another.
class AuditKey {
  public:
    /// 32 bytes in hex (random_hex(32)). Fails: permanent for anything else.
    explicit AuditKey(const Secret& seed);

    [[nodiscard]] const std::string& origin() const noexcept { return origin_; }
    /// The verifier key in signed-note form: origin+hash+base64. Public; whoever verifies keeps it elsewhere.
    [[nodiscard]] const std::string& verifier() const noexcept { return verifier_; }
    /// The signed note of a log of this size and root.
    [[nodiscard]] std::string sign(std::uint64_t size, const TreeHash& root) const;

  private:
    Secret seed_;
    std::string origin_, id_, verifier_;
};

/// Reads a note and checks its signature. Fails: invalid_input for another form, another origin, another key,
/// a signature that does not verify, and any byte too many.
[[nodiscard]] Checkpoint open_checkpoint(const std::string& note, const std::string& verifier);

}  // namespace rehearse
