// Digests over OpenSSL's EVP; its errors can only mean lack of memory or a broken installation.
#include "orchestrator/base/digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include "orchestrator/base/failure.h"
#include "orchestrator/base/handle.h"

namespace rehearse {

namespace {

void require(bool worked, const char* what) {
    if (worked) return;
    throw Failure({.kind = FailureKind::permanent,
                   .operation = "digest",
                   .object = what,
                   .native_code = {},
                   .message = "OpenSSL refused",
                   .remedy = "check the OpenSSL installation"});
}

std::string to_hex(const unsigned char* bytes, std::size_t count) {
    static constexpr char digits[] = "0123456789abcdef";
    std::string text(count * 2, '0');
    for (std::size_t i = 0; i < count; ++i) {
        text[2 * i] = digits[bytes[i] >> 4U];
        text[2 * i + 1] = digits[bytes[i] & 15U];
    }
    return text;
}

}  // namespace

struct Digest::State {
    Handle<EVP_MD_CTX, EVP_MD_CTX_free> context{EVP_MD_CTX_new()};
};

Digest::Digest(Algorithm algorithm) : state_(std::make_unique<State>()) {
    require(state_->context != nullptr &&
                EVP_DigestInit_ex(state_->context.get(),
                                  algorithm == Algorithm::sha1 ? EVP_sha1() : EVP_sha256(), nullptr) == 1,
            "start");
}
Digest::~Digest() = default;
Digest::Digest(Digest&&) noexcept = default;
Digest& Digest::operator=(Digest&&) noexcept = default;

void Digest::update(std::string_view bytes) {
    require(EVP_DigestUpdate(state_->context.get(), bytes.data(), bytes.size()) == 1, "update");
}

std::string Digest::raw() {
    unsigned char bytes[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    require(EVP_DigestFinal_ex(state_->context.get(), bytes, &size) == 1, "finish");
    return {reinterpret_cast<const char*>(bytes), size};
}

std::string Digest::hex() {
    const std::string bytes = raw();
    return to_hex(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
}

std::string sha256_hex(std::string_view bytes) {
    Digest digest(Digest::Algorithm::sha256);
    digest.update(bytes);
    return digest.hex();
}

Digest git_blob_digest(std::uint64_t size) {
    Digest digest(Digest::Algorithm::sha1);
    std::string header = "blob " + std::to_string(size);
    header.push_back('\0');
    digest.update(header);
    return digest;
}

BlobId git_blob_id(std::string_view content) {
    Digest digest = git_blob_digest(content.size());
    digest.update(content);
    return BlobId(digest.hex());
}

std::string hmac_sha256_hex(std::string_view key, std::string_view bytes) {
    unsigned char result[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    require(
        HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
             reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), result, &size) != nullptr,
        "hmac");
    return to_hex(result, size);
}

std::string random_hex(std::size_t bytes) {
    std::string raw(bytes, '\0');
    require(RAND_bytes(reinterpret_cast<unsigned char*>(raw.data()), static_cast<int>(bytes)) == 1, "random");
    return to_hex(reinterpret_cast<const unsigned char*>(raw.data()), bytes);
}

bool equal_digests(std::string_view a, std::string_view b) {
    return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace rehearse
