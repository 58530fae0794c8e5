// A root to test on: makes files of every kind below it, and drives the adapter through memory trees.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "adapters/files/files.h"
#include "orchestrator/base/failure.h"
#include "tests/support/memory_tree.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/test_clock.h"

namespace rehearse::test {

/// Throws what a system call would only return.
inline void must(long result, const std::string& what) {
    if (result < 0) throw std::system_error(errno, std::generic_category(), what);
}

/// The output of a shell command, and its status in `status`: for tools that judge us from outside.
inline std::string output_of(const std::string& command, int* status = nullptr) {
    std::string output;
    // check: allow system: the test's own fixed pipelines of find, rsync and getfattr
    FILE* const pipe = ::popen((command + " 2>&1").c_str(), "r");
    if (pipe == nullptr) throw std::runtime_error("cannot run " + command);
    char buffer[4096];
    for (std::size_t got = 0; (got = ::fread(buffer, 1, sizeof buffer, pipe)) > 0;) {
        output.append(buffer, got);
    }
    const int result = ::pclose(pipe);
    if (status != nullptr) *status = result;
    return output;
}

class FileTree {
  public:
    explicit FileTree(std::vector<std::string> include = {}, std::vector<std::string> exclude = {})
        : include_(std::move(include)), exclude_(std::move(exclude)) {
        std::filesystem::create_directory(root());
    }
    ~FileTree() {  // deeper than std::filesystem can go, and immutable in places
        static_cast<void>(output_of("rm -rf -- '" + folder_.path().string() + "'"));
    }
    FileTree(const FileTree&) = delete;
    FileTree& operator=(const FileTree&) = delete;

    [[nodiscard]] std::filesystem::path folder() const { return folder_.path(); }
    [[nodiscard]] std::filesystem::path root() const { return folder_.path() / "root"; }
    [[nodiscard]] std::filesystem::path at(const std::string& path) const { return root() / path; }

    std::filesystem::path write(const std::string& path, const std::string& content = "content\n") const {
        const std::filesystem::path file = at(path);
        std::filesystem::create_directories(file.parent_path());
        std::ofstream out(file, std::ios::binary | std::ios::trunc);
        out << content;
        if (!out.flush()) throw std::runtime_error("cannot write " + file.string());
        return file;
    }
    [[nodiscard]] std::string read(const std::string& path) const {
        std::ifstream in(at(path), std::ios::binary);
        return {std::istreambuf_iterator<char>(in), {}};
    }
    [[nodiscard]] bool has(const std::string& path) const {
        struct stat about {};
        return ::lstat(at(path).c_str(), &about) == 0;
    }
    [[nodiscard]] struct stat status(const std::string& path) const {
        struct stat about {};
        must(::lstat(at(path).c_str(), &about), path);
        return about;
    }

    [[nodiscard]] std::unique_ptr<Adapter> adapter() const { return adapter_at(root()); }
    [[nodiscard]] std::unique_ptr<Adapter> adapter_at(const std::filesystem::path& path) const {
        ResourceSpec spec;
        spec.name = ResourceName("files");
        spec.adapter = "files";
        spec.options["root"] = path.string();
        for (const auto& [key, texts] : {std::pair{"include", &include_}, std::pair{"exclude", &exclude_}}) {
            json::array list;
            for (const std::string& text : *texts) list.emplace_back(text);
            if (!list.empty()) spec.options[key] = std::move(list);
        }
        return files_adapter().make(spec, {.environment = EnvironmentName("test"),
                                           .clock = clock_,
                                           .state_directory = folder_.path() / "state"});
    }
    [[nodiscard]] Identity identity() const { return adapter()->identify(nullptr).live; }

    TreeId capture() {
        const auto writer = trees.writer();
        report = adapter()->capture(*writer);
        return writer->finish();
    }
    [[nodiscard]] std::vector<std::string> items(std::vector<std::string> patterns = {}) const {
        std::vector<std::string> names;
        for (const Item& item : adapter()->observe({.patterns = std::move(patterns)}).items) {
            names.push_back(item.name);
        }
        return names;
    }
    void destroy(std::vector<std::string> patterns = {}) const {
        adapter()->destroy({.items = items(std::move(patterns)), .expected = identity()});
    }
    RestoreReport restore(const TreeId& id) const {
        return adapter()->restore(*trees.open(id), {.expected = identity()});
    }

    MemoryTrees trees;
    CaptureReport report;

  private:
    TemporaryFolder folder_;
    std::vector<std::string> include_;
    std::vector<std::string> exclude_;
    ManualClock clock_;
};

}  // namespace rehearse::test
