// Reading and verifying SSHSIG.
#include "orchestrator/guard/ssh_signature.h"

#include <openssl/evp.h>

#include "orchestrator/guard/ssh_key.h"
#include "orchestrator/guard/ssh_wire.h"

namespace rehearse {

namespace {

constexpr std::string_view begins = "-----BEGIN SSH SIGNATURE-----";
constexpr std::string_view ends = "-----END SSH SIGNATURE-----";
constexpr std::string_view magic = "SSHSIG";
constexpr std::size_t longest_armor = 64U << 10U;

std::string hashed(const std::string& algorithm, std::string_view message) {
    const EVP_MD* hash = algorithm == "sha256" ? EVP_sha256() : EVP_sha512();
    std::string out(static_cast<std::size_t>(EVP_MD_get_size(hash)), '\0');
    if (EVP_Digest(message.data(), message.size(), reinterpret_cast<unsigned char*>(out.data()), nullptr,
                   hash, nullptr) != 1) {
        malformed("the message can't be hashed");
    }
    return out;
}

/// The base64 between the two lines of dashes, on one line.
std::string unarmored(std::string_view armored) {
    if (armored.size() > longest_armor) malformed("it is too long");
    while (armored.ends_with('\n') || armored.ends_with('\r')) armored.remove_suffix(1);
    if (!armored.starts_with(begins) || !armored.ends_with(ends) ||
        armored.size() < begins.size() + ends.size()) {
        malformed("it does not stand between '" + std::string(begins) + "' and '" + std::string(ends) + "'");
    }
    std::string text;
    for (const char c : armored.substr(begins.size(), armored.size() - begins.size() - ends.size())) {
        if (c != '\n' && c != '\r') text += c;
    }
    return text;
}

}  // namespace

SshSignature read_ssh_signature(std::string_view armored) {
    const std::string wire = from_base64(unarmored(armored));
    SshReader reader(wire);
    if (reader.bytes(magic.size()) != magic) malformed("it is no SSH signature");
    if (const std::uint32_t version = reader.number(); version != 1)
        malformed("it has version " + std::to_string(version) + ", not 1");
    SshSignature signature{.key = std::string(reader.text()), .name_space = std::string(reader.text())};
    if (!reader.text().empty()) malformed("its reserved field is not empty");
    signature.hash = std::string(reader.text());
    if (signature.hash != "sha256" && signature.hash != "sha512")
        malformed("its hash is neither sha256 nor sha512");
    signature.signature = std::string(reader.text());
    reader.end();
    return signature;
}

bool is_good(const SshSignature& signature, std::string_view message, std::string_view name_space) {
    if (signature.name_space != name_space) return false;
    const std::string signed_bytes = std::string(magic) + ssh_text(signature.name_space) + ssh_text("") +
                                     ssh_text(signature.hash) + ssh_text(hashed(signature.hash, message));
    return is_signed_by(signature.key, signature.signature, signed_bytes);
}

}  // namespace rehearse
