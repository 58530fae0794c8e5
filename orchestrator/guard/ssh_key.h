// OpenSSH's public keys: which kinds count, and whether a signature of theirs is good. OpenSSL does the
// arithmetic.
#pragma once

#include <string>
#include <string_view>

namespace rehearse {

/// "SHA256:..." as ssh-keygen -l prints it. `key` is the wire form, what stands base64 in a .pub file.
[[nodiscard]] std::string fingerprint(std::string_view key);

/// Fails: invalid_input where the wire form is no key of a kind that counts: ssh-ed25519,
/// ecdsa-sha2-nistp256, -384, -521, ssh-rsa from 2048 bits, sk-ssh-ed25519@openssh.com,
/// sk-ecdsa-sha2-nistp256@openssh.com.
void require_usable_key(std::string_view key);

/// True where `signature` (its wire form) is the key's over `message`. RSA counts with SHA-256 and SHA-512
/// only; a hardware key's only where somebody touched it. Fails: invalid_input where either can't be read.
[[nodiscard]] bool is_signed_by(std::string_view key, std::string_view signature, std::string_view message);

}  // namespace rehearse
