// The files of a report's page, compiled into the binary by embed.cmake.
#pragma once

#include <string_view>

namespace rehearse {

/// The content of a file that CMakeLists.txt lists. An unknown name is a mistake in the program
/// (logic_error).
[[nodiscard]] std::string_view page_file(std::string_view name);

}  // namespace rehearse
