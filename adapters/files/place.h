// Where a file tree lives: its root and the folder above it, opened without following symlinks, and the
// identity that the place proves.
#pragma once

#include <filesystem>
#include <string>

#include "adapters/files/system.h"
#include "orchestrator/ports/adapter.h"

namespace rehearse::files {

/// The root as it was found at one moment.
struct Place {
    std::filesystem::path root{};     // real path: no symlink in it
    std::filesystem::path marker{};   // beside the root
    std::filesystem::path nearest{};  // the root, or the nearest folder above it that is there
    FileDescriptor parent{};          // of the root; empty where it is not there
    FileDescriptor folder{};          // the root; empty where it is not there
    std::string problem{};            // why the root cannot be used (a symlink, a file); empty: it can
    Identity identity{};              // of what is there, or would be
};

/// Fails: invalid_input for "/" or a path without a name; refused or permanent where folders cannot be
/// opened.
[[nodiscard]] Place look_at_place(const std::filesystem::path& root);

/// `recorded` against a place. Without one, `same` or `absent`. Fails: refused where the root cannot be used
/// and nothing is recorded.
[[nodiscard]] IdentityReport compare_identity(const Place& place, const Identity* recorded);

/// Fails: refused where the place is not the expected one.
void require_identity(const Place& place, const Identity& expected, const std::string& operation);

}  // namespace rehearse::files
