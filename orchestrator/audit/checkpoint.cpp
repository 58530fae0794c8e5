// Signed notes: text, an empty line, "— name base64(key id, signature)".
#include "orchestrator/audit/checkpoint.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>
#include <utility>

#include "orchestrator/base/digest.h"
#include "orchestrator/base/failure.h"
#include "orchestrator/base/handle.h"

namespace rehearse {

namespace {

using Key = Handle<EVP_PKEY, EVP_PKEY_free>;
using Context = Handle<EVP_MD_CTX, EVP_MD_CTX_free>;

constexpr std::size_t key_bytes = 32, signature_bytes = 64, id_bytes = 4;
constexpr std::string_view dash = "\xe2\x80\x94 ";

Failure invalid(const std::string& object, std::string message) {
    return Failure(
        {.kind = FailureKind::invalid_input,
         .operation = "read checkpoint",
         .object = object,
         .native_code = {},
         .message = std::move(message),
         .remedy = "compare it with the copy in the second place, and with the log's verifier key"});
}

Failure bad_key() {
    return Failure({.kind = FailureKind::permanent,
                    .operation = "read key",
                    .object = "keys/audit.key",
                    .native_code = {},
                    .message = "the audit log's key is damaged",
                    .remedy = "bring the file back from a backup"});
}

const unsigned char* octets(std::string_view bytes) {
    return reinterpret_cast<const unsigned char*>(bytes.data());
}

std::string base64(std::string_view bytes) {
    std::string text(4 * ((bytes.size() + 2) / 3) + 1, '\0');
    const int count = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), octets(bytes),
                                      static_cast<int>(bytes.size()));
    text.resize(static_cast<std::size_t>(count));
    return text;
}

/// Empty for anything that is not the one encoding of `size` bytes.
std::string from_base64(std::string_view text, std::size_t size) {
    if (text.size() != 4 * ((size + 2) / 3)) return {};
    std::string bytes(text.size(), '\0');
    if (EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()), octets(text),
                        static_cast<int>(text.size())) < 0)
        return {};
    bytes.resize(size);
    return base64(bytes) == text ? bytes : std::string();
}

std::string sha256_raw(std::string_view bytes) {
    Digest digest(Digest::Algorithm::sha256);
    digest.update(bytes);
    return digest.raw();
}

/// "\1" stands for Ed25519.
std::string key_id(std::string_view name, std::string_view typed_key) {
    return sha256_raw(std::string(name) + "\n" + std::string(typed_key)).substr(0, id_bytes);
}

std::string text_of(const Checkpoint& checkpoint) {
    const std::string_view root(reinterpret_cast<const char*>(checkpoint.root.data()),
                                checkpoint.root.size());
    return checkpoint.origin + "\n" + std::to_string(checkpoint.size) + "\n" + base64(root) + "\n";
}

std::string hex_of(std::string_view bytes) {
    static constexpr char digits[] = "0123456789abcdef";
    std::string text;
    for (const char c : bytes) {
        text += digits[static_cast<unsigned char>(c) >> 4U];
        text += digits[static_cast<unsigned char>(c) & 15U];
    }
    return text;
}

Key private_key(const Secret& seed) {
    const TreeHash bytes = tree_hash_from_hex(seed.reveal());
    return Key(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, bytes.data(), bytes.size()));
}

}  // namespace

AuditKey::AuditKey(const Secret& seed) : seed_(seed) {
    std::array<unsigned char, key_bytes> raw{};
    std::size_t count = raw.size();
    try {
        const Key key = private_key(seed_);
        if (!key || EVP_PKEY_get_raw_public_key(key.get(), raw.data(), &count) != 1) throw bad_key();
    } catch (const Failure&) {
        throw bad_key();
    }
    const std::string open = "\1" + std::string(raw.begin(), raw.end());
    origin_ = "rehearse/" + hex_of(sha256_raw(open)).substr(0, 16);
    id_ = key_id(origin_, open);
    verifier_ = origin_ + "+" + hex_of(id_) + "+" + base64(open);
}

std::string AuditKey::sign(std::uint64_t size, const TreeHash& root) const {
    const std::string text = text_of({.origin = origin_, .size = size, .root = root});
    const Key key = private_key(seed_);
    const Context context(EVP_MD_CTX_new());
    std::string signature(signature_bytes, '\0');
    std::size_t count = signature.size();
    if (!key || !context || EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key.get()) != 1 ||
        EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &count,
                       octets(text), text.size()) != 1)
        throw bad_key();
    return text + "\n" + std::string(dash) + origin_ + " " + base64(id_ + signature) + "\n";
}

Checkpoint open_checkpoint(const std::string& note, const std::string& verifier) {
    const auto first = verifier.find('+');
    const auto second = first == std::string::npos ? first : verifier.find('+', first + 1);
    if (second == std::string::npos) throw invalid(verifier, "this is no verifier key: name+hash+key");
    const std::string name = verifier.substr(0, first);
    const std::string open = from_base64(std::string_view(verifier).substr(second + 1), key_bytes + 1);
    if (open.empty() || open[0] != '\1' ||
        hex_of(key_id(name, open)) != verifier.substr(first + 1, second - first - 1))
        throw invalid(verifier, "this verifier key is damaged, or not for Ed25519");

    const auto end_of_text = note.find("\n\n");
    if (end_of_text == std::string::npos) throw invalid(name, "the checkpoint carries no signature");
    const std::string text = note.substr(0, end_of_text + 1);
    const std::string before = std::string(dash) + name + " ";
    const std::string_view line = std::string_view(note).substr(end_of_text + 2);
    if (!line.starts_with(before) || !line.ends_with('\n'))
        throw invalid(name, "the checkpoint is signed by another log's key");
    const std::string signed_by =
        from_base64(line.substr(before.size(), line.size() - before.size() - 1), id_bytes + signature_bytes);
    if (signed_by.empty() || !signed_by.starts_with(key_id(name, open)))
        throw invalid(name, "the checkpoint's signature is damaged, or of another key");
    const Key key(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, octets(open) + 1, key_bytes));
    const Context context(EVP_MD_CTX_new());
    if (!key || !context || EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key.get()) != 1 ||
        EVP_DigestVerify(context.get(), octets(signed_by) + id_bytes, signature_bytes, octets(text),
                         text.size()) != 1)
        throw invalid(name, "the checkpoint's signature does not verify");

    Checkpoint checkpoint;
    const auto size_at = text.find('\n') + 1;
    const auto root_at = text.find('\n', size_at) + 1;
    checkpoint.origin = text.substr(0, size_at - 1);
    const std::string root =
        root_at == 0 ? ""
                     : from_base64(std::string_view(text).substr(root_at, text.size() - root_at - 1), 32);
    const char* size_end = text.data() + (root_at == 0 ? size_at : root_at - 1);
    const auto [end, error] = std::from_chars(text.data() + size_at, size_end, checkpoint.size);
    if (root.empty() || error != std::errc() || end != size_end)
        throw invalid(name, "the checkpoint has another form than origin, size, root");
    std::copy(root.begin(), root.end(), checkpoint.root.begin());
    if (checkpoint.origin != name || text_of(checkpoint) != text)
        throw invalid(name, "the checkpoint is of another log: " + checkpoint.origin);
    return checkpoint;
}

}  // namespace rehearse
