// Text of SQL: quoting, and names of objects turned into names of files that git accepts.
#pragma once

#include <string>
#include <string_view>

namespace rehearse::postgresql {

/// "name" with quotes doubled.
[[nodiscard]] std::string identifier(std::string_view name);
/// 'text' with quotes doubled; needs standard_conforming_strings, which fix_session() sets.
[[nodiscard]] std::string literal(std::string_view text);

/// A file name for an object's name: readable, at most 200 bytes, accepted by git; different names stay
/// different. Bytes that git or a terminal would not take become %XX.
[[nodiscard]] std::string file_name(std::string_view name);

/// The bytes of an identifier or of `a.b` at the start of `text`, quotes and all; empty where there is none.
[[nodiscard]] std::string_view leading_name(std::string_view text);

}  // namespace rehearse::postgresql
