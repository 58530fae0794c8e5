// Durable small files: temp file, fsync, rename, fsync of the folder.
#include "orchestrator/base/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "orchestrator/base/digest.h"
#include "orchestrator/base/failure.h"
#include "orchestrator/base/handle.h"

namespace rehearse {

namespace {

void fsync_folder(const std::filesystem::path& folder) {
    const std::filesystem::path path = folder.empty() ? "." : folder;
    const FileDescriptor handle(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!handle || ::fsync(handle.get()) != 0) throw failure_from_errno(errno, "sync folder", path);
}

void write_all(int descriptor, std::string_view content, const std::string& object) {
    while (!content.empty()) {
        const ssize_t written = ::write(descriptor, content.data(), content.size());
        if (written < 0) {
            if (errno == EINTR) continue;
            throw failure_from_errno(errno, "write", object, errno == ENOSPC ? "free some disk space" : "");
        }
        content.remove_prefix(static_cast<std::size_t>(written));
    }
}

}  // namespace

std::string read_file(const std::filesystem::path& path, std::size_t limit) {
    const FileDescriptor handle(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!handle) throw failure_from_errno(errno, "read", path);
    std::string content;
    char buffer[65536];
    for (;;) {
        const ssize_t got = ::read(handle.get(), buffer, sizeof buffer);
        if (got < 0) {
            if (errno == EINTR) continue;
            throw failure_from_errno(errno, "read", path);
        }
        if (got == 0) return content;
        content.append(buffer, static_cast<std::size_t>(got));
        if (content.size() > limit) {
            throw Failure({.kind = FailureKind::invalid_input,
                           .operation = "read",
                           .object = path,
                           .native_code = {},
                           .message = "the file is larger than " + std::to_string(limit) + " bytes",
                           .remedy = "is it the right file? Nothing that is read here is ever that long"});
        }
    }
}

void write_file_durably(const std::filesystem::path& path, std::string_view content, unsigned mode) {
    const std::filesystem::path temporary = path.string() + ".new-" + random_hex(4);
    try {
        const FileDescriptor handle(
            ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode));
        if (!handle) throw failure_from_errno(errno, "create", temporary);
        if (::fchmod(handle.get(), mode) != 0) throw failure_from_errno(errno, "set mode of", temporary);
        write_all(handle.get(), content, temporary);
        if (::fsync(handle.get()) != 0) throw failure_from_errno(errno, "sync", temporary);
        if (::rename(temporary.c_str(), path.c_str()) != 0)
            throw failure_from_errno(errno, "rename to", path);
    } catch (...) {
        ::unlink(temporary.c_str());
        throw;
    }
    fsync_folder(path.parent_path());
}

bool remove_file_durably(const std::filesystem::path& path) {
    if (::unlink(path.c_str()) != 0) {
        if (errno == ENOENT) return false;
        throw failure_from_errno(errno, "remove", path);
    }
    fsync_folder(path.parent_path());
    return true;
}

void make_directory_durably(const std::filesystem::path& path, unsigned mode) {
    if (path.empty() || std::filesystem::is_directory(path)) return;
    make_directory_durably(path.parent_path(), mode);
    if (::mkdir(path.c_str(), mode) != 0) {
        if (errno == EEXIST && std::filesystem::is_directory(path)) return;
        throw failure_from_errno(errno, "make folder", path);
    }
    fsync_folder(path.parent_path());
}

}  // namespace rehearse
