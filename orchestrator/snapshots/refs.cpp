// libgit2 behind small calls. A handle is opened for each change of refs: that costs 0.1 ms and needs no
// thought about which of libgit2's objects threads may share.
#include "orchestrator/snapshots/refs.h"

#include <fcntl.h>
#include <git2.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "orchestrator/base/failure.h"
#include "orchestrator/snapshots/remedy.h"

namespace rehearse {
namespace {

namespace fs = std::filesystem;
using RepositoryHandle = Handle<git_repository, git_repository_free>;
using ReferenceHandle = Handle<git_reference, git_reference_free>;

constexpr std::string_view lock_file = "rehearse-refs.lock";

/// libgit2's settings are the process's own. Nobody's ~/.gitconfig has a say in a snapshot store.
struct Libgit2 {
    Libgit2() {
        git_libgit2_init();
        git_libgit2_opts(GIT_OPT_ENABLE_FSYNC_GITDIR, 1);
        git_libgit2_opts(GIT_OPT_ENABLE_STRICT_HASH_VERIFICATION, 1);
        const char* extensions[] = {"preciousobjects"};
        git_libgit2_opts(GIT_OPT_SET_EXTENSIONS, extensions, std::size_t{1});
        for (const int level : {GIT_CONFIG_LEVEL_PROGRAMDATA, GIT_CONFIG_LEVEL_SYSTEM, GIT_CONFIG_LEVEL_XDG,
                                GIT_CONFIG_LEVEL_GLOBAL}) {
            git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, level, "");
        }
        // Whoever starts Rehearse in a workspace trusts it already: its playbooks run commands.
        git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0);
        // Objects are cached by nobody here; the cache would only hold memory.
        git_libgit2_opts(GIT_OPT_ENABLE_CACHING, 0);
    }
};

void need_libgit2() { static const Libgit2 libgit2; }

std::string last_message() {
    const git_error* error = git_error_last();
    return error != nullptr && error->message != nullptr ? error->message : "libgit2 gave no reason";
}

/// libgit2 keeps errno only as text inside its message.
int errno_in(const std::string& message) {
    for (const int error : {ENOSPC, EDQUOT, EACCES, EPERM, EROFS, EMFILE, ENFILE, EIO}) {
        if (message.find(std::strerror(error)) != std::string::npos) return error;
    }
    return 0;
}

[[noreturn]] void throw_libgit2(int code, std::string operation, const std::string& object,
                                const fs::path& repository) {
    const std::string message = last_message();
    FailureFields fields{.kind = FailureKind::permanent,
                         .operation = std::move(operation),
                         .object = object,
                         .native_code = "libgit2 " + std::to_string(code),
                         .message = message,
                         .remedy = "check the store: git -C " + repository.string() + " fsck --full"};
    const int error = errno_in(message);
    if (error != 0) fields.native_code = strerrorname_np(error);
    if (error != 0) {
        fields.kind = failure_from_errno(error, {}, {}).kind();
        fields.remedy = remedy_for(error, repository);
    } else if (code == GIT_ELOCKED) {
        fields.kind = FailureKind::transient;
        fields.remedy = "another git program is changing it; if none runs, remove " +
                        (repository / (object + ".lock")).string();
    }
    throw Failure(std::move(fields));
}

RepositoryHandle open_handle(const fs::path& repository) {
    need_libgit2();
    git_repository* handle = nullptr;
    const int code = git_repository_open_ext(
        &handle, repository.c_str(), GIT_REPOSITORY_OPEN_NO_SEARCH | GIT_REPOSITORY_OPEN_BARE, nullptr);
    if (code != 0) throw_libgit2(code, "open snapshot store", repository, repository);
    return RepositoryHandle(handle);
}

git_oid to_oid(const ObjectId& id) {
    git_oid oid;
    std::memcpy(oid.id, id.bytes.data(), ObjectId::size);
    return oid;
}

std::optional<ObjectId> read_ref_with(git_repository* handle, const std::string& name,
                                      const fs::path& repository) {
    git_oid oid;
    const int code = git_reference_name_to_id(&oid, handle, name.c_str());
    if (code == GIT_ENOTFOUND) return std::nullopt;
    if (code != 0) throw_libgit2(code, "read ref", name, repository);
    return ObjectId::from_raw(oid.id);
}

void fsync_folder(const fs::path& folder) {
    const FileDescriptor handle(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!handle || ::fsync(handle.get()) != 0) throw failure_from_errno(errno, "sync folder", folder);
}

}  // namespace

void check_repository(const fs::path& repository) {
    std::error_code ignored;
    if (!fs::exists(repository, ignored)) {
        throw Failure({.kind = FailureKind::invalid_input,
                       .operation = "open snapshot store",
                       .object = repository,
                       .native_code = {},
                       .message = "there is no snapshot store",
                       .remedy = "bring the folder back from a backup or a clone of it; where there is none, "
                                 "move .rehearse away and enroll again"});
    }
    const RepositoryHandle handle = open_handle(repository);
    if (git_repository_is_bare(handle.get()) == 1) return;
    throw Failure({.kind = FailureKind::invalid_input,
                   .operation = "open snapshot store",
                   .object = repository,
                   .native_code = {},
                   .message = "it is a git working tree, not a snapshot store",
                   .remedy = "move it away; the next snapshot makes a new store"});
}

bool is_valid_ref(const std::string& name) {
    need_libgit2();
    int valid = 0;
    return name.starts_with("refs/") && git_reference_name_is_valid(&valid, name.c_str()) == 0 && valid == 1;
}

std::optional<ObjectId> read_ref(const fs::path& repository, const std::string& name) {
    const RepositoryHandle handle = open_handle(repository);
    return read_ref_with(handle.get(), name, repository);
}

std::vector<std::string> names_of_refs(const fs::path& repository) {
    const RepositoryHandle handle = open_handle(repository);
    std::vector<std::string> names;
    const auto add = [](const char* name, void* list) {
        static_cast<std::vector<std::string>*>(list)->emplace_back(name);
        return 0;
    };
    const int code = git_reference_foreach_name(handle.get(), add, &names);
    if (code != 0) throw_libgit2(code, "list refs", repository, repository);
    // libgit2 passes over files that hold no whole ref; here they are what matters.
    std::error_code error;
    for (fs::recursive_directory_iterator file(repository / "refs", error), end; !error && file != end;
         file.increment(error)) {
        if (file->is_regular_file() && file->path().extension() != ".lock") {
            names.push_back(file->path().lexically_relative(repository).string());
        }
    }
    if (error)
        throw failure_from_errno(error.value(), "list refs", repository,
                                 remedy_for(error.value(), repository));
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    return names;
}

RefUpdate::RefUpdate(fs::path repository, std::vector<std::string> names)
    : repository_(std::move(repository)), names_(std::move(names)) {
    const fs::path path = repository_ / lock_file;
    lock_ = FileDescriptor(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!lock_) {
        throw failure_from_errno(errno, "change refs", path, remedy_for(errno, repository_));
    }
    while (::flock(lock_.get(), LOCK_EX) != 0) {
        if (errno != EINTR) throw failure_from_errno(errno, "lock", path);
    }
    clear_abandoned_locks();
    std::string text = "HEAD\n";
    for (const std::string& name : names_) text += name + "\n";
    if (::ftruncate(lock_.get(), 0) != 0 ||
        ::pwrite(lock_.get(), text.data(), text.size(), 0) != static_cast<ssize_t>(text.size())) {
        const int error = errno == 0 ? ENOSPC : errno;
        throw failure_from_errno(error, "change refs", path, remedy_for(error, repository_));
    }
    handle_ = open_handle(repository_).release();
}

RefUpdate::~RefUpdate() {
    const RepositoryHandle freed(handle_);
    // Only a holder that was killed leaves names in the file.
    if (lock_ && ::ftruncate(lock_.get(), 0) != 0) lock_.reset();
}

void RefUpdate::clear_abandoned_locks() {
    std::string text(64U << 10U, '\0');
    const ssize_t got = ::pread(lock_.get(), text.data(), text.size(), 0);
    text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    for (std::size_t end = text.find('\n'); end != std::string::npos; end = text.find('\n')) {
        const std::string name = text.substr(0, end);
        text.erase(0, end + 1);
        if (name == "HEAD" || is_valid_ref(name)) ::unlink((repository_ / (name + ".lock")).c_str());
    }
}

std::optional<ObjectId> RefUpdate::read(const std::string& name) {
    return read_ref_with(handle_, name, repository_);
}

bool RefUpdate::set(const std::string& name, const ObjectId& id, const std::optional<ObjectId>& expected) {
    const git_oid oid = to_oid(id);
    git_oid old{};
    if (expected) old = to_oid(*expected);
    git_reference* made = nullptr;
    const int code =
        expected
            ? git_reference_create_matching(&made, handle_, name.c_str(), &oid, 1, &old, "rehearse: snapshot")
            : git_reference_create(&made, handle_, name.c_str(), &oid, 0, "rehearse: snapshot");
    const ReferenceHandle reference(made);
    if (code == GIT_EMODIFIED || code == GIT_EEXISTS || (expected && code == GIT_ENOTFOUND)) return false;
    if (code != 0) throw_libgit2(code, "set ref", name, repository_);
    // libgit2 syncs the file and its folder; new folders' own names are left to us.
    for (fs::path folder = (repository_ / name).parent_path(); folder != repository_;
         folder = folder.parent_path()) {
        fsync_folder(folder);
    }
    return true;
}

void RefUpdate::put_back(const std::string& name, const ObjectId& from,
                         const std::optional<ObjectId>& to) noexcept {
    try {
        if (to) {
            const bool done = set(name, *to, from);
            static_cast<void>(done);
        } else if (read(name) == from) {
            git_reference_remove(handle_, name.c_str());
        }
    } catch (const std::exception&) {
        return;  // the caller is already reporting why it could not go on
    }
}

void RefUpdate::adopt_head(const std::string& branch) noexcept {
    if (git_repository_head_unborn(handle_) == 1) git_repository_set_head(handle_, branch.c_str());
}

}  // namespace rehearse
