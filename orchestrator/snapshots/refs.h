// All that libgit2 does for the store: refs, by git's own rules of locks and names. Its types stay in the
// .cpp.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "orchestrator/base/handle.h"
#include "orchestrator/snapshots/object_id.h"

struct git_repository;

namespace rehearse {

/// Checks that this is a bare repository that libgit2 can open. Fails: invalid_input, permanent, refused.
void check_repository(const std::filesystem::path& repository);

/// True for names that git allows, below refs/.
[[nodiscard]] bool is_valid_ref(const std::string& name);
/// What the ref points at in the end. None where it does not exist. Fails: permanent (broken).
[[nodiscard]] std::optional<ObjectId> read_ref(const std::filesystem::path& repository,
                                               const std::string& name);

/// The full names of all refs, sorted; what they point at is not looked at. Fails: permanent.
[[nodiscard]] std::vector<std::string> names_of_refs(const std::filesystem::path& repository);

/// Changes refs, one process at a time: the lock is the kernel's, so it ends with its holder. git's own
/// "<ref>.lock" files of a holder that was killed are removed by the next.
class RefUpdate {
  public:
    /// Waits for the lock. `names` are all the refs that will be changed.
    RefUpdate(std::filesystem::path repository, std::vector<std::string> names);
    ~RefUpdate();
    RefUpdate(const RefUpdate&) = delete;
    RefUpdate& operator=(const RefUpdate&) = delete;

    [[nodiscard]] std::optional<ObjectId> read(const std::string& name);
    /// Sets it durably if it is still at `expected` (none: does not exist). False where it is not. Fails:
    /// transient (another git program holds it), permanent (disk full), refused.
    [[nodiscard]] bool set(const std::string& name, const ObjectId& id,
                           const std::optional<ObjectId>& expected);
    /// Puts it back as it was, as far as that works.
    void put_back(const std::string& name, const ObjectId& from, const std::optional<ObjectId>& to) noexcept;
    /// Lets HEAD name this branch where HEAD names none that exists, for `git log` without a ref.
    void adopt_head(const std::string& branch) noexcept;

  private:
    void clear_abandoned_locks();
    std::filesystem::path repository_;
    std::vector<std::string> names_;
    FileDescriptor lock_;
    git_repository* handle_ = nullptr;
};

}  // namespace rehearse
