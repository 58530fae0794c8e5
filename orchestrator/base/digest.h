// Digests by OpenSSL: SHA-256 for proofs and plan hashes, git's blob id for tree equality, HMAC for markers.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "orchestrator/base/ids.h"

namespace rehearse {

/// A running digest. Feed it, then take the result once, in lower-case hex.
class Digest {
  public:
    enum class Algorithm { sha1, sha256 };
    explicit Digest(Algorithm algorithm);
    ~Digest();
    Digest(Digest&&) noexcept;
    Digest& operator=(Digest&&) noexcept;

    void update(std::string_view bytes);
    [[nodiscard]] std::string hex();
    /// 20 or 32 raw bytes.
    [[nodiscard]] std::string raw();

  private:
    struct State;
    std::unique_ptr<State> state_;
};

[[nodiscard]] std::string sha256_hex(std::string_view bytes);
/// The id git gives a blob with this content (SHA-1 over "blob <size>\0" and the bytes).
[[nodiscard]] BlobId git_blob_id(std::string_view content);
/// The same for content that arrives in pieces: start it with the whole size in bytes.
[[nodiscard]] Digest git_blob_digest(std::uint64_t size);
[[nodiscard]] std::string hmac_sha256_hex(std::string_view key, std::string_view bytes);
/// `bytes` random bytes from the kernel, in hex.
[[nodiscard]] std::string random_hex(std::size_t bytes);
/// Compares in constant time.
[[nodiscard]] bool equal_digests(std::string_view a, std::string_view b);

}  // namespace rehearse
