// The journal's promises: what is acknowledged stays, in order, by legal steps, under the current epoch.
#include <sqlite3.h>

#include <thread>

#include "orchestrator/base/handle.h"
#include "tests/ledger/support.h"

using namespace rehearse;
using namespace rehearse::test;

namespace {

struct Running : Workspace {
    std::unique_ptr<Ledger> ledger = open();
    Lease lease = ledger->acquire_lease(shop, FakeProcesses::owner(1000), std::chrono::minutes(1));
    DrillId id{"20261123T214500Z-abcdef"};

    Running() {
        processes->lives[1000] = OwnerLife::running;
        ledger->begin_drill(lease, record(id.text()));
    }
    void go_through(std::initializer_list<DrillState> states) {
        for (const DrillState state : states) ledger->append(lease, id, to_state(state));
    }
};

}  // namespace

TEST_SUITE("ledger") {
    TEST_CASE("a drill is read back as it was written, in another process too") {
        Running run;
        run.go_through({DrillState::snapshotting, DrillState::proven, DrillState::armed,
                        DrillState::destroying, DrillState::restoring, DrillState::verifying});
        JournalBatch end;
        end.state = DrillState::recovered_late;
        end.verdict = Verdict::recovered_late;
        end.ended_at = WallTime{std::chrono::seconds(1'700'000'100)};
        end.result = json::object{{"schema", "rehearse.drill/v1"}, {"share", 0.5}};
        run.ledger->append(run.lease, run.id, end);

        const auto other = run.open(false);
        const auto found = other->drill(run.id);
        REQUIRE(found);
        const DrillRecord expected = record(run.id.text());
        CHECK(found->environment == expected.environment);
        CHECK(found->playbook == expected.playbook);
        CHECK(found->plan == expected.plan);
        CHECK(found->plan_hash == expected.plan_hash);
        CHECK(found->release == "v1");
        CHECK(found->actor.name == "ada");
        CHECK(found->versions == expected.versions);
        CHECK(found->started_at == expected.started_at);
        CHECK(found->state == DrillState::recovered_late);
        CHECK(found->verdict == Verdict::recovered_late);
        CHECK(found->ended_at == end.ended_at);
        CHECK(found->result == *end.result);
        CHECK(other->unfinished().empty());
        CHECK(other->check().empty());
    }

    TEST_CASE("events are numbered without a gap and keep their instants, kind and body") {
        Running run;
        DrillEvent event = note("one");
        event.kind = EventKind::clock;
        event.body = {{"clock", "damage_began"}, {"bytes", "a\0b and \xc3\xa9"}};
        CHECK(run.ledger->append(run.lease, run.id, {.events = {event, note("two")}}) == 2);
        CHECK(run.ledger->append(run.lease, run.id, {.events = {note("three")}}) == 3);
        const auto events = run.ledger->events(run.id);
        REQUIRE(events.size() == 3);
        for (std::size_t i = 0; i < events.size(); ++i) CHECK(events[i].sequence == i + 1);
        CHECK(events[0].kind == EventKind::clock);
        CHECK(events[0].steady == event.steady);
        CHECK(events[0].wall == event.wall);
        CHECK(events[0].boot == event.boot);
        CHECK(events[0].body == event.body);
        CHECK(events[0].epoch == run.lease.epoch);
        CHECK(events[2].body.at("text") == "three");
    }

    TEST_CASE("a state that may not follow is refused and leaves nothing of its batch behind") {
        Running run;
        JournalBatch batch{.events = {note("never"), note("seen")}};
        batch.state = DrillState::destroying;
        const Failure failure = failure_of([&] { run.ledger->append(run.lease, run.id, batch); });
        CHECK(failure.kind() == FailureKind::refused);
        CHECK(mentions(failure, "destroying may not follow leased"));
        CHECK(run.ledger->events(run.id).empty());
        CHECK(run.ledger->drill(run.id)->state == DrillState::leased);
    }

    TEST_CASE("every state that a batch goes through is in the journal, whoever wrote the event") {
        Running run;
        DrillEvent snapshotting = note("");
        snapshotting.kind = EventKind::state;
        snapshotting.body = {{"state", "snapshotting"}};
        DrillEvent proven = snapshotting;
        proven.body = {{"state", "proven"}};
        run.ledger->append(run.lease, run.id,
                           {.events = {snapshotting, proven}, .state = DrillState::proven});
        run.ledger->append(run.lease, run.id, to_state(DrillState::armed));
        CHECK(run.ledger->drill(run.id)->state == DrillState::armed);
        CHECK(run.ledger->events(run.id).size() == 3);
        CHECK(run.ledger->check().empty());

        JournalBatch contradiction{.events = {snapshotting}};
        contradiction.state = DrillState::destroying;
        CHECK(failure_of([&] { run.ledger->append(run.lease, run.id, contradiction); }).kind() ==
              FailureKind::invalid_input);
    }

    TEST_CASE("a verdict is given once, with the state of its name, and nothing changes it afterwards") {
        Running run;
        JournalBatch wrong = to_state(DrillState::aborted);
        wrong.verdict = Verdict::recovered;
        CHECK(failure_of([&] { run.ledger->append(run.lease, run.id, wrong); }).kind() ==
              FailureKind::invalid_input);
        run.ledger->append(run.lease, run.id, to_state(DrillState::aborted));
        CHECK(run.ledger->drill(run.id)->verdict == Verdict::aborted);
        CHECK(run.ledger->drill(run.id)->ended_at == run.clock.wall());
        CHECK(failure_of([&] {
                  run.ledger->append(run.lease, run.id, to_state(DrillState::restoring));
              }).kind() == FailureKind::refused);
        JournalBatch result;
        result.result = json::object{{"schema", "rehearse.drill/v1"}};
        run.ledger->append(run.lease, run.id, result);
        CHECK(failure_of([&] { run.ledger->append(run.lease, run.id, result); }).kind() ==
              FailureKind::invalid_input);
        CHECK(run.ledger->append(run.lease, run.id, {.events = {note("the alarm was heard")}}) == 2);
        CHECK(run.ledger->check().empty());
    }

    TEST_CASE("a stale epoch writes nothing: no drill, no event, no renewal, no release") {
        Running run;
        run.processes->lives.clear();
        const Lease second =
            run.ledger->acquire_lease(shop, FakeProcesses::owner(2000), std::chrono::minutes(1));
        CHECK(second.epoch == run.lease.epoch + 1);
        Lease stale = run.lease;
        for (const auto& work : std::vector<std::function<void()>>{
                 [&] { run.ledger->begin_drill(stale, record("another")); },
                 [&] { run.ledger->append(stale, run.id, {.events = {note("late")}}); },
                 [&] { run.ledger->renew_lease(stale, std::chrono::minutes(1)); },
                 [&] { run.ledger->release_lease(stale); }}) {
            const Failure failure = failure_of(work);
            CHECK(failure.kind() == FailureKind::refused);
            CHECK(mentions(failure, "epoch"));
            CHECK(mentions(failure, "process 2000"));
            CHECK_FALSE(failure.fields().remedy.empty());
        }
        const Failure failure = failure_of([&] { run.ledger->append(stale, run.id, {}); });
        CHECK(failure.fields().operation == "write journal");
        CHECK(run.ledger->events(run.id).empty());
        CHECK(run.ledger->drills({}).size() == 1);
        run.ledger->append(second, run.id, {.events = {note("the successor goes on")}});
        CHECK(run.ledger->events(run.id).at(0).epoch == second.epoch);
    }

    TEST_CASE("a lease that was given back, or is another environment's, writes nothing") {
        Running run;
        const Lease other = run.ledger->acquire_lease(EnvironmentName("other"), FakeProcesses::owner(1000),
                                                      std::chrono::minutes(1));
        CHECK(
            mentions(failure_of([&] { run.ledger->append(other, run.id, {}); }), "belongs to shop-staging"));
        CHECK(mentions(failure_of([&] { run.ledger->begin_drill(other, record("second")); }), "belongs to"));
        run.ledger->release_lease(run.lease);
        run.ledger->release_lease(run.lease);
        CHECK(mentions(failure_of([&] { run.ledger->append(run.lease, run.id, {}); }), "given back"));
    }

    TEST_CASE("a refused drill is kept with its reasons, without a lease") {
        Workspace workspace;
        const auto ledger = workspace.open();
        DrillRecord refused = record("refused-one");
        refused.state = DrillState::refused;
        refused.verdict = Verdict::refused;
        refused.result = {{"schema", "rehearse.drill/v1"}};
        DrillEvent guard = note("");
        guard.kind = EventKind::guard;
        guard.body = {{"interlock", "class"}, {"passed", false}};
        ledger->record_refused(refused, {guard});
        const auto found = ledger->drill(refused.id);
        REQUIRE(found);
        CHECK(found->verdict == Verdict::refused);
        CHECK(found->result == refused.result);
        REQUIRE(ledger->events(refused.id).size() == 1);
        CHECK(ledger->events(refused.id)[0].epoch == 0);
        CHECK(ledger->check().empty());
        CHECK(failure_of([&] { ledger->record_refused(refused, {}); }).kind() == FailureKind::refused);
    }

    TEST_CASE("drills are listed newest first, by environment, playbook, age and number") {
        Running run;
        run.go_through({DrillState::aborted});
        for (int i = 1; i <= 5; ++i) {
            DrillRecord next = record("drill-" + std::to_string(i));
            next.started_at = next.started_at + std::chrono::seconds(i);
            if (i == 3) next.playbook = PlaybookName("other");
            run.ledger->begin_drill(run.lease, next);
        }
        const auto all = run.ledger->drills({});
        REQUIRE(all.size() == 6);
        CHECK(all[0].id.text() == "drill-5");
        CHECK(all[5].id == run.id);
        CHECK(run.ledger->drills({.environment = EnvironmentName("none")}).empty());
        CHECK(run.ledger->drills({.playbook = PlaybookName("other")}).size() == 1);
        CHECK(run.ledger->drills({.limit = 2}).size() == 2);
        CHECK(run.ledger->drills({.since = all[1].started_at}).size() == 2);
        const auto unfinished = run.ledger->unfinished();
        REQUIRE(unfinished.size() == 5);
        CHECK(unfinished[0].id.text() == "drill-1");
    }

    TEST_CASE("a drill is found by an unambiguous prefix of its id") {
        Running run;
        run.ledger->begin_drill(run.lease, record("20261124T000000Z-abcdef"));
        CHECK(run.ledger->drill(DrillId("20261123"))->id == run.id);
        const Failure failure = failure_of([&] { (void)run.ledger->drill(DrillId("202611")); });
        CHECK(failure.kind() == FailureKind::invalid_input);
        CHECK(mentions(failure, run.id.text()));
        CHECK_FALSE(run.ledger->drill(DrillId("2027")));
        CHECK_FALSE(run.ledger->drill(DrillId("%")));
        CHECK_FALSE(run.ledger->drill(DrillId("")));
    }

    TEST_CASE("history can't be rewritten: journals, plans, verdicts and epochs refuse SQL that would") {
        Running run;
        run.ledger->append(run.lease, run.id, {.events = {note("one")}, .state = DrillState::aborted});
        run.ledger->record_due({.playbook = PlaybookName("p"), .due = {}, .reason = {}, .drill = {}});
        sqlite3* opened = nullptr;
        sqlite3_open(run.file.c_str(), &opened);
        const Handle<sqlite3, sqlite3_close> connection(opened);
        for (const char* sql :
             {"UPDATE drill_events SET body = '{}'", "DELETE FROM drill_events", "DELETE FROM drills",
              "UPDATE drills SET verdict = 'recovered'", "UPDATE drills SET playbook = 'p'",
              "UPDATE drills SET started_ns = 1", "UPDATE drill_plans SET plan = ''",
              "DELETE FROM drill_plans", "DELETE FROM leases", "UPDATE leases SET epoch = 9",
              "DELETE FROM due_times"}) {
            CAPTURE(sql);
            CHECK(sqlite3_exec(opened, sql, nullptr, nullptr, nullptr) != SQLITE_OK);
        }
        CHECK(run.ledger->check().empty());
    }

    TEST_CASE("many threads append through one ledger and every event is there") {
        Running run;
        std::vector<std::thread> threads;
        for (int i = 0; i < 4; ++i) {
            threads.emplace_back([&] {
                for (int j = 0; j < 10; ++j) {
                    run.ledger->append(run.lease, run.id, {.events = {note("event")}});
                    (void)run.ledger->events(run.id);
                }
            });
        }
        for (auto& thread : threads) thread.join();
        CHECK(run.ledger->events(run.id).size() == 40);
        CHECK(run.ledger->check().empty());
    }
}
