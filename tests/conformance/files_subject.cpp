// The files adapter's world: a small tree with a neighbour, in a fresh folder.
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>

#include "adapters/files/files.h"
#include "tests/conformance/subject.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/test_clock.h"

namespace rehearse::test {

namespace {

namespace fs = std::filesystem;

void write(const fs::path& path, const std::string& content) {
    fs::create_directories(path.parent_path());
    std::ofstream(path, std::ios::trunc) << content;
}

class FilesSubject final : public ConformanceSubject {
  public:
    FilesSubject() {
        write(folder_.path() / "neighbour/file", "neighbour");
        write(folder_.path() / "outside", "outside");
    }
    void seed() override {
        fs::remove_all(root());
        write(root() / "a.conf", "a");
        write(root() / "conf.d/b.conf", "b");
        write(root() / "conf.d/empty", "");
        fs::create_directory(root() / "nothing");
        fs::create_symlink("../outside", root() / "link");
        fs::create_hard_link(root() / "a.conf", root() / "conf.d/c.conf");
    }
    std::unique_ptr<Adapter> adapter() override { return make(root()); }
    std::unique_ptr<Adapter> other() override { return make(folder_.path() / "neighbour"); }
    void change_one_item() override { write(root() / "conf.d/b.conf", "B"); }
    bool add_one_item() override {
        write(root() / "conf.d/new/d.conf", "d");
        return true;
    }
    std::vector<std::string> some_items() override { return {"conf.d/*.conf"}; }
    std::string outside() override {
        std::map<std::string, std::string> seen;
        for (const auto& entry : fs::recursive_directory_iterator(folder_.path())) {
            const std::string name = fs::relative(entry.path(), folder_.path()).string();
            if (name == "root" || name.starts_with("root/") || name.starts_with(".rehearse-marker."))
                continue;
            if (!entry.is_regular_file()) continue;
            std::ifstream in(entry.path());
            seen[name] = std::string(std::istreambuf_iterator<char>(in), {});
        }
        std::string text;
        for (const auto& [name, content] : seen) text += name + ": " + content + "\n";
        return text;
    }

  private:
    [[nodiscard]] fs::path root() const { return folder_.path() / "root"; }
    [[nodiscard]] std::unique_ptr<Adapter> make(const fs::path& path) const {
        ResourceSpec spec;
        spec.name = ResourceName("files");
        spec.adapter = "files";
        spec.options["root"] = path.string();
        return files_adapter().make(spec, {.environment = EnvironmentName("conformance"),
                                           .clock = clock_,
                                           .state_directory = folder_.path() / "state"});
    }

    TemporaryFolder folder_;
    ManualClock clock_;
};

}  // namespace

std::unique_ptr<ConformanceSubject> make_files_subject() { return std::make_unique<FilesSubject>(); }

}  // namespace rehearse::test
