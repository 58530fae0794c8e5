// What an attempt on the guard starts from: a plan that may run, with nothing to spare in any limit. Markers
// are real signed files, approvals real SSH signatures.
#pragma once

#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <string>
#include <variant>
#include <vector>

#include "orchestrator/base/file.h"
#include "orchestrator/guard/approvals.h"
#include "orchestrator/guard/freeze.h"
#include "orchestrator/guard/guard.h"
#include "tests/guard/keys.h"
#include "tests/support/temporary_folder.h"

namespace rehearse::test {

inline const WallTime now = parse_rfc3339("2026-11-26T12:00:00Z");
inline constexpr std::uint64_t gibibyte = 1U << 30U;
inline Requester person(const std::string& name) { return {.actor = {.name = name}, .account = name}; }

/// Not synced: two thousand markers would take a minute, and nothing is read back after a power cut here.
inline void write_marker(const std::filesystem::path& file, const std::string& text) {
    std::ofstream(file, std::ios::binary | std::ios::trunc) << text;
}

/// Everything that lets a plan run: two resources, three items, two approvals, no slack in any limit.
struct Attempt {
    TemporaryFolder folder;
    Plan plan;
    GuardFacts facts{.plan = plan};
    std::vector<FreezeWindow> windows;
    std::mt19937_64& random;

    explicit Attempt(std::mt19937_64& drawn) : random(drawn) {
        plan.playbook = PlaybookName("delete");
        plan.environment = EnvironmentName("shop-staging");
        plan.environment_class = EnvironmentClass::staging;
        plan.guard = {.max_items = 3,
                      .max_share_permille = 1000,
                      .snapshot_max_age = std::chrono::minutes(10),
                      .approvals = 2};
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
                         .patterns = {"x"},
                         .items = {"x"},
                         .items_in_resource = 4}};
        facts.now = now;
        facts.enrolment = Enrolment{.environment = plan.environment, .at = now, .nonce = "nonce"};
        facts.ledger_epoch = 7;
        facts.way_back = {"/home/ops/drills/.rehearse", "/usr/bin/rehearse"};
        SnapshotFacts snapshot{.id = SnapshotId("c0ffee"), .taken_at = now - std::chrono::minutes(10)};
        snapshot.read_back = true;
        snapshot.proof = "abc";
        for (const PlanResource& resource : plan.resources) {
            facts.resources.push_back({.resource = resource.name,
                                       .identity = {.match = IdentityMatch::same, .live = resource.identity},
                                       .bytes = gibibyte,
                                       .restore_disk = "/srv",
                                       .disk_free = 2 * gibibyte + (64U << 20U)});
            plant(marker_of(resource));
            snapshot.identities[resource.name] = resource.identity;
        }
        facts.resources[1].paths = {"/srv/config"};
        facts.snapshot = snapshot;
        facts.steady_state = {{.probe = "storefront", .passed = true, .detail = "HTTP 200"}};
        add_policy();
        add_approvals();
    }
    Attempt(const Attempt&) = delete;

    void add_policy() {
        Policy policy{.name = "shop"};
        for (const std::string name : {"ada", "ben", "cleo"})
            policy.members.push_back(
                {.name = name, .accounts = {name}, .principals = {name + "@example.org"}});
        policy.members.push_back({.name = "robot",
                                  .kind = ActorKind::automation,
                                  .accounts = {"robot"},
                                  .principals = {"robot@example.org"}});
        policy.roles = {{.name = "all", .members = {"ada", "ben", "cleo", "robot"}}};
        policy.grants = {{.act = PolicyAct::run, .roles = {"all"}},
                         {.act = PolicyAct::approve, .roles = {"all"}}};
        policy.environments = {{.name = plan.environment}};
        for (const PolicyMember& member : policy.members)
            facts.policy.allowed_signers +=
                member.principals[0] + " " + keys().public_key("of_" + member.name) + "\n";
        facts.policy.policy = policy;
        facts.policy.requester = person("ada");
    }

    /// What one key signs for the plan as it is before any sabotage; each key signs once, which is slow.
    Approval signed_by(const std::string& key) {
        static std::map<std::string, Approval> known;
        if (!known.contains(key)) {
            const std::string text = approval_text(record().proposal, targets_of(record().proposal));
            known[key] = {.nonce = record().proposal.nonce,
                          .text = text,
                          .signature = keys().sign(key, text),
                          .by = person("anybody")};
        }
        return known.at(key);
    }
    void add_approvals() {
        facts.policy.proposals = {{.proposal = {.kind = ProposalKind::plan,
                                                .subject = plan_hash(plan).text(),
                                                .environment = plan.environment,
                                                .document = canonical_json(to_json(plan)),
                                                .nonce = "00",
                                                .by = person("ada"),
                                                .at = now - std::chrono::hours(1),
                                                .expires = now + std::chrono::hours(1)}}};
        // Signed before anything is sabotaged: the text of a key is kept over all attempts.
        for (const char* key : {"of_ben", "of_cleo"}) record().approvals.push_back(signed_by(key));
        for (const char* key : {"of_ada", "of_robot", "stranger"}) (void)signed_by(key);
    }
    ProposalRecord& record() { return facts.policy.proposals.front(); }
    /// The second approval, which the plan can't do without, by another key.
    void second_by(const std::string& key) { record().approvals[1] = signed_by(key); }

    [[nodiscard]] std::size_t draw(std::size_t below) { return random() % below; }
    /// One of the two resources, and what is known of it.
    PlanResource& any_resource() { return plan.resources[draw(plan.resources.size())]; }
    ResourceFacts& any_facts() { return facts.resources[draw(facts.resources.size())]; }

    [[nodiscard]] Marker marker_of(const PlanResource& resource) const {
        return {.environment = plan.environment,
                .resource = resource.name,
                .identity = resource.identity,
                .nonce = "nonce",
                .epoch = 7,
                .written_at = now};
    }
    [[nodiscard]] std::filesystem::path marker_file(const ResourceName& name) const {
        return folder.path() / ("marker." + name.text());
    }
    void plant(const Marker& marker, const std::string& key = "the workspace's key") const {
        write_marker(marker_file(marker.resource), sign_marker(marker, Secret(key)));
    }

    /// Asks as the drill does, on facts that are read from the files anew.
    std::vector<InterlockResult> ask() {
        for (ResourceFacts& resource : facts.resources) {
            resource.marker.reset();
            resource.marker_problem.clear();
            const auto file = marker_file(resource.resource);
            if (!std::filesystem::exists(file)) continue;
            const auto read = read_marker_text(read_file(file), Secret("the workspace's key"));
            if (const auto* why = std::get_if<std::string>(&read)) resource.marker_problem = *why;
            if (const auto* marker = std::get_if<Marker>(&read)) resource.marker = *marker;
        }
        std::erase_if(facts.resources, [&](const ResourceFacts& resource) {
            return facts.unreadable.contains(resource.resource);
        });
        facts.frozen = frozen_by(windows, facts.now);
        return ask_guard(facts, GuardPhase::before_damage);
    }
};

}  // namespace rehearse::test
