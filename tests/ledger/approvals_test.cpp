// Proposals, approvals and policies in the ledger: kept whole, used as often as was approved, and brought to
// ledgers that are older than they.
#include "orchestrator/base/digest.h"
#include "orchestrator/ledger/database.h"
#include "orchestrator/ledger/schema.h"
#include "tests/ledger/support.h"

using namespace rehearse;
using namespace rehearse::test;

namespace {

Proposal proposal_of(const WallTime now, const std::string& document, const std::string& nonce) {
    return {.kind = ProposalKind::plan,
            .subject = "sha256:" + sha256_hex(document),
            .environment = shop,
            .document = document,
            .nonce = nonce,
            .by = {.actor = {.name = "ada"}, .account = "ops"},
            .at = now,
            .expires = now + std::chrono::hours(1)};
}

}  // namespace

TEST_SUITE("ledger") {
    TEST_CASE("a proposal comes back as it was recorded, with what was said to it") {
        const Workspace place;
        const auto ledger = place.open();
        const Proposal proposal = proposal_of(place.clock.wall(), "{\"a\":1}", "n1");
        ledger->record_proposal(proposal);
        ledger->record_approval({.nonce = "n1", .text = "t", .signature = "s", .at = place.clock.wall()});
        ledger->record_approval({.nonce = "n1", .decision = Decision::deny, .reason = "no"});
        const auto found = ledger->proposals(proposal.subject.substr(7, 12));
        REQUIRE(found.size() == 1);
        CHECK(found[0].proposal.document == proposal.document);
        CHECK(found[0].proposal.by.account == "ops");
        CHECK(found[0].proposal.expires == proposal.expires);
        REQUIRE(found[0].approvals.size() == 2);
        CHECK(found[0].approvals[0].signature == "s");
        CHECK(found[0].approvals[1].decision == Decision::deny);
        CHECK(ledger->proposals("0000").empty());
        CHECK(ledger->proposals_for(PlanHash(proposal.subject), shop).size() == 1);
        CHECK(ledger->proposals_for(PlanHash(proposal.subject), EnvironmentName("other")).empty());
        CHECK_THROWS_AS(ledger->record_approval({.nonce = "unknown"}), Failure);
        CHECK(ledger->check().empty());
    }

    TEST_CASE("approvals are used as often as was approved, in the drill's own commit") {
        const Workspace place;
        const auto ledger = place.open();
        Proposal proposal = proposal_of(place.clock.wall(), "{}", "n1");
        proposal.runs = 2;
        ledger->record_proposal(proposal);
        const Lease lease = ledger->acquire_lease(shop, FakeProcesses::owner(1000), std::chrono::minutes(5));
        const auto begin = [&](const char* drill) { ledger->begin_drill(lease, record(drill), "n1"); };
        begin("d1");
        begin("d2");
        CHECK(mentions(failure_of([&] { begin("d3"); }), "used up"));
        CHECK_FALSE(ledger->drill(DrillId("d3")));
        CHECK(ledger->proposals("")[0].proposal.used_by.size() == 2);
        SUBCASE("none of a proposal that is not there") {
            CHECK(
                mentions(failure_of([&] { ledger->begin_drill(lease, record("d4"), "n2"); }), "no proposal"));
        }
        SUBCASE("none after a denial") {
            ledger->record_proposal(proposal_of(place.clock.wall(), "{}", "n3"));
            ledger->record_approval({.nonce = "n3", .decision = Decision::deny});
            CHECK(mentions(failure_of([&] { ledger->begin_drill(lease, record("d4"), "n3"); }), "denied"));
        }
        SUBCASE("none after its expiry") {
            Proposal old = proposal_of(place.clock.wall(), "{}", "n4");
            old.expires = place.clock.wall();
            ledger->record_proposal(old);
            CHECK(mentions(failure_of([&] { ledger->begin_drill(lease, record("d4"), "n4"); }), "expired"));
        }
    }

    TEST_CASE("a policy replaces the one it was approved under, and no other") {
        const Workspace place;
        const auto ledger = place.open();
        CHECK_FALSE(ledger->adopted_policy());
        const auto policy = [](const std::string& document) {
            return AdoptedPolicy{.digest = "sha256:" + sha256_hex(document), .document = document};
        };
        ledger->adopt_policy(policy("{\"v\":1}"), "");
        CHECK(mentions(failure_of([&] { ledger->adopt_policy(policy("{\"v\":2}"), ""); }), "meanwhile"));
        ledger->adopt_policy(policy("{\"v\":2}"), policy("{\"v\":1}").digest);
        CHECK(ledger->adopted_policy()->document == "{\"v\":2}");
    }

    TEST_CASE("what was changed on the disk is not believed") {
        const Workspace place;
        place.open()->record_proposal(proposal_of(place.clock.wall(), "{\"a\":1}", "n1"));
        {
            const auto processes = linux_process_table();
            Database database({.file = place.file}, *processes);
            database.script("DROP TRIGGER proposals_stay");
            database.script("UPDATE proposals SET expires_ns = expires_ns + 1");
        }
        const auto ledger = place.open();
        CHECK(mentions(failure_of([&] { (void)ledger->proposals(""); }), "not what was recorded"));
        CHECK_FALSE(ledger->check().empty());
    }

    TEST_CASE("a ledger of version 1 gets the tables that it lacks, and keeps its drills") {
        const Workspace place;
        {
            const auto ledger = place.open();
            const Lease lease =
                ledger->acquire_lease(shop, FakeProcesses::owner(1000), std::chrono::minutes(5));
            ledger->begin_drill(lease, record("d1"));
        }
        {
            const auto processes = linux_process_table();
            Database database({.file = place.file}, *processes);
            for (const char* table : {"approved_runs", "approvals", "proposals", "policies", "audit_entries",
                                      "audit_tree", "audit_checkpoints"})
                database.script(std::string("DROP TABLE ") + table);
            database.script("PRAGMA user_version=1");
        }
        const auto ledger = place.open(false);
        CHECK(ledger->check().empty());
        CHECK(ledger->drill(DrillId("d1")));
        CHECK(ledger->proposals("").empty());
    }
}
