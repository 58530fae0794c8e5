// Who may act in an environment: one owner at a time, dead ones succeeded, stopped ones ended first.
#include "tests/ledger/support.h"

using namespace rehearse;
using namespace rehearse::test;

namespace {

constexpr Duration minute = std::chrono::minutes(1);

struct Two : Workspace {
    std::unique_ptr<Ledger> ledger = open();
    LeaseOwner first = FakeProcesses::owner(2000);
    LeaseOwner second = FakeProcesses::owner(1000);
    Lease lease = ledger->acquire_lease(shop, first, minute);

    [[nodiscard]] Failure refused() {
        return failure_of([&] { (void)ledger->acquire_lease(shop, second, minute); });
    }
};

}  // namespace

TEST_SUITE("leases") {
    TEST_CASE("epochs grow by one with each owner, in each environment by itself") {
        Workspace workspace;
        const auto ledger = workspace.open();
        CHECK(ledger->epoch(shop) == 0);
        for (Epoch expected = 1; expected <= 3; ++expected) {
            const Lease lease = ledger->acquire_lease(shop, FakeProcesses::owner(1000), minute);
            CHECK(lease.epoch == expected);
            CHECK(lease.expires == workspace.clock.wall() + minute);
            ledger->release_lease(lease);
        }
        CHECK(ledger->epoch(shop) == 3);
        CHECK(ledger->acquire_lease(EnvironmentName("other"), FakeProcesses::owner(1000), minute).epoch == 1);
        CHECK(ledger->check().empty());
    }

    TEST_CASE("an owner that lives keeps its lease: the refusal names it, since when, and what to do") {
        Two two;
        for (const OwnerLife life :
             {OwnerLife::running, OwnerLife::stopped, OwnerLife::unknown, OwnerLife::remote}) {
            two.processes->lives[2000] = life;
            const Failure failure = two.refused();
            CHECK(failure.kind() == FailureKind::refused);
            CHECK(failure.fields().object == "shop-staging");
            CHECK(mentions(failure, "process 2000"));
            CHECK(mentions(failure, to_rfc3339(two.clock.wall())));
            CHECK(mentions(failure, "rehearse halt"));
        }
        CHECK(two.processes->ended.empty());
        CHECK_FALSE(two.ledger->quarantine(shop));
        CHECK(two.ledger->epoch(shop) == 1);
    }

    TEST_CASE("a dead owner is succeeded at once, before its lease has expired") {
        Two two;
        CHECK(two.ledger->acquire_lease(shop, two.second, minute).epoch == 2);
        CHECK(two.processes->ended.empty());
    }

    TEST_CASE("an owner beyond its expiry is ended, and only then succeeded") {
        for (const OwnerLife life : {OwnerLife::stopped, OwnerLife::running}) {
            Two two;
            two.processes->lives[2000] = life;
            two.clock.advance(minute);
            CHECK(two.ledger->acquire_lease(shop, two.second, minute).epoch == 2);
            CHECK(two.processes->ended == std::vector<std::int64_t>{2000});
        }
    }

    TEST_CASE("a renewed lease has not expired") {
        Two two;
        two.processes->lives[2000] = OwnerLife::running;
        two.clock.advance(minute - std::chrono::seconds(1));
        two.ledger->renew_lease(two.lease, minute);
        CHECK(two.lease.expires == two.clock.wall() + minute);
        two.clock.advance(std::chrono::seconds(2));
        CHECK(two.refused().kind() == FailureKind::refused);
        CHECK(two.processes->ended.empty());
    }

    TEST_CASE("setting the wall clock forward ends nobody's lease on this boot") {
        Two two;
        two.processes->lives[2000] = OwnerLife::running;
        two.clock.set_wall(two.clock.wall() + std::chrono::hours(48));
        CHECK(two.refused().kind() == FailureKind::refused);
        CHECK(two.processes->ended.empty());
    }

    TEST_CASE(
        "an expired owner that can't be ended: the environment is quarantined until a person clears it") {
        for (const auto& [life, ending] :
             std::vector<std::pair<OwnerLife, Ending>>{{OwnerLife::remote, Ending::ended},
                                                       {OwnerLife::unknown, Ending::ended},
                                                       {OwnerLife::running, Ending::forbidden},
                                                       {OwnerLife::stopped, Ending::still_there}}) {
            Two two;
            DrillRecord drill = record("left-open");
            two.ledger->begin_drill(two.lease, drill);
            two.processes->lives[2000] = life;
            two.processes->ending = ending;
            two.clock.advance(minute);
            for (int again = 0; again < 2; ++again) {
                const Failure failure = two.refused();
                CHECK(failure.kind() == FailureKind::refused);
                CHECK(mentions(failure, "process 2000"));
                CHECK(mentions(failure, "rehearse clear shop-staging"));
            }
            const auto quarantine = two.ledger->quarantine(shop);
            REQUIRE(quarantine);
            CHECK(quarantine->drill == drill.id);
            CHECK(quarantine->reason.find("process 2000") != std::string::npos);
            CHECK(two.ledger->epoch(shop) == 1);

            CHECK(two.ledger->clear_quarantine(shop, {"ada", ActorKind::person}, "I pulled the plug",
                                               two.clock.wall()));
            CHECK_FALSE(two.ledger->quarantine(shop));
            CHECK(two.ledger->acquire_lease(shop, two.second, minute).epoch == 2);
        }
    }

    TEST_CASE("clearing a quarantine takes nothing from an owner whose lease holds") {
        Two two;
        two.processes->lives[2000] = OwnerLife::running;
        two.ledger->begin_quarantine(
            {.environment = shop, .drill = {}, .since = two.clock.wall(), .reason = "r"});
        CHECK(two.ledger->clear_quarantine(shop, {"ada", ActorKind::person}, "ok", two.clock.wall()));
        CHECK(two.refused().kind() == FailureKind::refused);
        two.ledger->renew_lease(two.lease, minute);
    }

    TEST_CASE("a process never ends itself to take its own lease") {
        Two two;
        two.processes->lives[2000] = OwnerLife::running;
        two.clock.advance(minute * 2);
        const Failure failure = failure_of([&] { (void)two.ledger->acquire_lease(shop, two.first, minute); });
        CHECK(failure.kind() == FailureKind::refused);
        CHECK(mentions(failure, "this very process"));
        CHECK(two.processes->ended.empty());
    }
}

TEST_SUITE("registers") {
    TEST_CASE("the newest enrolment counts") {
        Workspace workspace;
        const auto ledger = workspace.open();
        CHECK_FALSE(ledger->enrolment(shop));
        Enrolment enrolment{.environment = shop,
                            .at = workspace.clock.wall(),
                            .actor = "ada",
                            .read_only = true,
                            .identities = {{"orders", json::object{{"system", "7"}}}},
                            .nonce = "n1"};
        ledger->record_enrolment(enrolment);
        enrolment.nonce = "n2";
        ledger->record_enrolment(enrolment);
        const auto found = workspace.open(false)->enrolment(shop);
        REQUIRE(found);
        CHECK(found->nonce == "n2");
        CHECK(found->read_only);
        CHECK(found->actor == "ada");
        CHECK(found->at == enrolment.at);
        CHECK(found->identities == enrolment.identities);
    }

    TEST_CASE("open quarantines are shown as one: since the first, with what is known of every resource") {
        Workspace workspace;
        const auto ledger = workspace.open();
        Quarantine quarantine{.environment = shop,
                              .drill = DrillId("d1"),
                              .since = workspace.clock.wall(),
                              .reason = "orders did not come back",
                              .resources = {{"orders", "missing"}, {"config", "equal"}}};
        ledger->begin_quarantine(quarantine);
        ledger->begin_quarantine({.environment = shop,
                                  .drill = {},
                                  .since = workspace.clock.wall() + std::chrono::hours(1),
                                  .reason = "the emergency restore failed",
                                  .resources = {{"config", "unreachable"}}});
        const auto found = ledger->quarantine(shop);
        REQUIRE(found);
        CHECK(found->drill.text() == "d1");
        CHECK(found->since == quarantine.since);
        CHECK(found->reason == "the emergency restore failed");
        CHECK(found->resources == json::object{{"orders", "missing"}, {"config", "unreachable"}});
        CHECK_FALSE(ledger->quarantine(EnvironmentName("other")));
        CHECK(ledger->clear_quarantine(shop, {"ada", ActorKind::person}, "restored by hand",
                                       workspace.clock.wall()));
        CHECK_FALSE(
            ledger->clear_quarantine(shop, {"ada", ActorKind::person}, "again", workspace.clock.wall()));
        CHECK_FALSE(ledger->quarantine(shop));
    }

    TEST_CASE("a quarantine comes in the same commit as the verdict that asks for it") {
        Workspace workspace;
        const auto ledger = workspace.open();
        const Lease lease = ledger->acquire_lease(shop, FakeProcesses::owner(1000), minute);
        ledger->begin_drill(lease, record("d1"));
        JournalBatch batch = to_state(DrillState::verifying);
        batch.quarantine = Quarantine{.environment = shop, .drill = DrillId("d1"), .reason = "r"};
        (void)failure_of([&] { ledger->append(lease, DrillId("d1"), batch); });
        CHECK_FALSE(ledger->quarantine(shop));
        batch.state = DrillState::snapshotting;
        ledger->append(lease, DrillId("d1"), batch);
        CHECK(ledger->quarantine(shop));
    }

    TEST_CASE("each due time of a playbook has one row, whose fate can be told later") {
        Workspace workspace;
        const auto ledger = workspace.open();
        const PlaybookName playbook("weekly");
        CHECK_FALSE(ledger->last_due(playbook));
        DueTime due{
            .playbook = playbook, .due = workspace.clock.wall(), .fate = DueFate::ran, .reason = "claimed"};
        ledger->record_due(due);
        CHECK(failure_of([&] { ledger->record_due(due); }).kind() == FailureKind::refused);
        due.fate = DueFate::refused;
        due.reason = "frozen";
        due.drill = DrillId("d1");
        ledger->update_due(due);
        DueTime next = due;
        next.due = next.due + std::chrono::hours(1);
        CHECK(failure_of([&] { ledger->update_due(next); }).kind() == FailureKind::refused);
        next.fate = DueFate::missed;
        ledger->record_due(next);
        CHECK(ledger->last_due(playbook) == next.due);
        const auto rows = ledger->due_times(playbook, 0);
        REQUIRE(rows.size() == 2);
        CHECK(rows[0].fate == DueFate::missed);
        CHECK(rows[1].fate == DueFate::refused);
        CHECK(rows[1].reason == "frozen");
        CHECK(rows[1].drill.text() == "d1");
        CHECK(ledger->due_times(playbook, 1).size() == 1);
        CHECK(ledger->due_times(PlaybookName("other"), 0).empty());
        CHECK(ledger->due_times(PlaybookName(""), 0).size() == 2);
    }
}
