// Keys by OpenSSL, one reader for each kind.
#include "orchestrator/guard/ssh_key.h"

#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include <algorithm>
#include <array>
#include <optional>

#include "orchestrator/base/digest.h"
#include "orchestrator/base/handle.h"
#include "orchestrator/guard/ssh_wire.h"

namespace rehearse {

namespace {

using Key = Handle<EVP_PKEY, EVP_PKEY_free>;
using KeyContext = Handle<EVP_PKEY_CTX, EVP_PKEY_CTX_free>;
using DigestContext = Handle<EVP_MD_CTX, EVP_MD_CTX_free>;
using Number = Handle<BIGNUM, BN_free>;
using Parameters = Handle<OSSL_PARAM, OSSL_PARAM_free>;
using ParameterBuilder = Handle<OSSL_PARAM_BLD, OSSL_PARAM_BLD_free>;
using EcdsaSignature = Handle<ECDSA_SIG, ECDSA_SIG_free>;

constexpr std::uint8_t user_was_present = 0x01;
constexpr int least_rsa_bits = 2048, most_rsa_bits = 16384;

const unsigned char* octets(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

Number number_from(std::string_view octets_of_it) {
    return Number(BN_bin2bn(octets(octets_of_it), static_cast<int>(octets_of_it.size()), nullptr));
}

struct Curve {
    std::string_view name;    // in SSH
    const char* group;        // in OpenSSL
    const EVP_MD* (*hash)();  // RFC 5656, section 6.2.1
};
constexpr std::array curves{Curve{"nistp256", "prime256v1", EVP_sha256},
                            Curve{"nistp384", "secp384r1", EVP_sha384},
                            Curve{"nistp521", "secp521r1", EVP_sha512}};

enum class Kind { ed25519, ecdsa, rsa };

struct PublicKey {
    std::string_view type;
    Kind kind = Kind::ed25519;
    Key key;
    const Curve* curve = nullptr;                   // ecdsa
    std::optional<std::string_view> application{};  // of a hardware key
};

Key key_from(const char* algorithm, OSSL_PARAM* parameters) {
    const KeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, algorithm, nullptr));
    EVP_PKEY* key = nullptr;
    if (!context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
        EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, parameters) != 1) {
        malformed("its key is not a valid " + std::string(algorithm) + " key");
    }
    return Key(key);
}

Key ed25519_key(std::string_view point) {
    Key key(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, octets(point), point.size()));
    if (point.size() != 32 || !key) malformed("its key is not a valid ed25519 key");
    return key;
}

Key ecdsa_key(const Curve& curve, std::string_view point) {
    // Only the uncompressed form, as OpenSSH has it.
    if (point.empty() || point.front() != '\x04') malformed("its key's point is not in uncompressed form");
    const ParameterBuilder builder(OSSL_PARAM_BLD_new());
    OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, curve.group, 0);
    OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size());
    const Parameters parameters(OSSL_PARAM_BLD_to_param(builder.get()));
    return key_from("EC", parameters.get());
}

Key rsa_key(std::string_view exponent, std::string_view modulus) {
    const Number e = number_from(exponent), n = number_from(modulus);
    const int bits = BN_num_bits(n.get());
    if (bits < least_rsa_bits || bits > most_rsa_bits) {
        malformed("its RSA key has " + std::to_string(bits) + " bits; " + std::to_string(least_rsa_bits) +
                  " to " + std::to_string(most_rsa_bits) + " count");
    }
    if (BN_is_odd(e.get()) == 0 || BN_is_one(e.get()) != 0) malformed("its RSA key's exponent is weak");
    const ParameterBuilder builder(OSSL_PARAM_BLD_new());
    OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get());
    OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get());
    const Parameters parameters(OSSL_PARAM_BLD_to_param(builder.get()));
    return key_from("RSA", parameters.get());
}

const Curve& curve_of(std::string_view type, std::string_view name) {
    for (const Curve& curve : curves) {
        if (curve.name == name && type.find(curve.name) != std::string_view::npos) return curve;
    }
    malformed("its key's curve does not fit its kind");
}

PublicKey read_key(std::string_view wire) {
    SshReader reader(wire);
    PublicKey key{.type = reader.text()};
    if (key.type == "ssh-ed25519" || key.type == "sk-ssh-ed25519@openssh.com") {
        key.key = ed25519_key(reader.text());
    } else if (key.type == "ecdsa-sha2-nistp256" || key.type == "ecdsa-sha2-nistp384" ||
               key.type == "ecdsa-sha2-nistp521" || key.type == "sk-ecdsa-sha2-nistp256@openssh.com") {
        key.kind = Kind::ecdsa;
        key.curve = &curve_of(key.type, reader.text());
        key.key = ecdsa_key(*key.curve, reader.text());
    } else if (key.type == "ssh-rsa") {
        key.kind = Kind::rsa;
        const std::string_view exponent = reader.integer();
        key.key = rsa_key(exponent, reader.integer());
    } else {
        const std::string type(key.type.substr(0, 60));
        malformed("keys of kind '" + type + "' don't count; use ed25519, ecdsa, rsa, or a hardware key");
    }
    if (key.type.starts_with("sk-")) key.application = reader.text();
    reader.end();
    return key;
}

bool verify(EVP_PKEY* key, const EVP_MD* hash, std::string_view signature, std::string_view message) {
    const DigestContext context(EVP_MD_CTX_new());
    if (!context || EVP_DigestVerifyInit(context.get(), nullptr, hash, nullptr, key) != 1) return false;
    return EVP_DigestVerify(context.get(), octets(signature), signature.size(), octets(message),
                            message.size()) == 1;
}

/// SSH's pair of numbers as the DER that OpenSSL reads.
std::string ecdsa_der(std::string_view pair) {
    SshReader reader(pair);
    Number r = number_from(reader.integer()), s = number_from(reader.integer());
    reader.end();
    const EcdsaSignature signature(ECDSA_SIG_new());
    if (ECDSA_SIG_set0(signature.get(), r.get(), s.get()) != 1) malformed("its numbers can't be read");
    (void)r.release();
    (void)s.release();
    unsigned char* bytes = nullptr;
    const int size = i2d_ECDSA_SIG(signature.get(), &bytes);
    if (size <= 0) malformed("its numbers can't be read");
    std::string der(reinterpret_cast<char*>(bytes), static_cast<std::size_t>(size));
    OPENSSL_free(bytes);
    return der;
}

std::string sha256_raw(std::string_view bytes) {
    Digest digest(Digest::Algorithm::sha256);
    digest.update(bytes);
    return digest.raw();
}

}  // namespace

std::string fingerprint(std::string_view key) {
    std::string text = to_base64(sha256_raw(key));
    while (text.ends_with('=')) text.pop_back();
    return "SHA256:" + text;
}

void require_usable_key(std::string_view key) { (void)read_key(key); }

bool is_signed_by(std::string_view wire, std::string_view signature, std::string_view message) {
    const PublicKey key = read_key(wire);
    SshReader reader(signature);
    const std::string_view type = reader.text();
    std::string value(reader.text());
    std::string signed_bytes(message);
    if (key.application) {
        const std::uint8_t flags = reader.byte();
        const std::string_view counter = reader.bytes(4);
        if ((flags & user_was_present) == 0) malformed("its hardware key was not touched");
        signed_bytes = sha256_raw(*key.application) + static_cast<char>(flags) + std::string(counter) +
                       sha256_raw(message);
    }
    reader.end();
    if (key.kind == Kind::rsa) {
        const bool long_hash = type == "rsa-sha2-512";
        if (!long_hash && type != "rsa-sha2-256") malformed("RSA signatures count with SHA-256 or SHA-512");
        const auto size = static_cast<std::size_t>(EVP_PKEY_get_size(key.key.get()));
        // Leading zeros may have been dropped on the way.
        if (value.size() < size) value.insert(0, size - value.size(), '\0');
        return verify(key.key.get(), long_hash ? EVP_sha512() : EVP_sha256(), value, signed_bytes);
    }
    if (type != key.type) malformed("its kind does not fit its key");
    if (key.kind == Kind::ed25519) return verify(key.key.get(), nullptr, value, signed_bytes);
    return verify(key.key.get(), key.curve->hash(), ecdsa_der(value), signed_bytes);
}

}  // namespace rehearse
