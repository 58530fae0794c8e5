// Whose key a key is: OpenSSH's allowed_signers (ssh-keygen(1), ALLOWED SIGNERS), read strictly.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/base/clock.h"

namespace rehearse {

struct AllowedSigner {
    std::string principals{};                  // comma-separated patterns with * and ?, ! before one negates
    std::string key{};                         // wire form
    std::optional<std::string> name_spaces{};  // comma-separated patterns; none: any
    std::optional<WallTime> valid_after{}, valid_before{};
    int line = 0;

    /// True where the line speaks of this principal.
    [[nodiscard]] bool names(std::string_view principal) const;
    /// Why it does not count at `now` for `name_space`, or nothing.
    [[nodiscard]] std::optional<std::string> problem(std::string_view name_space, WallTime now) const;
};

/// Fails: invalid_input at `file`:line for what can't be read or does not count here: an unknown option,
/// cert-authority, a weak key. Times without a Z are this machine's, as OpenSSH takes them.
[[nodiscard]] std::vector<AllowedSigner> read_allowed_signers(std::string_view text, const std::string& file);

/// OpenSSH's lists of patterns: true where one matches and no negated one does.
[[nodiscard]] bool matches_patterns(std::string_view text, std::string_view patterns);
/// One pattern: * any text, ? any one character.
[[nodiscard]] bool matches_pattern(std::string_view text, std::string_view pattern);

}  // namespace rehearse
