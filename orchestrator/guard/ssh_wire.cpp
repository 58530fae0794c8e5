// Reading SSH's wire format.
#include "orchestrator/guard/ssh_wire.h"

#include <openssl/evp.h>

#include "orchestrator/base/failure.h"

namespace rehearse {

void malformed(const std::string& message) {
    throw Failure({.kind = FailureKind::invalid_input,
                   .operation = "read signature",
                   .object = {},
                   .native_code = {},
                   .message = message,
                   .remedy = {}});
}

std::string_view SshReader::bytes(std::size_t count) {
    if (count > rest_.size()) malformed("it ends too early");
    const std::string_view taken = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return taken;
}

std::uint8_t SshReader::byte() { return static_cast<std::uint8_t>(bytes(1).front()); }

std::uint32_t SshReader::number() {
    std::uint32_t value = 0;
    for (int i = 0; i < 4; ++i) value = (value << 8U) | byte();
    return value;
}

std::string_view SshReader::text() { return bytes(number()); }

std::string_view SshReader::integer() {
    std::string_view value = text();
    if (value.empty() || (static_cast<unsigned char>(value.front()) & 0x80U) != 0)
        malformed("a number in it is not positive");
    if (value.front() == '\0') {
        value.remove_prefix(1);
        // A zero before a byte without the sign's bit is a second spelling of the same number.
        if (value.empty() || (static_cast<unsigned char>(value.front()) & 0x80U) == 0)
            malformed("a number in it is not in its shortest form");
    }
    return value;
}

void SshReader::end() const {
    if (!rest_.empty()) malformed("it has " + std::to_string(rest_.size()) + " bytes too many");
}

std::string ssh_text(std::string_view text) {
    std::string out;
    for (const unsigned shift : {24U, 16U, 8U, 0U}) out += static_cast<char>((text.size() >> shift) & 0xFFU);
    return out.append(text);
}

std::string to_base64(std::string_view bytes) {
    std::string out((bytes.size() + 2) / 3 * 4 + 1, '\0');
    const int size =
        EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                        reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
    out.resize(static_cast<std::size_t>(size));
    return out;
}

std::string from_base64(std::string_view text) {
    if (text.size() > (1U << 20U)) malformed("its base64 is too long");
    std::string out(text.size() / 4 * 3, '\0');
    const int size =
        EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                        reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
    const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with("=") ? 1 : 0;
    if (text.empty() || text.size() % 4 != 0 || size < static_cast<int>(padding))
        malformed("it is not base64");
    out.resize(static_cast<std::size_t>(size) - padding);
    // OpenSSL takes white space and stray bits; the one spelling that encoding gives is asked for.
    if (to_base64(out) != text) malformed("it is not canonical base64");
    return out;
}

}  // namespace rehearse
