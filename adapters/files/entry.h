// One file as the snapshot knows it: what its sidecar line says, read from the live file or from the line.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "adapters/files/system.h"
#include "orchestrator/base/json.h"

namespace rehearse::files {

enum class Kind { file, folder, symlink, hard_link, fifo, socket, character_device, block_device };
/// "file", "directory", "symlink", ...: the line's "type", and what people read.
[[nodiscard]] std::string_view to_string(Kind kind);
/// Of a live file. Fails: permanent for a type that no file has.
[[nodiscard]] Kind kind_of(const Status& status, const std::string& path);

struct Entry {
    std::string name{};  // bytes as they are
    Kind kind = Kind::file;
    mode_t mode = 0;
    uid_t uid = 0;
    gid_t gid = 0;
    std::optional<timespec> mtime{};  // none: not part of the state (a folder that others may write to)
    Attributes attributes{};          // POSIX ACLs among them
    bool immutable = false;
    bool append_only = false;
    bool no_dump = false;
    std::string target{};     // of a symlink, as it is; of a hard link, the first path of its group, as shown
    dev_t device = 0;         // of a device node
    std::uint64_t links = 1;  // how many names below the root this file has
    std::uint64_t size = 0;   // bytes; only where is_chunked
    bool is_chunked = false;  // its content is a directory of chunks, not one blob
    bool is_sparse = false;   // its blocks of zeros are holes
    bool is_passage = false;  // a folder that holds included items and is none itself
    std::string elsewhere{};  // of a folder too deep for git: its name in `deep_folder`

    /// Takes over what `other` says of links and content.
    void take_content(const Entry& other);
};

/// The kind, owner, mode, times, attributes and flags of a live file; content, links and target are the
/// caller's.
[[nodiscard]] Entry entry_of(std::string name, const Status& status, Attributes attributes,
                             const std::string& path);

/// The sidecar line of an entry. "name" is escaped; every key but name and type may be absent.
[[nodiscard]] json::object to_json(const Entry& entry);
/// Fails: permanent, invalid_input where the line says something that no file can be.
[[nodiscard]] Entry entry_from_json(const json::object& line, const std::string& origin);

/// In the root's tree: the folders whose paths are too deep or too long to nest, by a digest of their path.
inline constexpr std::string_view deep_folder = "%~deep";

}  // namespace rehearse::files
