// The process adapter's world: an nginx in a fresh folder, and another one beside it.
#include <signal.h>

#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "adapters/process/process.h"
#include "orchestrator/base/failure.h"
#include "orchestrator/commands/process_table.h"
#include "tests/conformance/subject.h"
#include "tests/support/memory_tree.h"
#include "tests/support/nginx_folder.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/test_clock.h"

namespace rehearse::test {

namespace {

class ProcessSubject final : public ConformanceSubject {
  public:
    ProcessSubject() { bring_up(other_); }
    ~ProcessSubject() override {
        stop(served_);
        stop(other_);
    }
    void seed() override { bring_up(served_); }
    std::unique_ptr<Adapter> adapter() override { return make(served_); }
    std::unique_ptr<Adapter> other() override { return make(other_); }
    // It has one item: that it runs is what can change.
    void change_one_item() override { stop(served_); }
    bool add_one_item() override { return false; }
    std::vector<std::string> some_items() override { return {}; }
    std::string outside() override {
        const auto neighbour = make(other_)->observe({});
        std::string text = neighbour.items.empty() ? "gone" : neighbour.items[0].detail;
        for (const char* name : {"nginx.conf"}) {
            std::ifstream in(served_.path / name);
            text += std::string(std::istreambuf_iterator<char>(in), {});
        }
        return text;
    }

  private:
    [[nodiscard]] std::unique_ptr<Adapter> make(const NginxFolder& nginx) const {
        ResourceSpec spec;
        spec.name = ResourceName("frontend");
        spec.adapter = "process";
        json::array command;
        for (const auto& word : NginxFolder::command()) command.emplace_back(word);
        spec.options = {
            {"directory", nginx.path.string()},
            {"command", command},
            {"ready", json::object{{"http", json::object{{"url", nginx.url()}}}, {"within", "20s"}}}};
        return process_adapter().make(
            spec, {.environment = EnvironmentName("conformance"),
                   .clock = clock_,
                   .state_directory = folder_.path() / ("state-" + nginx.path.filename().string()),
                   .host_directory = folder_.path() / "host"});
    }
    void stop(const NginxFolder& nginx) const {
        try {
            const auto adapter = make(nginx);
            adapter->destroy({.whole = true, .expected = adapter->identify(nullptr).live});
        } catch (const Failure&) {
        }
    }
    // By the adapter itself: a snapshot that says it runs.
    void bring_up(const NginxFolder& nginx) {
        const auto adapter = make(nginx);
        const auto captured = trees_.writer();
        adapter->capture(*captured);
        std::string text = trees_.files(captured->finish()).at("process.json");
        if (const auto at = text.find("\"running\":false"); at != std::string::npos) {
            text.replace(at, 15, "\"running\":true");
        }
        const auto wanted = trees_.writer();
        wanted->blob("process.json", text);
        adapter->restore(*trees_.open(wanted->finish()), {.expected = adapter->identify(nullptr).live});
    }

    TemporaryFolder folder_;
    KernelClock clock_{"this boot"};
    MemoryTrees trees_;
    NginxFolder served_{folder_.path() / "served", 1};
    NginxFolder other_{folder_.path() / "other", 1};
};

}  // namespace

std::unique_ptr<ConformanceSubject> make_process_subject() { return std::make_unique<ProcessSubject>(); }
std::string process_subject_misses() {
    return NginxFolder::is_installed() ? "" : "skipped: needs nginx (apt-get install nginx-light)";
}

}  // namespace rehearse::test
