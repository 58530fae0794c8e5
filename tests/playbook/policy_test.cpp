// policy.yaml: what it means, and every mistake with its place.
#include "orchestrator/playbook/policy.h"

#include <doctest/doctest.h>

#include <string>

#include "tests/playbook/sample.h"

using namespace rehearse;
using namespace rehearse::test;

namespace {

const std::string good = R"(policy: shop
allowed_signers: keys/signers
persons:
  ada: { accounts: [ada, deploy], principals: [ada@example.org] }
  ben: { principals: [ben@example.org] }
automations:
  schedule: {}
roles:
  operators: { members: [ada, schedule] }
  approvers: { members: [ada, ben] }
may:
  propose: [operators]
  approve: [approvers]
  run: [operators]
environments:
  shop-staging: { resources: [orders], approvals: 2 }
  other: {}
caps:
  automations: { max_items: 50, max_share: "12.5%" }
production: ["*prod*"]
freeze:
  - { reason: Weekend, days: [sat, sun], timezone: Europe/Berlin }
approvals: { expire: "8h", policy_change: 2 }
)";

/// What is said about the good policy with `from` replaced by `to`.
std::string said(const std::string& from, const std::string& to) {
    std::string text = good;
    REQUIRE(text.find(from) != std::string::npos);
    text.replace(text.find(from), from.size(), to);
    const Loaded<Policy> loaded = parse_policy(text, "/w/policy.yaml");
    CHECK(loaded.value.has_value() == loaded.problems.empty());
    return spoken(loaded.problems);
}

bool says(const std::string& text, const std::string& words) { return text.find(words) != std::string::npos; }

}  // namespace

TEST_SUITE("playbook") {
    TEST_CASE("a policy means what it says, and denies what it does not") {
        const Loaded<Policy> loaded = parse_policy(good, "/w/policy.yaml");
        REQUIRE(spoken(loaded.problems) == "");
        const Policy& policy = *loaded.value;
        CHECK(policy.allowed_signers_file == "/w/keys/signers");
        CHECK(policy.members.size() == 3);
        CHECK(policy.members[2].kind == ActorKind::automation);
        CHECK(policy.change_approvals == 2);
        CHECK(policy.approvals_expire == std::chrono::hours(8));
        CHECK(policy.automations_cap->max_share_permille == 125);
        CHECK_FALSE(policy.persons_cap);
        CHECK(policy.freeze.size() == 1);
        CHECK(find_environment(policy, EnvironmentName("shop-staging"))->approvals == 2);
        CHECK(find_environment(policy, EnvironmentName("elsewhere")) == nullptr);

        const Requester ada{.actor = {.name = "ada"}, .account = "ada"};
        const Requester ben{.actor = {.name = "ben"}, .account = "ben"};
        CHECK(may(policy, ada, PolicyAct::run));
        CHECK_FALSE(may(policy, ben, PolicyAct::run));
        CHECK_FALSE(may(policy, ada, PolicyAct::clear));  // granted to nobody
        CHECK_FALSE(may(policy, {.actor = {.name = "mallory"}, .account = "mallory"}, PolicyAct::run));
        CHECK(who_may(policy, PolicyAct::approve) == "ada, ben");
        CHECK(who_may(policy, PolicyAct::clear) == "nobody");
        // Ben from ada's account may be both: only what both may.
        const Requester either{.actor = {.name = "ben"}, .account = "deploy"};
        CHECK(members_of(policy, either).size() == 2);
        CHECK_FALSE(may(policy, either, PolicyAct::run));
        CHECK(is_automation(policy, {.actor = {.name = "schedule"}, .account = "ada"}));
        CHECK(is_automation(policy,
                            {.actor = {.name = "ada", .kind = ActorKind::automation}, .account = "ada"}));
    }

    TEST_CASE("left out: the signers' file, caps, windows and numbers have defaults") {
        const Loaded<Policy> loaded = parse_policy(
            "policy: p\npersons: { a: { principals: [a] } }\nroles: { r: { members: [a] } }\n"
            "may: { approve: [r] }\nenvironments: { e: {} }\n",
            "/w/policy.yaml");
        REQUIRE(spoken(loaded.problems) == "");
        CHECK(loaded.value->allowed_signers_file == "/w/allowed_signers");
        CHECK(loaded.value->approvals_expire == std::chrono::hours(24));
        CHECK(loaded.value->change_approvals == 1);
        CHECK(loaded.value->environments[0].approvals == 0);
    }

    TEST_CASE("mistakes are named with their place and what was meant") {
        CHECK(says(said("persons:", "persns:"),
                   "3:1: policy.yaml has no key 'persns'; did you mean 'persons'?"));
        CHECK(says(said("approvals: 2 }", "aproval: 2 }"), "did you mean 'approvals'?"));
        CHECK(says(said("operators: { members: [ada, schedule] }", "operators: { members: [] }"),
                   "9:3: nobody holds the role 'operators'"));
        CHECK(says(said("members: [ada, ben]", "members: [ada, bem]"),
                   "no person or automation 'bem'; did you mean 'ben'?"));
        CHECK(says(said("run: [operators]", "run: [operator]"),
                   "there is no role 'operator'; did you mean 'operators'?"));
        CHECK(says(said("schedule: {}", "ada: {}"), "'ada' is a person and an automation"));
        CHECK(says(said("[ben@example.org]", "[ada@example.org]"), "is 'ada' already"));
        CHECK(says(said("approvals: 2 }", "approvals: 3 }"), "3 approvals are wanted, and only 2 persons"));
        CHECK(says(said("policy_change: 2", "policy_change: 3"), "3 approvals are wanted"));
        CHECK(says(said("policy_change: 2", "policy_change: 0"), "policy_change"));
        CHECK(says(said("days: [sat, sun]", "days: [sat, sunday]"), "sunday"));
        CHECK(says(said("may:", "might:"), "may"));
    }
}
