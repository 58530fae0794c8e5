// What the ledger's tests share: a workspace with a ledger, processes that live and die on command, records.
#pragma once

#include <doctest/doctest.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "orchestrator/base/failure.h"
#include "orchestrator/ledger/sqlite_ledger.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/test_clock.h"

namespace rehearse::test {

inline const EnvironmentName shop("shop-staging");

/// Processes by pid; every one not named is gone.
class FakeProcesses final : public ProcessTable {
  public:
    [[nodiscard]] LeaseOwner self() const override { return owner(1000); }
    [[nodiscard]] OwnerLife life(const LeaseOwner& of) const override {
        const auto found = lives.find(of.process);
        return found == lives.end() ? OwnerLife::gone : found->second;
    }
    [[nodiscard]] Ending end(const LeaseOwner& of, Duration) const override {
        ended.push_back(of.process);
        if (ending == Ending::ended) lives.erase(of.process);
        return ending;
    }
    [[nodiscard]] std::vector<LockHolder> lock_holders(const std::filesystem::path&) const override {
        return {};
    }

    [[nodiscard]] static LeaseOwner owner(std::int64_t process) {
        return {.host = "machine", .boot = "test-boot", .process = process, .process_started = 7};
    }

    mutable std::map<std::int64_t, OwnerLife> lives;
    mutable std::vector<std::int64_t> ended;
    Ending ending = Ending::ended;
};

struct Workspace {
    TemporaryFolder folder;
    ManualClock clock;
    std::shared_ptr<FakeProcesses> processes = std::make_shared<FakeProcesses>();
    std::filesystem::path file = folder.path() / "ledger.sqlite";

    [[nodiscard]] std::unique_ptr<Ledger> open(bool create = true) const {
        return open_sqlite_ledger({.file = file,
                                   .create = create,
                                   .patience = std::chrono::milliseconds(200),
                                   .processes = processes},
                                  clock);
    }
};

inline DrillRecord record(const std::string& id, const EnvironmentName& environment = shop) {
    return {.id = DrillId(id),
            .environment = environment,
            .playbook = PlaybookName("delete-and-recreate"),
            .kind = DrillKind::disaster,
            .state = DrillState::leased,
            .verdict = std::nullopt,
            .plan_hash = PlanHash("sha256:00"),
            .plan = R"({"destroy":[]})",
            .release = "v1",
            .actor = {"ada", ActorKind::person},
            .host = "machine",
            .versions = {{"rehearse", "0.1.0"}},
            .started_at = {std::chrono::seconds(1'700'000'000)},
            .ended_at = std::nullopt,
            .result = {}};
}

inline DrillEvent note(const std::string& text) {
    return {.kind = EventKind::note,
            .steady = {std::chrono::seconds(5)},
            .wall = {std::chrono::seconds(1'700'000'001)},
            .boot = "test-boot",
            .body = {{"text", text}}};
}

inline JournalBatch to_state(DrillState state) {
    JournalBatch batch;
    batch.state = state;
    return batch;
}

/// The failure that the work must end with.
inline Failure failure_of(const std::function<void()>& work) {
    try {
        work();
    } catch (const Failure& failure) {
        return failure;
    }
    FAIL("nothing failed");
    return Failure({});
}

inline bool mentions(const Failure& failure, const std::string& words) {
    return std::string(failure.what()).find(words) != std::string::npos;
}

}  // namespace rehearse::test
