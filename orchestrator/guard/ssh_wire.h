// SSH's wire format (RFC 4251) and its base64, read strictly: whatever is cut, too long or left over is an
// error.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace rehearse {

/// Reads field by field. Each call fails with invalid_input where the bytes end too early.
class SshReader {
  public:
    explicit SshReader(std::string_view bytes) : rest_(bytes) {}

    [[nodiscard]] std::string_view bytes(std::size_t count);
    [[nodiscard]] std::uint8_t byte();
    [[nodiscard]] std::uint32_t number();
    /// A string with its length before it.
    [[nodiscard]] std::string_view text();
    /// A positive integer, most significant byte first, without leading zeros. Fails for a negative one.
    [[nodiscard]] std::string_view integer();
    /// Fails where something is left.
    void end() const;

  private:
    std::string_view rest_;
};

/// `text` with its length before it.
[[nodiscard]] std::string ssh_text(std::string_view text);

/// Fails: invalid_input for anything but canonical base64 (RFC 4648, padded, no white space).
[[nodiscard]] std::string from_base64(std::string_view text);
[[nodiscard]] std::string to_base64(std::string_view bytes);

/// Failure{invalid_input} about a key or a signature.
[[noreturn]] void malformed(const std::string& message);

}  // namespace rehearse
