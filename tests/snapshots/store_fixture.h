// A snapshot store in a fresh folder, trees written from maps of paths, and git itself as the judge.
#pragma once

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "orchestrator/base/failure.h"
#include "orchestrator/snapshots/git_store.h"
#include "tests/support/temporary_folder.h"

namespace rehearse::test {

namespace fs = std::filesystem;

/// Relative paths to contents; a path that ends in '/' is an empty directory.
using Files = std::map<std::string, std::string>;

struct CommandResult {
    int status = -1;
    std::string output;  // stdout and stderr
};

inline CommandResult shell(const std::string& command) {
    // check: allow system: git is asked in the words that a person would type
    FILE* pipe = ::popen(("exec 2>&1; " + command).c_str(), "r");
    REQUIRE(pipe != nullptr);
    CommandResult result;
    char buffer[4096];
    for (std::size_t got = 0; (got = ::fread(buffer, 1, sizeof buffer, pipe)) > 0;)
        result.output.append(buffer, got);
    const int status = ::pclose(pipe);
    result.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128;
    return result;
}

inline std::string trimmed(std::string text) {
    while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
    return text;
}

inline void write_files(TreeWriter& writer, const Files& files) {
    std::map<std::string, Files> below;
    for (const auto& [path, content] : files) {
        const std::size_t slash = path.find('/');
        if (slash == std::string::npos) {
            writer.blob(path, content);
        } else {
            Files& children = below[path.substr(0, slash)];
            if (slash + 1 < path.size()) children[path.substr(slash + 1)] = content;
        }
    }
    for (const auto& [name, children] : below) {
        const std::unique_ptr<TreeWriter> directory = writer.directory(name);
        write_files(*directory, children);
        directory->finish();
    }
}

inline void read_files(const TreeReader& reader, const std::string& prefix, Files& files) {
    for (const TreeEntry& entry : reader.entries()) {
        if (entry.is_directory) {
            read_files(*reader.directory(entry.name), prefix + entry.name + "/", files);
        } else {
            files[prefix + entry.name] = reader.blob(entry.name);
        }
    }
}

inline Files read_files(const TreeReader& reader) {
    Files files;
    read_files(reader, "", files);
    return files;
}

inline WallTime at_second(std::int64_t second) {
    return WallTime{std::chrono::seconds(1'700'000'000 + second)};
}

/// Writes one snapshot of the environment "shop", with one resource "config".
inline SnapshotId take_snapshot(SnapshotStore& store, const Files& files, std::int64_t second = 0,
                                const std::vector<std::string>& more_refs = {}) {
    const std::unique_ptr<SnapshotWriter> snapshot = store.begin();
    const std::unique_ptr<TreeWriter> writer = snapshot->resource(ResourceName("config"));
    write_files(*writer, files);
    writer->finish();
    std::vector<std::string> refs{"refs/heads/shop"};
    refs.insert(refs.end(), more_refs.begin(), more_refs.end());
    return snapshot->commit({{"environment", "shop"}}, "before the drill", at_second(second), refs);
}

/// In memory where there is such a place: hundreds of durable snapshots would keep a disk busy for minutes.
inline fs::path fast_folder() {
    return ::access("/dev/shm", W_OK) == 0 ? fs::path("/dev/shm") : fs::temp_directory_path();
}

struct StoreFixture {
    TemporaryFolder folder{fast_folder()};
    fs::path path = folder.path() / "workspace/.rehearse/snapshots.git";
    std::unique_ptr<SnapshotStore> store = open_git_store(path, true);

    [[nodiscard]] CommandResult git(const std::string& arguments) const {
        return shell("git -C '" + path.string() + "' " + arguments);
    }
    void check_fsck() const {
        const CommandResult result = git("fsck --strict --full");
        INFO(result.output);
        CHECK(result.status == 0);
        CHECK(result.output.find("warning") == std::string::npos);
        CHECK(result.output.find("error") == std::string::npos);
    }
    [[nodiscard]] Files files(const SnapshotId& id) const {
        return read_files(*store->open(id, ResourceName("config")));
    }
    [[nodiscard]] std::vector<fs::path> packs(const std::string& extension = ".pack") const {
        std::vector<fs::path> found;
        for (const fs::directory_entry& entry : fs::directory_iterator(path / "objects/pack")) {
            if (entry.path().extension() == extension) found.push_back(entry.path());
        }
        return found;
    }
};

/// The Failure that `action` throws; the test fails where it throws none.
template <class Action>
FailureFields failure_of(Action action) {
    try {
        action();
    } catch (const Failure& failure) {
        return failure.fields();
    }
    FAIL("nothing failed");
    return {};
}

inline void overwrite_byte(const fs::path& path, std::uint64_t offset, char change) {
    fs::permissions(path, fs::perms::owner_write, fs::perm_options::add);
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(static_cast<std::streamoff>(offset));
    const char byte = static_cast<char>(file.get());
    file.seekp(static_cast<std::streamoff>(offset));
    file.put(static_cast<char>(byte ^ change));
}

inline std::string random_bytes(std::size_t size, unsigned seed) {
    std::string bytes(size, '\0');
    std::uint64_t state = seed * 2654435761ULL + 88172645463325252ULL;
    for (char& byte : bytes) {
        state ^= state << 13U;
        state ^= state >> 7U;
        state ^= state << 17U;
        byte = static_cast<char>(state >> 32U);
    }
    return bytes;
}

}  // namespace rehearse::test
