// Tidies temporary files whose writer is gone, which a lock that can be taken proves.
#include "orchestrator/snapshots/leftovers.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <optional>
#include <vector>

#include "orchestrator/base/handle.h"
#include "orchestrator/snapshots/pack_index.h"

namespace rehearse {
namespace {

namespace fs = std::filesystem;
constexpr std::string_view pack_prefix = "tmp_rehearse_pack_";
constexpr std::string_view index_prefix = "tmp_rehearse_idx_";

/// Holds the file's lock. None where the file is gone, or its writer lives.
FileDescriptor lock_if_abandoned(const fs::path& path) {
    FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    if (file && ::flock(file.get(), LOCK_EX | LOCK_NB) != 0) file.reset();
    return file;
}

void clear_pack(const fs::path& path) {
    if (lock_if_abandoned(path)) ::unlink(path.c_str());
}

void clear_index(const fs::path& directory, const std::string& mark) {
    const fs::path index_path = directory / leftover_name(LeftoverKind::index, mark);
    const fs::path pack_path = directory / leftover_name(LeftoverKind::pack, mark);
    if (::access(pack_path.c_str(), F_OK) == 0) {
        if (lock_if_abandoned(pack_path)) ::unlink(index_path.c_str());
        return;
    }
    // The pack has its final name, or is gone. An index is whole before its pack is renamed.
    const std::optional<PackIndex> index = PackIndex::open(index_path);
    if (!index || !index->check()) {
        ::unlink(index_path.c_str());
        return;
    }
    const std::string name = directory / ("pack-" + to_hex(index->pack_checksum()));
    if (::access((name + ".pack").c_str(), F_OK) != 0) {
        ::unlink(index_path.c_str());
    } else if (lock_if_abandoned(name + ".pack")) {
        ::rename(index_path.c_str(), (name + ".idx").c_str());
    }
}

}  // namespace

std::string leftover_name(LeftoverKind kind, std::string_view mark) {
    return std::string(kind == LeftoverKind::pack ? pack_prefix : index_prefix).append(mark);
}

void clear_leftovers(const fs::path& pack_directory) noexcept {
    try {
        std::vector<std::string> packs, indexes;
        for (const fs::directory_entry& entry : fs::directory_iterator(pack_directory)) {
            const std::string name = entry.path().filename();
            if (name.starts_with(pack_prefix)) packs.push_back(name);
            if (name.starts_with(index_prefix)) indexes.push_back(name.substr(index_prefix.size()));
        }
        for (const std::string& mark : indexes) clear_index(pack_directory, mark);
        for (const std::string& name : packs) clear_pack(pack_directory / name);
    } catch (const std::exception&) {
        return;  // the next writer tries again; what is left only takes space
    }
}

}  // namespace rehearse
