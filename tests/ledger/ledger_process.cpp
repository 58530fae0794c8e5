// The other process of the ledger's tests: holds, contends, appends or stands still, and says so on stdout.
#include <signal.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cstdio>
#include <string>
#include <thread>

#include "orchestrator/base/failure.h"
#include "orchestrator/base/handle.h"
#include "orchestrator/ledger/sqlite_ledger.h"
#include "tests/support/test_clock.h"

namespace {

using namespace rehearse;

void say(const std::string& line) {
    std::puts(line.c_str());
    std::fflush(stdout);
}

DrillRecord record_of(const EnvironmentName& environment, const std::string& id) {
    DrillRecord record;
    record.id = DrillId(id);
    record.environment = environment;
    record.playbook = PlaybookName("p");
    record.state = DrillState::leased;
    return record;
}

/// Holds the lease until it is ended.
void hold(Ledger& ledger, const EnvironmentName& environment, Duration term) {
    const Lease lease = ledger.acquire_lease(environment, this_process(), term);
    say("held " + std::to_string(lease.epoch));
    for (;;) ::pause();
}

/// Stops itself while it has the ledger's own lock, as one stopped in the middle of a commit.
void stop_in_commit(Ledger& ledger, const std::string& file, const EnvironmentName& environment,
                    Duration term) {
    const Lease lease = ledger.acquire_lease(environment, this_process(), term);
    say("held " + std::to_string(lease.epoch));
    sqlite3* opened = nullptr;
    sqlite3_open(file.c_str(), &opened);
    const Handle<sqlite3, sqlite3_close> connection(opened);
    sqlite3_exec(opened, "BEGIN EXCLUSIVE; UPDATE due_times SET reason = 'torn'", nullptr, nullptr, nullptr);
    ::raise(SIGSTOP);
    sqlite3_exec(opened, "COMMIT", nullptr, nullptr, nullptr);
}

/// Takes and gives back the lease `rounds` times, against others who do the same.
void contend(Ledger& ledger, const EnvironmentName& environment, int rounds) {
    while (rounds > 0) {
        try {
            const Lease lease = ledger.acquire_lease(environment, this_process(), std::chrono::seconds(60));
            const std::string id = "drill-" + std::to_string(lease.epoch);
            ledger.begin_drill(lease, record_of(environment, id));
            ledger.append(lease, DrillId(id), {.events = {{}}, .state = DrillState::aborted});
            ledger.release_lease(lease);
            say(std::to_string(lease.epoch));
            --rounds;
        } catch (const Failure& failure) {
            if (failure.kind() != FailureKind::refused && failure.kind() != FailureKind::transient) throw;
            std::this_thread::yield();
        }
    }
}

/// Appends for ever and says the number of each event once it is acknowledged.
void append(Ledger& ledger, const EnvironmentName& environment, const std::string& drill) {
    const Lease lease = ledger.acquire_lease(environment, this_process(), std::chrono::seconds(60));
    ledger.begin_drill(lease, record_of(environment, drill));
    for (;;) {
        DrillEvent event;
        event.body = {{"text", std::string(700, 'x')}};
        say(std::to_string(ledger.append(lease, DrillId(drill), {.events = {event, event}})));
    }
}

}  // namespace

int main(int count, char** values) {
    const std::string verb = count > 3 ? values[1] : "";
    const std::string more = count > 4 ? values[4] : "0";
    try {
        const test::KernelClock clock(this_process().boot);
        const EnvironmentName environment(count > 3 ? values[3] : "");
        const auto ledger = open_sqlite_ledger(count > 2 ? values[2] : "", clock, true);
        if (verb == "hold") hold(*ledger, environment, std::chrono::milliseconds(std::stol(more)));
        if (verb == "stop-in-commit") {
            stop_in_commit(*ledger, values[2], environment, std::chrono::milliseconds(std::stol(more)));
        }
        if (verb == "contend") contend(*ledger, environment, std::stoi(more));
        if (verb == "append") append(*ledger, environment, more);
        return 0;
    } catch (const std::exception& failure) {
        say(failure.what());
        return 1;
    }
}
