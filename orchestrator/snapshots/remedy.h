// What to do about an errno that a snapshot store meets: one place, so that every message says the same.
#pragma once

#include <filesystem>
#include <string>

namespace rehearse {

/// A sentence with a command in it; empty where the errno itself says all there is.
[[nodiscard]] std::string remedy_for(int error, const std::filesystem::path& where);

}  // namespace rehearse
