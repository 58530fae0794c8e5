// A thousand generated attempts to get a destroy past the guard: a plan that may run is sabotaged one to
// three times, and no permission may come out.
#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <set>

#include "tests/guard/attempt.h"

using namespace rehearse;
using namespace rehearse::test;

namespace {

constexpr int attempts = 1000;

struct Sabotage {
    std::string_view name;
    std::vector<std::string> refused_by;  // each of them, where nothing else was sabotaged
    std::function<void(Attempt&)> apply;
};

void plant_changed(Attempt& attempt, const std::function<void(Marker&)>& change) {
    const PlanResource& resource = attempt.any_resource();
    Marker marker = attempt.marker_of(resource);
    change(marker);
    write_marker(attempt.marker_file(resource.name), sign_marker(marker, Secret("the workspace's key")));
}

const std::vector<Sabotage>& catalogue() {
    static const std::vector<Sabotage> all{
        // the environment
        {"production",
         {"class"},
         [](Attempt& a) { a.plan.environment_class = EnvironmentClass::production; }},
        {"a class that nobody knows",
         {"class"},
         [](Attempt& a) { a.plan.environment_class = static_cast<EnvironmentClass>(3 + a.draw(90)); }},
        {"a kind that can't be run yet",
         {"supported"},
         [](Attempt& a) { a.plan.kind = DrillKind::restore_test; }},
        {"never enrolled", {"enrolled"}, [](Attempt& a) { a.facts.enrolment.reset(); }},
        {"enrolled read-only",
         {"enrolled"},
         [](Attempt& a) {
             if (a.facts.enrolment) a.facts.enrolment->read_only = true;
         }},
        {"quarantined",
         {"quarantine"},
         [](Attempt& a) {
             a.facts.quarantine =
                 Quarantine{.environment = a.plan.environment, .since = now, .reason = "gone"};
         }},
        {"another drill is open", {"unfinished"}, [](Attempt& a) { a.facts.unfinished = DrillId("d0"); }},
        {"the kill switch", {"halt"}, [](Attempt& a) { a.facts.halted = "by ops"; }},
        {"a truncated audit log", {"audit"}, [](Attempt& a) { a.facts.audit_problem = "it is truncated"; }},
        {"a freeze that holds",
         {"freeze"},
         [](Attempt& a) {
             FreezeWindow window;
             window.reason = "year end";
             window.starts = now - std::chrono::seconds(a.draw(100));
             window.ends = now + std::chrono::seconds(1 + a.draw(100));
             a.windows.push_back(window);
         }},
        // who the resources are
        {"a resource that can't be read",
         {"reachable"},
         [](Attempt& a) {
             a.facts.unreadable[a.any_resource().name] = {.kind = FailureKind::transient,
                                                          .operation = "connect to",
                                                          .object = "it",
                                                          .message = "connection refused"};
         }},
        {"no marker",
         {"marker"},
         [](Attempt& a) { std::filesystem::remove(a.marker_file(a.any_resource().name)); }},
        {"a forged marker",
         {"marker"},
         [](Attempt& a) { a.plant(a.marker_of(a.any_resource()), "another workspace's key"); }},
        {"a marker with a flipped bit",
         {"marker"},
         [](Attempt& a) {
             const PlanResource& resource = a.any_resource();
             std::string text = sign_marker(a.marker_of(resource), Secret("the workspace's key"));
             char& changed = text[a.draw(text.size() - 1)];
             changed = static_cast<char>(changed ^ (1 << a.draw(7)));
             write_marker(a.marker_file(resource.name), text);
         }},
        {"another environment's marker",
         {"marker"},
         [](Attempt& a) {
             plant_changed(a,
                           [](Marker& marker) { marker.environment = EnvironmentName("shop-production"); });
         }},
        {"another identity's marker",
         {"marker"},
         [](Attempt& a) { plant_changed(a, [](Marker& marker) {
                              marker.identity = {{"system", "2"}};
                          }); }},
        {"an older enrolment's marker",
         {"marker"},
         [](Attempt& a) { plant_changed(a, [](Marker& marker) { marker.nonce = "older"; }); }},
        {"an epoch that this ledger never gave",
         {"marker"},
         [](Attempt& a) {
             const Epoch more = 1 + a.draw(9);
             plant_changed(a, [&](Marker& marker) { marker.epoch += more; });
         }},
        {"another live identity",
         {"identity"},
         [](Attempt& a) {
             if (!a.facts.resources.empty()) a.any_facts().identity.match = IdentityMatch::other;
         }},
        {"a live resource that is gone",
         {"identity"},
         [](Attempt& a) {
             if (!a.facts.resources.empty()) a.any_facts().identity.match = IdentityMatch::absent;
         }},
        {"an identity edited in the plan",
         {"marker", "approvals", "snapshot_identity"},
         [](Attempt& a) {
             a.any_resource().identity = {{"system", "3"}};
         }},
        {"a live identity like production",
         {"production"},
         [](Attempt& a) {
             a.any_facts().identity.live = {{"name", "orders-prod-1"}};
             if (a.facts.policy.policy) a.facts.policy.policy->production = {"*-prod-*"};
         }},
        // who asks, and who said yes
        {"somebody unknown asks",
         {"policy"},
         [](Attempt& a) { a.facts.policy.requester = person("mallory"); }},
        {"the policy lists other environments",
         {"policy"},
         [](Attempt& a) {
             if (a.facts.policy.policy)
                 a.facts.policy.policy->environments[0].name = EnvironmentName("other");
         }},
        {"the policy was changed and not adopted",
         {"policy"},
         [](Attempt& a) { a.facts.policy.problem = "policy.yaml was changed after it was adopted"; }},
        {"the policy is gone", {"approvals"}, [](Attempt& a) { a.facts.policy.policy.reset(); }},
        {"a cap below the plan",
         {"caps"},
         [](Attempt& a) {
             if (a.facts.policy.policy)
                 a.facts.policy.policy->persons_cap = PolicyCaps{.max_items = a.draw(3)};
         }},
        {"an approval is missing", {"approvals"}, [](Attempt& a) { a.record().approvals.resize(1); }},
        {"one person approved twice",
         {"approvals"},
         [](Attempt& a) {
             a.record().approvals.resize(1);
             a.record().approvals.push_back(a.signed_by("of_ben"));
         }},
        {"who asks approved",
         {"approvals"},
         [](Attempt& a) {
             a.record().approvals.resize(2);
             a.second_by("of_ada");
         }},
        {"automation approved",
         {"approvals"},
         [](Attempt& a) {
             a.record().approvals.resize(2);
             a.second_by("of_robot");
         }},
        {"a stranger approved",
         {"approvals"},
         [](Attempt& a) {
             a.record().approvals.resize(2);
             a.second_by("stranger");
         }},
        {"a signature that was put under another text",
         {"approvals"},
         [](Attempt& a) {
             for (Approval& approval : a.record().approvals) approval.text += " ";
         }},
        {"approvals that expired",
         {"approvals"},
         [](Attempt& a) { a.record().proposal.expires = now - std::chrono::seconds(a.draw(100)); }},
        {"an expiry that was put off",
         {"approvals"},
         [](Attempt& a) { a.record().proposal.expires = now + std::chrono::hours(2 + a.draw(100)); }},
        {"a denial",
         {"approvals"},
         [](Attempt& a) {
             a.record().approvals.push_back({.decision = Decision::deny, .by = person("cleo")});
         }},
        {"approvals that were used",
         {"approvals"},
         [](Attempt& a) { a.record().proposal.used_by = {DrillId("d0")}; }},
        {"the plan was edited after it was approved",
         {"approvals"},
         [](Attempt& a) { a.plan.title = "another " + std::to_string(a.draw(1000)); }},
        // what would be destroyed
        {"an item more",
         {"approvals", "blast_radius"},
         [](Attempt& a) {
             a.plan.destroy.push_back({.step = "destroy-3-config",
                                       .resource = ResourceName("config"),
                                       .items = {"more " + std::to_string(a.draw(1000))},
                                       .items_in_resource = 4});
         }},
        {"selectors widened to a whole resource",
         {"approvals", "blast_radius"},
         [](Attempt& a) {
             a.plan.destroy.push_back({.step = "destroy-4-config",
                                       .resource = ResourceName("config"),
                                       .patterns = {"**"},
                                       .items = {"u", "v", "w", "x"},
                                       .items_in_resource = 4});
         }},
        {"a resource that the environment has not",
         {"targets", "approvals"},
         [](Attempt& a) {
             a.plan.destroy.push_back(
                 {.step = "destroy-5-other", .resource = ResourceName("other"), .items = {"y"}});
         }},
        {"a pattern that selects nothing",
         {"targets", "approvals"},
         [](Attempt& a) {
             for (PlanStep& step : a.plan.destroy) step.unmatched = {"typo/**"};
         }},
        {"a share above the limit",
         {"blast_radius", "approvals"},
         [](Attempt& a) { a.plan.guard.max_share_permille = static_cast<int>(a.draw(1000)); }},
        {"the workspace inside a target",
         {"way_back"},
         [](Attempt& a) { a.facts.way_back.emplace_back("/srv/config/drills/.rehearse"); }},
        {"a target inside the workspace",
         {"way_back"},
         [](Attempt& a) { a.any_facts().paths = {"/home/ops/drills/.rehearse/snapshots.git"}; }},
        {"other people's sessions", {"sessions"}, [](Attempt& a) { a.any_facts().sessions = {"alice"}; }},
        {"an obstacle", {"obstacles"}, [](Attempt& a) { a.any_facts().obstacles = {"a role is missing"}; }},
        {"a byte too little room",
         {"disk"},
         [](Attempt& a) {
             for (ResourceFacts& resource : a.facts.resources) resource.disk_free -= 1 + a.draw(1000);
         }},
        // the proof
        {"no snapshot",
         {"snapshot_age", "snapshot_proof", "snapshot_identity", "restorability", "unchanged"},
         [](Attempt& a) { a.facts.snapshot.reset(); }},
        {"a stale snapshot",
         {"snapshot_age"},
         [](Attempt& a) {
             if (a.facts.snapshot)
                 a.facts.snapshot->taken_at = now - std::chrono::seconds(601 + a.draw(9000));
         }},
        {"a snapshot from the future",
         {"snapshot_age"},
         [](Attempt& a) {
             if (a.facts.snapshot) a.facts.snapshot->taken_at = now + std::chrono::seconds(1 + a.draw(9000));
         }},
        {"a damaged snapshot",
         {"snapshot_proof"},
         [](Attempt& a) {
             if (a.facts.snapshot) a.facts.snapshot->read_back = false;
         }},
        {"another identity's snapshot",
         {"snapshot_identity"},
         [](Attempt& a) {
             if (a.facts.snapshot) a.facts.snapshot->identities[a.any_resource().name] = {{"system", "2"}};
         }},
        {"a scratch restore that failed",
         {"restorability"},
         [](Attempt& a) {
             if (a.facts.snapshot) a.facts.snapshot->not_restorable[a.any_resource().name] = "role missing";
         }},
        {"a neighbour's write",
         {"unchanged"},
         [](Attempt& a) {
             if (a.facts.snapshot) a.facts.snapshot->drifted[a.any_resource().name] = "x changed";
         }},
        {"a probe that fails",
         {"steady_state"},
         [](Attempt& a) {
             for (SteadyStateFact& fact : a.facts.steady_state) fact.passed = false;
         }},
        {"no probe", {"steady_state"}, [](Attempt& a) { a.facts.steady_state.clear(); }},
    };
    return all;
}

std::set<std::string> refusing(const std::vector<InterlockResult>& results) {
    std::set<std::string> names;
    for (const InterlockResult& result : results) {
        if (!result.passed) names.emplace(result.interlock);
    }
    return names;
}

}  // namespace

TEST_SUITE("guard") {
    TEST_CASE("attempts: without sabotage the plan may run") {
        std::mt19937_64 random(1);
        Attempt attempt(random);
        CHECK(refusal_text(attempt.ask()) == "");
    }

    TEST_CASE("attempts: each sabotage alone is refused by its own interlocks, and each interlock has one") {
        std::set<std::string> covered;
        for (const Sabotage& sabotage : catalogue()) {
            INFO(std::string(sabotage.name));
            std::mt19937_64 random(2);
            Attempt attempt(random);
            sabotage.apply(attempt);
            const auto refused = refusing(attempt.ask());
            for (const std::string& interlock : sabotage.refused_by) {
                CHECK_MESSAGE(refused.contains(interlock), interlock);
                covered.insert(interlock);
            }
        }
        for (const Interlock& interlock : interlocks())
            CHECK_MESSAGE(covered.contains(std::string(interlock.name)), std::string(interlock.name));
    }

    TEST_CASE("attempts: of a thousand generated ones none gets a destroy past the guard") {
        for (int seed = 1; seed <= attempts; ++seed) {
            std::mt19937_64 random(static_cast<std::uint64_t>(seed));
            Attempt attempt(random);
            std::set<std::string> sabotaged;
            std::string told = "seed " + std::to_string(seed);
            const std::size_t times = 1 + attempt.draw(3);
            for (std::size_t i = 0; i < times; ++i) {
                const Sabotage& sabotage = catalogue()[attempt.draw(catalogue().size())];
                told += ", " + std::string(sabotage.name);
                sabotaged.insert(sabotage.refused_by.begin(), sabotage.refused_by.end());
                sabotage.apply(attempt);
            }
            INFO(told);
            const auto results = attempt.ask();
            CHECK_FALSE(all_passed(results));
            const auto refused = refusing(results);
            CHECK(std::any_of(sabotaged.begin(), sabotaged.end(),
                              [&](const std::string& interlock) { return refused.contains(interlock); }));
        }
    }
}
