// Approvals counted, and the interlocks of the policy: each refuses what it should, and with it off the very
// same facts pass.
#include <doctest/doctest.h>

#include <functional>

#include "orchestrator/base/digest.h"
#include "orchestrator/guard/guard.h"
#include "tests/guard/keys.h"

using namespace rehearse;
using namespace rehearse::test;

namespace {

const WallTime now = parse_rfc3339("2026-11-26T12:00:00Z");

Requester person(const std::string& name) { return {.actor = {.name = name}, .account = name}; }

/// A plan that needs two approvals of three persons, proposed by ada.
struct Scene {
    Plan plan;
    GuardFacts facts{.plan = plan};

    Scene() {
        plan.playbook = PlaybookName("delete");
        plan.playbook_digest = "d1";
        plan.environment = EnvironmentName("shop-staging");
        plan.guard.approvals = 2;
        plan.destroy = {{.step = "destroy-1-orders",
                         .resource = ResourceName("orders"),
                         .patterns = {"*"},
                         .items = {"a", "b"},
                         .items_in_resource = 8}};
        facts.now = now;
        Policy policy{.name = "shop"};
        for (const std::string name : {"ada", "ben", "cleo", "dora"})
            policy.members.push_back(
                {.name = name, .accounts = {name}, .principals = {name + "@example.org"}});
        policy.members.push_back({.name = "robot",
                                  .kind = ActorKind::automation,
                                  .accounts = {"robot"},
                                  .principals = {"robot@example.org"}});
        policy.roles = {{.name = "all", .members = {"ada", "ben", "cleo", "robot"}}};
        policy.grants = {{.act = PolicyAct::approve, .roles = {"all"}},
                         {.act = PolicyAct::run, .roles = {"all"}}};
        policy.environments = {{.name = plan.environment}};
        for (const PolicyMember& member : policy.members)
            facts.policy.allowed_signers +=
                member.principals[0] + " " + keys().public_key("of_" + member.name) + "\n";
        facts.policy.policy = policy;
        facts.policy.requester = person("ada");
        facts.policy.proposals = {{.proposal = proposal("00")}};
    }
    Scene(const Scene&) = delete;

    [[nodiscard]] Proposal proposal(const std::string& nonce) const {
        return {.kind = ProposalKind::plan,
                .subject = plan_hash(plan).text(),
                .environment = plan.environment,
                .document = canonical_json(to_json(plan)),
                .nonce = nonce,
                .by = person("ada"),
                .at = now - std::chrono::hours(1),
                .expires = now + std::chrono::hours(1)};
    }
    ProposalRecord& record() { return facts.policy.proposals.front(); }
    /// Signed as the proposal says now.
    void approve(const std::string& key, const std::string& name_space = std::string(approval_namespace)) {
        const std::string text = approval_text(record().proposal, targets_of(record().proposal));
        record().approvals.push_back({.nonce = record().proposal.nonce,
                                      .text = text,
                                      .signature = keys().sign(key, text, name_space),
                                      .by = person("anybody")});
    }
    void waits(const std::string& reason) {
        const InterlockResult result = check_approvals(facts);
        CHECK_FALSE(result.passed);
        INFO(result.reason);
        CHECK(result.reason.find(reason) != std::string::npos);
        CHECK_FALSE(result.remedy.empty());
    }
};

}  // namespace

TEST_SUITE("guard") {
    TEST_CASE("a plan that needs two approvals runs with two persons', and with nothing less") {
        Scene scene;
        scene.waits("0 of 2 approvals");
        scene.approve("of_ben");
        scene.waits("1 of 2 approvals (ben)");
        SUBCASE("two persons") {
            scene.approve("of_cleo");
            CHECK(check_approvals(scene.facts).passed);
            CHECK(authority_for(scene.facts).nonce == "00");
        }
        SUBCASE("the same person twice, with the same key or another") {
            scene.approve("of_ben");
            scene.waits("1 of 2");
            scene.facts.policy.allowed_signers += "ben@example.org " + keys().public_key("second") + "\n";
            scene.approve("second");
            scene.waits("1 of 2");
        }
        SUBCASE("who proposed it") {
            scene.approve("of_ada");
            scene.waits("ada is who asks");
        }
        SUBCASE("who runs it") {
            scene.approve("of_cleo");
            scene.facts.policy.requester = person("cleo");
            scene.waits("cleo is who asks");
        }
        SUBCASE("who runs it under another name, by the account") {
            scene.approve("of_cleo");
            scene.facts.policy.requester = {.actor = {.name = "ada"}, .account = "cleo"};
            scene.waits("cleo is who asks");
        }
        SUBCASE("automation") {
            scene.approve("of_robot");
            scene.waits("robot is automation");
        }
        SUBCASE("a person without the role") {
            scene.approve("of_dora");
            scene.waits("dora may not approve");
        }
        SUBCASE("a key that nobody knows") {
            scene.approve("stranger");
            scene.waits("nobody's");
        }
        SUBCASE("a key under two principals counts for neither") {
            scene.facts.policy.allowed_signers += "dora@example.org " + keys().public_key("of_cleo") + "\n";
            scene.approve("of_cleo");
            scene.waits("could be cleo or dora");
        }
        SUBCASE("a key under two principals of one person is one person's") {
            scene.facts.policy.policy->members[2].principals.emplace_back("cleo@home");
            scene.facts.policy.allowed_signers += "cleo@home " + keys().public_key("of_cleo") + "\n";
            scene.approve("of_cleo");
            CHECK(check_approvals(scene.facts).passed);
        }
        SUBCASE("a signature for something else") {
            scene.approve("of_cleo", "git");
            scene.waits("signed for 'git'");
        }
        SUBCASE("a key whose time is over") {
            std::string& signers = scene.facts.policy.allowed_signers;
            signers.replace(signers.find("cleo@example.org "), 17,
                            "cleo@example.org valid-before=\"20261126Z\" ");
            scene.approve("of_cleo");
            scene.waits("valid only before");
        }
        SUBCASE("a text that says more than the proposal") {
            scene.approve("of_cleo");
            Approval& forged = scene.record().approvals.back();
            forged.text += " ";
            forged.signature = keys().sign("of_cleo", forged.text);
            scene.waits("something else");
        }
        SUBCASE("a forged signature") {
            scene.approve("of_cleo");
            Approval& forged = scene.record().approvals.back();
            forged.signature = keys().sign("of_cleo", "another text");
            scene.waits("not good");
        }
    }

    TEST_CASE("what was approved is void when anything of it changes") {
        Scene scene;
        scene.approve("of_ben");
        scene.approve("of_cleo");
        REQUIRE(check_approvals(scene.facts).passed);
        SUBCASE("the plan") {
            scene.plan.destroy[0].items.emplace_back("c");
            scene.waits("0 of 2");
        }
        SUBCASE("a live identity") {
            scene.plan.resources.push_back({.name = ResourceName("orders"), .identity = {{"system", "2"}}});
            scene.waits("0 of 2");
        }
        SUBCASE("time runs out") {
            scene.facts.now = scene.record().proposal.expires;
            scene.waits("expired");
        }
        SUBCASE("somebody put the expiry off") {
            scene.record().proposal.expires = now + std::chrono::hours(48);
            scene.waits("something else");
        }
        SUBCASE("one denial, whoever says it") {
            scene.record().approvals.push_back(
                {.decision = Decision::deny, .reason = "no", .by = person("dora")});
            scene.waits("dora denied it: no");
        }
        SUBCASE("it was used") {
            scene.record().proposal.used_by = {DrillId("d1")};
            scene.waits("used by drill d1");
            scene.facts.policy.drill = DrillId("d1");
            CHECK(check_approvals(scene.facts).passed);  // asked again by the drill that used it
            scene.facts.policy.drill = DrillId("d2");
            scene.waits("not used by drill d2");
        }
        SUBCASE("they are replayed for another proposal of the same plan") {
            scene.record().proposal = scene.proposal("01");
            scene.waits("something else");
        }
        SUBCASE("two over another hash") {
            scene.plan.title = "another";
            scene.record().proposal = scene.proposal("00");
            scene.waits("0 of 2 approvals");
        }
        SUBCASE("the policy is gone") {
            scene.facts.policy.policy.reset();
            scene.waits("no policy");
        }
        SUBCASE("the policy wants more than the playbook") {
            scene.facts.policy.policy->environments[0].approvals = 3;
            scene.waits("2 of 3");
        }
    }

    TEST_CASE("with the approvals interlock off, the unapproved plan passes: so the test sees it") {
        Scene scene;
        std::vector<Interlock> only;
        for (const Interlock& known : interlocks()) {
            if (known.name == "approvals") only.push_back(known);
        }
        REQUIRE(only.size() == 1);
        CHECK_FALSE(all_passed(ask_guard(scene.facts, GuardPhase::before_snapshot, only)));
        only.clear();
        CHECK(all_passed(ask_guard(scene.facts, GuardPhase::before_snapshot, only)));
    }

    TEST_CASE("a standing approval covers what it names, so often, and nothing beyond") {
        Scene scene;
        Standing standing{.playbook = scene.plan.playbook,
                          .playbook_digest = "d1",
                          .environment = scene.plan.environment,
                          .selectors = selectors_of(scene.plan),
                          .approvals = 2,
                          .max_items = 2,
                          .runs = 2,
                          .expires = now + std::chrono::hours(1)};
        Proposal proposal = scene.proposal("02");
        proposal.kind = ProposalKind::standing;
        proposal.runs = 2;
        proposal.document = canonical_json(to_json(standing));
        proposal.subject = "sha256:" + sha256_hex(proposal.document);
        scene.record().proposal = proposal;
        scene.approve("of_ben");
        scene.waits("1 of 2");
        scene.approve("of_cleo");
        REQUIRE(check_approvals(scene.facts).passed);
        SUBCASE("another plan hash of the same playbook") {
            scene.plan.destroy[0].items = {"x", "y"};
            CHECK(check_approvals(scene.facts).passed);
        }
        SUBCASE("more items") {
            scene.plan.destroy[0].items.emplace_back("c");
            scene.waits("breaks 3 items");
        }
        SUBCASE("other selectors") {
            scene.plan.destroy[0].patterns = {"**"};
            scene.waits("selects something else");
        }
        SUBCASE("a changed playbook") {
            scene.plan.playbook_digest = "d2";
            scene.waits("playbook was changed");
        }
        SUBCASE("its last run is the last") {
            scene.record().proposal.used_by = {DrillId("d1")};
            CHECK(check_approvals(scene.facts).passed);
            scene.record().proposal.used_by = {DrillId("d1"), DrillId("d2")};
            scene.waits("used by drill d2");
        }
        SUBCASE("more runs than were signed") {
            scene.record().proposal.runs = 3;
            scene.waits("something else");
        }
    }

    TEST_CASE("policy: whoever is not granted it does not run") {
        Scene scene;
        CHECK(check_policy(scene.facts).passed);
        std::string reason;
        SUBCASE("unknown") {
            scene.facts.policy.requester = person("mallory");
            reason = "knows nobody";
        }
        SUBCASE("without the role") {
            scene.facts.policy.requester = person("dora");
            reason = "may not run";
        }
        SUBCASE("another environment") {
            scene.facts.policy.policy->environments[0].name = EnvironmentName("other");
            reason = "does not list shop-staging";
        }
        SUBCASE("another resource") {
            scene.facts.policy.policy->environments[0].resources = {ResourceName("config")};
            reason = "does not list resource orders";
        }
        SUBCASE("a policy that can't be read") {
            scene.facts.policy.problem = "it is broken";
            reason = "it is broken";
        }
        const InterlockResult result = check_policy(scene.facts);
        CHECK_FALSE(result.passed);
        CHECK(result.reason.find(reason) != std::string::npos);
        CHECK_FALSE(result.remedy.empty());
    }

    TEST_CASE("caps: automation breaks no more than the policy lets it") {
        Scene scene;
        scene.facts.policy.policy->persons_cap = PolicyCaps{.max_items = 2, .max_share_permille = 250};
        scene.facts.policy.policy->automations_cap = PolicyCaps{.max_items = 1, .max_share_permille = 100};
        CHECK(check_caps(scene.facts).passed);
        scene.facts.policy.requester = person("robot");
        const InterlockResult result = check_caps(scene.facts);
        CHECK_FALSE(result.passed);
        CHECK(result.reason ==
              "2 items, and automation may break 1; orders: 25 % of it, and automation may break 10 %");
    }

    TEST_CASE("production: a live identity that looks like production is never destroyed") {
        Scene scene;
        scene.facts.resources = {
            {.resource = ResourceName("orders"),
             .identity = {.match = IdentityMatch::same, .live = {{"cluster", {{"name", "orders-prod-1"}}}}}}};
        CHECK(check_production(scene.facts).passed);
        scene.facts.policy.policy->production = {"*-prod-*"};
        const InterlockResult result = check_production(scene.facts);
        CHECK_FALSE(result.passed);
        CHECK(result.reason.find("'orders-prod-1' matches '*-prod-*'") != std::string::npos);
    }
}
