// SSHSIG: the signatures of `ssh-keygen -Y sign` (OpenSSH's PROTOCOL.sshsig), parsed and verified by us, so
// that an approval needs no other program to be believed, and an auditor none of ours.
#pragma once

#include <string>
#include <string_view>

namespace rehearse {

struct SshSignature {
    std::string key{};         // wire form
    std::string name_space{};  // what it was made for
    std::string hash{};        // "sha256" or "sha512"
    std::string signature{};   // wire form
};

/// Reads the armored form. Fails: invalid_input for anything but one whole signature.
[[nodiscard]] SshSignature read_ssh_signature(std::string_view armored);

/// True where the signature is good over `message`, by the key that it holds, and made for `name_space`.
/// Whose key it is says AllowedSigners. Fails: invalid_input where key or signature can't be read.
[[nodiscard]] bool is_good(const SshSignature& signature, std::string_view message,
                           std::string_view name_space);

}  // namespace rehearse
