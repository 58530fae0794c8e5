// Signatures and keys of OpenSSH: SSHSIG, allowed_signers, and the wire format of keys.
#include "orchestrator/guard/allowed_signers.h"
#include "orchestrator/guard/ssh_key.h"
#include "orchestrator/guard/ssh_signature.h"
#include "orchestrator/guard/ssh_wire.h"
#include "tests/fuzz/fuzz.h"

using namespace rehearse;
using namespace rehearse::fuzz;

namespace {

void check_signature(std::string_view text) {
    const auto signature = accepted([&] { return read_ssh_signature(text); });
    if (!signature) return;
    const std::string wire = "SSHSIG" + std::string("\0\0\0\1", 4) + ssh_text(signature->key) +
                             ssh_text(signature->name_space) + ssh_text("") + ssh_text(signature->hash) +
                             ssh_text(signature->signature);
    const SshSignature again = read_ssh_signature("-----BEGIN SSH SIGNATURE-----\n" + to_base64(wire) +
                                                  "\n-----END SSH SIGNATURE-----\n");
    promise(again.key == signature->key && again.signature == signature->signature &&
                again.name_space == signature->name_space && again.hash == signature->hash,
            "a signature is all that its text says");
    const auto good = accepted([&] { return is_good(*signature, "approved\n", signature->name_space); });
    if (good.value_or(false)) {
        require_usable_key(signature->key);
        promise(!is_good(*signature, "approved", signature->name_space), "another text is not signed");
        promise(!is_good(*signature, "approved\n", signature->name_space + "x"),
                "what is made for one name space is no good for another");
    }
}

void check_signers(std::string_view text) {
    std::vector<AllowedSigner> signers;
    try {
        signers = read_allowed_signers(text, "input");
    } catch (const Failure& failure) {
        int line = 0;
        promise(
            std::sscanf(failure.fields().object.c_str(), "input:%d", &line) == 1 && is_inside(text, line, 1),
            "what can't be read is named by its line");
        return;
    }
    for (const AllowedSigner& signer : signers) {
        promise(is_inside(text, signer.line, 1), "a signer's line is in the file");
        require_usable_key(signer.key);
        promise(fingerprint(signer.key).starts_with("SHA256:"), "a key has a fingerprint");
        promise(!signer.valid_after || !signer.valid_before || *signer.valid_after < *signer.valid_before,
                "a key is valid for some time");
        (void)signer.problem("rehearse-approve-v1", WallTime{});
        (void)signer.names("ada@example.org");
    }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text = text_of(data, size);
    if (text.starts_with("-----")) {
        check_signature(text);
    } else {
        check_signers(text);
    }
    if (const auto bytes = accepted([&] { return from_base64(text); }))
        promise(to_base64(*bytes) == text, "base64 has one form");
    (void)accepted([&] { return require_usable_key(text), 0; });
    return 0;
}
