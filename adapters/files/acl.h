// POSIX ACLs as text that people can diff: "user::rw-,user:33:r--,group::r--,mask::r--,other::---".
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace rehearse::files {

inline constexpr std::string_view access_acl = "system.posix_acl_access";
inline constexpr std::string_view default_acl = "system.posix_acl_default";

/// The text of an ACL as the kernel stores it; none where it isn't one that the text could give back exactly.
[[nodiscard]] std::optional<std::string> acl_text(std::string_view bytes);
/// The kernel's form; none where the text is not ours.
[[nodiscard]] std::optional<std::string> acl_bytes(std::string_view text);

}  // namespace rehearse::files
