// What has to be in time: the alarm before the verdict, the look at the marker before each effect, the lease
// given back with the end.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

#include "orchestrator/guard/marker.h"
#include "tests/drill/stage.h"

using namespace rehearse;
using namespace rehearse::test;

namespace {

/// The real store, on a disk that damages each pack once it is committed, before anybody reads it back.
class DamagedAfterCommit : public SnapshotStore {
  public:
    DamagedAfterCommit(std::unique_ptr<SnapshotStore> real, std::filesystem::path folder)
        : real_(std::move(real)), folder_(std::move(folder)) {}
    std::unique_ptr<SnapshotWriter> begin() override { return real_->begin(); }
    SnapshotSummary find(const EnvironmentName& environment, const std::string& name) const override {
        return real_->find(environment, name);
    }
    std::vector<SnapshotSummary> list(const EnvironmentName& environment, std::size_t limit) const override {
        return real_->list(environment, limit);
    }
    std::unique_ptr<TreeReader> open(const SnapshotId& id, const ResourceName& resource) const override {
        return real_->open(id, resource);
    }
    std::vector<TreeDifference> diff(const SnapshotId& before, const SnapshotId& after,
                                     std::size_t limit) const override {
        return real_->diff(before, after, limit);
    }
    Verification verify(const SnapshotId& id) const override {
        for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_ / "objects")) {
            if (entry.path().extension() != ".pack") continue;
            std::filesystem::permissions(entry.path(), std::filesystem::perms::owner_write,
                                         std::filesystem::perm_options::add);
            std::fstream file(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
            const auto end = static_cast<std::streamoff>(entry.file_size()) - 20;  // its own checksum
            for (std::streamoff at = 16; at < end; at += 8) file.seekp(at).put('!');
        }
        return real_->verify(id);
    }
    StoreReport check() const override { return real_->check(); }
    void set_ref(const std::string& name, const SnapshotId& id) override { real_->set_ref(name, id); }

  private:
    std::unique_ptr<SnapshotStore> real_;
    std::filesystem::path folder_;
};

}  // namespace

TEST_SUITE("drill") {
    TEST_CASE(
        "a quarantine is told before the verdict is written, so that a crash between them loses no alarm") {
        Stage stage;
        stage.resource("orders").on_restore = [] {
            throw Failure({.kind = FailureKind::permanent, .operation = "restore", .message = "no room"});
        };
        std::size_t open = 0;
        stage.alarm.on_raise = [&] { open = stage.ledger->unfinished().size(); };
        const DrillOutcome outcome = stage.drill();
        CHECK(outcome.record.verdict == Verdict::not_recovered);
        REQUIRE(stage.alarm.raised.size() == 1);
        CHECK(open == 1);
        CHECK(stage.ledger->unfinished().empty());
    }

    TEST_CASE("another orchestrator's epoch in a marker, after the guard's look, stops the destroy") {
        Stage stage;
        const Secret key("0123456789abcdef0123456789abcdef");
        stage.playbook.hooks.before_destroy = {{.arguments = {"take over"}}};
        stage.on_command = [&](const CommandRequest&) {
            std::optional<std::string>& text = stage.resource("frontend").marker;
            Marker marker = std::get<Marker>(read_marker_text(text.value(), key));
            ++marker.epoch;
            text = sign_marker(marker, key);
            return CommandResult{.exit_code = 0};
        };
        (void)stage.drill();
        CHECK(stage.history.of("command") == std::vector<std::string>{"take over"});
        CHECK(stage.history.of("destroy").empty());
        CHECK(stage.whole());
    }

    TEST_CASE("a drill that has ended holds no lease") {
        Stage stage;
        REQUIRE(stage.drill().record.verdict == Verdict::recovered);
        // Of a process that lives: a lease that was kept would refuse.
        CHECK_NOTHROW((void)stage.ledger->acquire_lease(stage.environment.name, this_process(),
                                                        std::chrono::minutes(1)));
    }

    TEST_CASE("a snapshot that the disk does not give back whole refuses: nothing is destroyed") {
        Stage stage;
        stage.wrap_store = [&](std::unique_ptr<SnapshotStore> real) {
            return std::make_unique<DamagedAfterCommit>(std::move(real),
                                                        stage.folder.path() / "snapshots.git");
        };
        stage.open();
        const DrillOutcome outcome = stage.drill();
        CHECK(outcome.record.verdict == Verdict::refused);
        CHECK(pretty_json(outcome.record.result).find("could not be read back") != std::string::npos);
        CHECK(stage.history.of("destroy").empty());
        CHECK(stage.whole());
    }
}
