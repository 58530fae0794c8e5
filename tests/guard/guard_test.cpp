// The guard: one case per interlock. Each shows that the interlock refuses what it should, that nothing else
// refuses it, and that with the interlock off the very same facts pass: so each case goes red when its
// interlock is off.
#include "orchestrator/guard/guard.h"

#include <doctest/doctest.h>

#include <functional>
#include <string>
#include <vector>

using namespace rehearse;

namespace {

const WallTime now = parse_rfc3339("2026-03-01T12:00:00Z");
constexpr std::uint64_t gibibyte = 1U << 30U;

/// Facts that every interlock passes; a case changes one thing.
struct Good {
    Plan plan;
    GuardFacts facts{.plan = plan};

    Good() {
        plan.playbook = PlaybookName("delete");
        plan.environment = EnvironmentName("shop-staging");
        plan.environment_class = EnvironmentClass::staging;
        plan.guard = {
            .max_items = 10, .max_share_permille = 1000, .snapshot_max_age = std::chrono::minutes(10)};
        plan.steady_state.push_back({.name = "storefront"});
        plan.resources = {
            {.name = ResourceName("orders"), .adapter = "postgresql", .identity = {{"system", "1"}}},
            {.name = ResourceName("config"), .adapter = "files", .identity = {{"path", "/srv/config"}}}};
        plan.destroy = {{.step = "destroy-1-orders",
                         .resource = ResourceName("orders"),
                         .whole = true,
                         .items = {"a", "b"},
                         .items_in_resource = 2},
                        {.step = "destroy-2-config",
                         .resource = ResourceName("config"),
                         .items = {"x"},
                         .items_in_resource = 4}};
        facts.now = now;
        facts.enrolment = Enrolment{.environment = plan.environment, .at = now, .nonce = "nonce"};
        facts.ledger_epoch = 7;
        facts.way_back = {"/home/ops/drills/.rehearse", "/usr/bin/rehearse"};
        for (const PlanResource& resource : plan.resources) {
            ResourceFacts known{.resource = resource.name};
            known.identity = {.match = IdentityMatch::same, .live = resource.identity};
            known.marker = Marker{.environment = plan.environment,
                                  .resource = resource.name,
                                  .identity = resource.identity,
                                  .nonce = "nonce",
                                  .epoch = 7};
            known.bytes = gibibyte;
            known.restore_disk = "/srv";
            known.disk_free = 4 * gibibyte;
            facts.resources.push_back(known);
        }
        facts.resources[1].paths = {"/srv/config"};
        facts.resources[1].way_back = {"/srv/.rehearse-marker.config.json"};
        SnapshotFacts snapshot{.id = SnapshotId("c0ffee"), .taken_at = now - std::chrono::minutes(1)};
        snapshot.read_back = true;
        snapshot.proof = "abc";
        for (const PlanResource& resource : plan.resources)
            snapshot.identities[resource.name] = resource.identity;
        facts.snapshot = snapshot;
        facts.steady_state = {{.probe = "storefront", .passed = true, .detail = "HTTP 200"}};
    }
    Good(const Good&) = delete;
};

/// Exactly `interlock` refuses, in words that hold `reason`; without it, the same facts pass.
void refuses(Good& good, const std::string& interlock, const std::string& reason) {
    const auto results = ask_guard(good.facts, GuardPhase::before_damage);
    for (const InterlockResult& result : results) {
        INFO(std::string(result.interlock), ": ", result.reason);
        CHECK(result.passed == (result.interlock != interlock));
        if (result.interlock != interlock) continue;
        CHECK(result.reason.find(reason) != std::string::npos);
        CHECK_FALSE(result.remedy.empty());
    }
    std::vector<Interlock> without;
    for (const Interlock& known : interlocks()) {
        if (known.name != interlock) without.push_back(known);
    }
    REQUIRE(without.size() + 1 == interlocks().size());
    CHECK(all_passed(ask_guard(good.facts, GuardPhase::before_damage, without)));
}

}  // namespace

TEST_SUITE("guard") {
    TEST_CASE("facts without a fault pass every interlock") {
        Good good;
        const auto results = ask_guard(good.facts, GuardPhase::before_damage);
        CHECK(results.size() == interlocks().size());
        CHECK(refusal_text(results) == "");
        CHECK(all_passed(results));
    }

    TEST_CASE("nothing of class production is destroyed") {
        Good good;
        good.plan.environment_class = EnvironmentClass::production;
        refuses(good, "class", "class production");
    }

    TEST_CASE("a resource that can't be read refuses, alone: what is not known is not judged") {
        Good good;
        good.facts.resources.erase(good.facts.resources.begin());
        good.facts.unreadable[ResourceName("orders")] = {.kind = FailureKind::transient,
                                                         .operation = "connect to",
                                                         .object = "orders on 127.0.0.1:5433",
                                                         .message = "connection refused",
                                                         .remedy = "check that the server runs"};
        const auto results = ask_guard(good.facts, GuardPhase::before_damage);
        CHECK(refusal_text(results) ==
              "guard refused: reachable: orders: connect to orders on 127.0.0.1:5433: connection refused; "
              "check that the server runs");
        SUBCASE("a second one is named, too, and each remedy once") {
            good.facts.unreadable[ResourceName("config")] = good.facts.unreadable.at(ResourceName("orders"));
            const InterlockResult result = check_reachable(good.facts);
            CHECK(result.reason.starts_with("config: "));
            CHECK(result.reason.find("; orders: ") != std::string::npos);
            CHECK(result.remedy == "check that the server runs");
        }
        SUBCASE("with the interlock off, the others refuse what nobody looked at") {
            std::vector<Interlock> without;
            for (const Interlock& known : interlocks()) {
                if (known.name != "reachable") without.push_back(known);
            }
            CHECK_FALSE(all_passed(ask_guard(good.facts, GuardPhase::before_damage, without)));
        }
    }

    TEST_CASE("a class that nobody knows is treated like production") {
        Good good;
        good.plan.environment_class = static_cast<EnvironmentClass>(42);
        CHECK_FALSE(check_class(good.facts).passed);
    }

    TEST_CASE("a setting that this build can't honour refuses") {
        Good good;
        SUBCASE("checking the verifier where nothing is destroyed") {
            good.plan.kind = DrillKind::rollback;
            good.plan.destroy.clear();
            good.plan.change = good.plan.rollback = {{.arguments = {"true"}}};
            good.plan.verify.check_verifier = true;
            refuses(good, "supported", "verifier");
        }
        SUBCASE("checking the verifier where hooks would have to run around it once more") {
            good.plan.hooks.after_restore = {{.arguments = {"true"}}};
            good.plan.verify.check_verifier = true;
            refuses(good, "supported", "hooks");
        }
        SUBCASE("kind restore_test") {
            good.plan.kind = DrillKind::restore_test;
            refuses(good, "supported", "restore_test");
        }
    }

    TEST_CASE("a plan that needs approvals refuses where no policy says whose") {
        Good good;
        good.plan.guard.approvals = 1;
        refuses(good, "approvals", "no policy");
    }

    TEST_CASE("a policy that can't be judged by refuses") {
        Good good;
        good.facts.policy.problem = "policy.yaml was never adopted";
        refuses(good, "policy", "never adopted");
    }

    TEST_CASE("the policy's caps and patterns of production refuse by themselves") {
        Good good;
        Policy policy{.name = "shop"};
        policy.members = {{.name = "ada", .accounts = {"ada"}}};
        policy.roles = {{.name = "all", .members = {"ada"}}};
        policy.grants = {{.act = PolicyAct::run, .roles = {"all"}}};
        policy.environments = {{.name = good.plan.environment}};
        good.facts.policy.requester = {.actor = {.name = "ada"}, .account = "ada"};
        SUBCASE("caps") {
            policy.persons_cap = PolicyCaps{.max_items = 2};
            good.facts.policy.policy = policy;
            refuses(good, "caps", "3 items");
        }
        SUBCASE("production") {
            policy.production = {"/srv/*"};
            good.facts.policy.policy = policy;
            refuses(good, "production", "/srv/config");
        }
    }

    TEST_CASE("an environment that was not enrolled refuses") {
        Good good;
        SUBCASE("never") {
            good.facts.enrolment.reset();
            refuses(good, "enrolled", "not enrolled");
        }
        SUBCASE("read-only") {
            good.facts.enrolment->read_only = true;
            refuses(good, "enrolled", "read-only");
        }
    }

    TEST_CASE("a quarantined environment refuses") {
        Good good;
        good.facts.quarantine =
            Quarantine{.environment = good.plan.environment, .since = now, .reason = "orders is gone"};
        refuses(good, "quarantine", "orders is gone");
    }

    TEST_CASE("a drill that was left open refuses the next one") {
        Good good;
        good.facts.unfinished = DrillId("20260301T110000Z-aa");
        refuses(good, "unfinished", "20260301T110000Z-aa");
    }

    TEST_CASE("the kill switch refuses") {
        Good good;
        good.facts.halted = "by ops";
        refuses(good, "halt", "by ops");
    }

    TEST_CASE("an audit log that does not verify refuses") {
        Good good;
        good.facts.audit_problem = "it is truncated";
        refuses(good, "audit", "it is truncated");
    }

    TEST_CASE("a freeze window refuses") {
        Good good;
        good.facts.frozen = "year end until 2027-01-02";
        refuses(good, "freeze", "year end");
    }

    TEST_CASE("a marker that is missing or not ours refuses") {
        Good good;
        Marker& marker = *good.facts.resources[0].marker;
        SUBCASE("missing") {
            good.facts.resources[0].marker.reset();
            refuses(good, "marker", "no marker");
        }
        SUBCASE("forged") {
            good.facts.resources[0].marker.reset();
            good.facts.resources[0].marker_problem = "its signature is wrong";
            refuses(good, "marker", "signature");
        }
        SUBCASE("of another environment") {
            marker.environment = EnvironmentName("shop-production");
            refuses(good, "marker", "shop-production");
        }
        SUBCASE("of another resource") {
            marker.resource = ResourceName("config");
            refuses(good, "marker", "shop-staging/config");
        }
        SUBCASE("planted for another identity") {
            marker.identity = {{"system", "2"}};
            refuses(good, "marker", "another identity");
        }
        SUBCASE("of another enrolment") {
            marker.nonce = "older";
            refuses(good, "marker", "another enrolment");
        }
        SUBCASE("with an epoch that this ledger never gave") {
            marker.epoch = 8;
            refuses(good, "marker", "epoch 8");
        }
    }

    TEST_CASE("a live resource that is not the enrolled one refuses") {
        Good good;
        SUBCASE("another one") {
            good.facts.resources[0].identity = {.match = IdentityMatch::other,
                                                .explanation = "system identifier 2"};
            refuses(good, "identity", "system identifier 2");
        }
        SUBCASE("none") {
            good.facts.resources[0].identity = {.match = IdentityMatch::absent,
                                                .explanation = "the folder /srv/config is not there"};
            refuses(good, "identity", "the folder /srv/config is not there");
        }
    }

    TEST_CASE("a plan without a target, or with a pattern that selects nothing, refuses") {
        Good good;
        SUBCASE("no step") {
            good.plan.destroy.clear();
            refuses(good, "targets", "destroys nothing");
        }
        SUBCASE("no item") {
            good.plan.destroy[1].items.clear();
            refuses(good, "targets", "no item");
        }
        SUBCASE("an unknown item") {
            good.plan.destroy[1].unmatched = {"typo/**"};
            refuses(good, "targets", "typo/**");
        }
    }

    TEST_CASE("a rollback drill without its commands refuses") {
        Good good;
        good.plan.kind = DrillKind::rollback;
        good.plan.destroy.clear();
        good.plan.change.push_back({.arguments = {"true"}});
        refuses(good, "targets", "rollback");
    }

    TEST_CASE("more items than allowed refuse") {
        Good good;
        good.plan.guard.max_items = 2;
        refuses(good, "blast_radius", "3 items");
    }

    TEST_CASE("a larger share than allowed refuses, rounded against the drill") {
        Good good;
        good.plan.destroy.erase(good.plan.destroy.begin());
        good.plan.guard.max_share_permille = 250;
        CHECK(check_blast_radius(good.facts).passed);
        good.plan.destroy[0].items_in_resource = 3;
        good.plan.guard.max_share_permille = 333;
        refuses(good, "blast_radius", "1 of 3 items");
    }

    TEST_CASE("an item that two steps name counts once") {
        Good good;
        good.plan.guard.max_items = 3;
        good.plan.destroy.push_back(good.plan.destroy[1]);
        CHECK(check_blast_radius(good.facts).passed);
    }

    TEST_CASE("a target that holds what the way back needs refuses") {
        Good good;
        SUBCASE("the workspace inside the root") {
            good.facts.way_back.emplace_back("/srv/config/drills/.rehearse");
            refuses(good, "way_back", "/srv/config/drills/.rehearse");
        }
        SUBCASE("the root itself is the binary's folder") {
            good.facts.resources[1].paths = {"/usr/bin"};
            refuses(good, "way_back", "/usr/bin/rehearse");
        }
        SUBCASE("the root lies inside the workspace's state") {
            good.facts.resources[1].paths = {"/home/ops/drills/.rehearse/snapshots.git"};
            refuses(good, "way_back", "lies inside");
        }
        SUBCASE("another resource's marker inside the root") {
            good.facts.resources[0].way_back = {"/srv/config/.rehearse-marker.app.json"};
            refuses(good, "way_back", ".rehearse-marker.app.json");
        }
        SUBCASE("the root of the file system") {
            good.facts.resources[1].paths = {"/"};
            CHECK_FALSE(check_way_back(good.facts).passed);
        }
        SUBCASE("a path that only begins alike is fine") {
            good.facts.way_back.emplace_back("/srv/config-of-another");
            CHECK(check_way_back(good.facts).passed);
        }
        SUBCASE("nothing known") {
            good.facts.way_back.clear();
            refuses(good, "way_back", "not known");
        }
    }

    TEST_CASE("other people's sessions refuse unless they may be disconnected") {
        Good good;
        good.facts.resources[0].sessions = {"alice from 10.0.0.7"};
        refuses(good, "sessions", "alice");
        good.plan.resources[0].options["sessions"] = "disconnect";
        CHECK(check_sessions(good.facts).passed);
    }

    TEST_CASE("an obstacle refuses") {
        Good good;
        good.facts.resources[0].obstacles = {"role reporting is missing"};
        refuses(good, "obstacles", "role reporting");
    }

    TEST_CASE("too little room for the restore refuses, over all resources on one disk") {
        Good good;
        good.facts.resources[0].disk_free = good.facts.resources[1].disk_free = gibibyte + gibibyte / 2;
        refuses(good, "disk", "/srv");
    }

    TEST_CASE("an old snapshot refuses") {
        Good good;
        SUBCASE("too old") {
            good.facts.snapshot->taken_at = now - std::chrono::minutes(11);
            refuses(good, "snapshot_age", "limit 10 min");
        }
        SUBCASE("from the future") {
            good.facts.snapshot->taken_at = now + std::chrono::seconds(1);
            refuses(good, "snapshot_age", "old");
        }
    }

    TEST_CASE("a snapshot that was not read back refuses") {
        Good good;
        good.facts.snapshot->read_back = false;
        refuses(good, "snapshot_proof", "read back");
    }

    TEST_CASE("a snapshot of another identity refuses") {
        Good good;
        good.facts.snapshot->identities[ResourceName("orders")] = {{"system", "2"}};
        refuses(good, "snapshot_identity", "orders");
    }

    TEST_CASE("a scratch restore that failed refuses") {
        Good good;
        good.facts.snapshot->not_restorable[ResourceName("orders")] = "role missing";
        refuses(good, "restorability", "role missing");
    }

    TEST_CASE("what somebody changed since the snapshot refuses: it would be lost") {
        Good good;
        good.facts.snapshot->drifted[ResourceName("config")] = "what changed last is /srv/config/x";
        refuses(good, "unchanged", "/srv/config/x");
    }

    TEST_CASE("a steady state that does not hold refuses") {
        Good good;
        SUBCASE("a probe fails") {
            good.facts.steady_state[0].passed = false;
            good.facts.steady_state[0].detail = "connection refused";
            refuses(good, "steady_state", "connection refused");
        }
        SUBCASE("no probe was asked") {
            good.facts.steady_state.clear();
            refuses(good, "steady_state", "no probe");
        }
        SUBCASE("one of two answered") {
            good.plan.steady_state.push_back({.name = "orders"});
            refuses(good, "steady_state", "1 of 2");
        }
    }

    TEST_CASE("without a snapshot nothing that needs one passes") {
        Good good;
        good.facts.snapshot.reset();
        for (const char* name : {"snapshot_age", "snapshot_proof", "snapshot_identity", "restorability"}) {
            bool refused = false;
            for (const InterlockResult& result : ask_guard(good.facts, GuardPhase::before_damage)) {
                if (result.interlock == name) refused = !result.passed;
            }
            CHECK_MESSAGE(refused, name);
        }
    }

    TEST_CASE("an interlock that throws refuses") {
        Good good;
        const Interlock broken{
            "broken", "", GuardPhase::before_snapshot,
            [](const GuardFacts&) -> InterlockResult { throw std::runtime_error("boom"); }};
        const auto results = ask_guard(good.facts, GuardPhase::before_damage, {&broken, 1});
        CHECK_FALSE(all_passed(results));
        CHECK(refusal_text(results).find("boom") != std::string::npos);
    }

    TEST_CASE("a marker is believed only with the key that signed it, unchanged") {
        const Secret key("k1");
        const Marker marker{.environment = EnvironmentName("e"),
                            .resource = ResourceName("r"),
                            .identity = {{"a", 1}},
                            .nonce = "n",
                            .epoch = 3,
                            .written_at = now};
        const std::string text = sign_marker(marker, key);
        const auto read = read_marker_text(text, key);
        REQUIRE(std::holds_alternative<Marker>(read));
        CHECK(std::get<Marker>(read).epoch == 3);
        CHECK(std::get<Marker>(read).identity == marker.identity);
        CHECK(std::holds_alternative<std::string>(read_marker_text(text, Secret("k2"))));
        for (std::size_t i = 0; i + 1 < text.size(); ++i) {
            std::string changed = text;
            changed[i] = static_cast<char>(changed[i] ^ 1);
            CHECK(std::holds_alternative<std::string>(read_marker_text(changed, key)));
        }
    }
}
