// What the journal costs above SQLite's own durable commit. Left out of the normal run: machines are noisy.
#include <sqlite3.h>

#include <algorithm>
#include <chrono>
#include <vector>

#include "orchestrator/base/handle.h"
#include "tests/ledger/support.h"

using namespace rehearse;
using namespace rehearse::test;

namespace {

constexpr int commits = 500;

double seconds_of(const std::function<void()>& work) {
    const auto began = std::chrono::steady_clock::now();
    work();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
}

}  // namespace

// Run with: test_ledger --no-skip --test-case="500 batches*"
TEST_CASE("500 batches cost at most 1.3 times 500 bare durable commits of SQLite" * doctest::skip()) {
    std::vector<double> ratios;
    for (int round = 0; round < 5; ++round) {
        Workspace workspace;
        sqlite3* opened = nullptr;
        sqlite3_open((workspace.folder.path() / "bare.sqlite").c_str(), &opened);
        const Handle<sqlite3, sqlite3_close> connection(opened);
        sqlite3_exec(
            opened,
            "PRAGMA journal_mode=DELETE; PRAGMA synchronous=EXTRA; CREATE TABLE t(a INTEGER PRIMARY KEY, b)",
            nullptr, nullptr, nullptr);
        sqlite3_stmt* prepared = nullptr;
        sqlite3_prepare_v2(opened, "INSERT INTO t(b) VALUES (zeroblob(200))", -1, &prepared, nullptr);
        const Handle<sqlite3_stmt, sqlite3_finalize> insert(prepared);

        const auto ledger = workspace.open();
        const Lease lease = ledger->acquire_lease(shop, FakeProcesses::owner(1000), std::chrono::minutes(1));
        ledger->begin_drill(lease, record("drill-1"));
        DrillEvent event = note(std::string(150, 'x'));
        // In turns of 50, so that a busy disk slows both alike.
        double bare = 0;
        double ours = 0;
        for (int turn = 0; turn < commits / 50; ++turn) {
            bare += seconds_of([&] {
                for (int i = 0; i < 50; ++i) {
                    sqlite3_step(prepared);
                    sqlite3_reset(prepared);
                }
            });
            ours += seconds_of([&] {
                for (int i = 0; i < 50; ++i)
                    ledger->append(lease, DrillId("drill-1"), {.events = {event, event}});
            });
        }
        MESSAGE("bare " << bare << " s, ledger " << ours << " s, ratio " << ours / bare);
        ratios.push_back(ours / bare);
    }
    std::sort(ratios.begin(), ratios.end());
    CHECK(ratios[ratios.size() / 2] <= 1.3);
}
