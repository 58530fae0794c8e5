// Resolves the path above the root once, then opens it component by component with O_NOFOLLOW.
#include "adapters/files/place.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "adapters/files/filter.h"
#include "adapters/support/names.h"
#include "orchestrator/base/digest.h"
#include "orchestrator/base/file.h"
#include "orchestrator/base/json.h"

namespace rehearse::files {

namespace {

Failure invalid_root(const std::filesystem::path& root, const std::string& message) {
    return Failure({.kind = FailureKind::invalid_input,
                    .operation = "open root",
                    .object = escape_bytes(root.string()),
                    .message = message,
                    .remedy = "name a folder below another one"});
}

/// The real path of the nearest folder at or above `path` that is there; `missing` gets the rest.
std::filesystem::path real_path(const std::filesystem::path& path, std::filesystem::path& missing) {
    std::filesystem::path existing = path;
    while (true) {
        const Handle<char, std::free> real(::realpath(existing.c_str(), nullptr));
        if (real) return real.get();
        if (errno != ENOENT || !existing.has_relative_path()) {
            throw failure_of(errno, "open root", escape_bytes(existing.string()));
        }
        missing = missing.empty() ? existing.filename() : existing.filename() / missing;
        existing = existing.parent_path();
    }
}

FileDescriptor open_real(const std::filesystem::path& path) {
    FileDescriptor folder = open_at(AT_FDCWD, "/", O_PATH | O_DIRECTORY);
    for (const std::filesystem::path& part : path.relative_path()) {
        FileDescriptor next = open_at(folder.get(), part.string(), O_PATH | O_DIRECTORY);
        if (!next) throw failure_of(errno, "open root", escape_bytes(path.string()));
        folder = std::move(next);
    }
    return folder;
}

/// The file system's type and id, as it says of itself.
std::string file_system_of(int folder, const std::filesystem::path& path) {
    struct statfs about {};
    if (::fstatfs(folder, &about) != 0) throw failure_of(errno, "look at", escape_bytes(path.string()));
    std::array<std::uint32_t, 2> id{};
    static_assert(sizeof about.f_fsid == sizeof id);
    std::memcpy(id.data(), &about.f_fsid, sizeof id);
    const auto hex = [](std::uint64_t value, std::size_t digits) {
        std::string text(digits, '0');
        for (std::size_t at = digits; at-- > 0; value >>= 4U) text[at] = "0123456789abcdef"[value & 15U];
        return text;
    };
    return hex(static_cast<std::uint32_t>(about.f_type), 8) + "-" + hex(id[0], 8) + hex(id[1], 8);
}

std::string machine() {
    FileDescriptor file = open_at(AT_FDCWD, "/etc/machine-id", O_RDONLY);
    std::array<char, 64> text{};
    const ssize_t got = file ? ::read(file.get(), text.data(), text.size()) : -1;
    std::string id(text.data(), got > 0 ? static_cast<std::size_t>(got) : 0);
    while (!id.empty() && (id.back() == '\n' || id.back() == ' ')) id.pop_back();
    return id;
}

}  // namespace

Place look_at_place(const std::filesystem::path& configured) {
    std::filesystem::path path = configured.lexically_normal();
    if (!path.has_filename()) path = path.parent_path();  // "a/b/" -> "a/b"
    if (!path.is_absolute()) throw invalid_root(configured, "the path is not absolute");
    if (!path.has_relative_path()) {
        throw invalid_root(configured, "the whole machine cannot be a resource: nothing is above it");
    }
    if (path.string().find('\0') != std::string::npos) throw invalid_root(configured, "it has a NUL byte");
    const std::string name = path.filename().string();
    std::filesystem::path missing;
    const std::filesystem::path above = real_path(path.parent_path(), missing);
    Place place;
    const std::filesystem::path parent = missing.empty() ? above : above / missing;
    place.root = parent / name;
    const std::string marker = std::string(marker_prefix) + name + ".json";
    place.marker =
        parent / (marker.size() <= 255 ? marker : std::string(marker_prefix) + sha256_hex(name) + ".json");
    place.nearest = above;
    FileDescriptor nearest = open_real(above);
    int proof = nearest.get();
    if (missing.empty()) {
        place.parent = std::move(nearest);
        const std::optional<Status> status =
            status_at(place.parent.get(), name, escape_bytes(place.root.string()));
        if (status && (status->type & S_IFMT) == S_IFLNK) {
            place.problem = "the root is a symlink";
        } else if (status && (status->type & S_IFMT) != S_IFDIR) {
            place.problem = "the root is not a folder";
        } else if (status) {
            place.folder = open_folder(place.parent.get(), name, escape_bytes(place.root.string()));
            place.nearest = place.root;
            proof = place.folder.get();
        }
    }
    place.identity["path"] = escape_bytes(place.root.string());
    if (const std::string id = machine(); !id.empty()) place.identity["machine"] = id;
    place.identity["file_system"] = file_system_of(proof, place.nearest);
    return place;
}

IdentityReport compare_identity(const Place& place, const Identity* recorded) {
    IdentityReport report{.match = place.folder ? IdentityMatch::same : IdentityMatch::absent,
                          .live = place.identity};
    if (!place.problem.empty()) {
        if (recorded == nullptr) {
            throw refused("identify", escape_bytes(place.root.string()), place.problem,
                          "name the real folder as 'root'");
        }
        report.match = IdentityMatch::other;
        report.explanation = escape_bytes(place.root.string()) + ": " + place.problem;
        return report;
    }
    if (!place.folder)
        report.explanation = "the folder " + escape_bytes(place.root.string()) + " is not there";
    if (recorded == nullptr) return report;
    std::string differs;
    for (const auto& [key, what] :
         {std::pair{"path", "the real path of the root"}, std::pair{"machine", "the machine's id"},
          std::pair{"file_system", "the file system below it (is a volume not mounted?)"}}) {
        const std::string then = text_or(*recorded, key, "none");
        const std::string now = text_or(place.identity, key, "none");
        if (then == now) continue;
        differs += (differs.empty() ? "" : "; ") + std::string(what) + " was " + then + ", is " + now;
    }
    if (!differs.empty()) {
        report.match = IdentityMatch::other;
        report.explanation = std::move(differs);
    }
    return report;
}

void require_identity(const Place& place, const Identity& expected, const std::string& operation) {
    const IdentityReport report = compare_identity(place, &expected);
    if (report.match != IdentityMatch::other) return;
    throw refused(operation, escape_bytes(place.root.string()),
                  "this is not the resource that was recorded: " + report.explanation,
                  "check 'root' in the environment file; if it is right, run 'rehearse enroll' again");
}

}  // namespace rehearse::files
