// Writes a file tree into a snapshot: contents as blobs, the rest as sidecar lines.
#pragma once

#include "adapters/files/filter.h"
#include "adapters/files/place.h"
#include "orchestrator/ports/adapter.h"

namespace rehearse::files {

struct CaptureRequest {
    const Place& place;  // with its folder open
    const Filter& filter;
    const std::vector<std::string>& include;  // kept in the snapshot: a restore must know what was left out
    const std::vector<std::string>& exclude;
    const Clock& clock;
    unsigned threads = 2;
};

/// Fails: transient where something changes meanwhile, refused where something cannot be read or another file
/// system begins inside the root.
CaptureReport capture(const CaptureRequest& request, TreeWriter& writer);

/// Everything that a capture may leave out or rewrite.
inline constexpr std::string_view normalised_always =
    "access, change and birth times, inode numbers and the order of names in a folder";
inline constexpr std::string_view normalised_links = "links to files outside the resource";
inline constexpr std::string_view normalised_shared_folders =
    "modification times of folders in which include or exclude leave something out";
inline constexpr std::string_view normalised_holes =
    "where the holes of a sparse file lie: every aligned 4 KiB of zeros in it comes back as a hole";
inline constexpr std::string_view normalised_evm = "security.evm: the kernel writes it anew for each inode";

}  // namespace rehearse::files
