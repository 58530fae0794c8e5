// A plan: a playbook resolved against the live environment, every item named. Its canonical JSON is what
// people approve.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "orchestrator/base/ids.h"
#include "orchestrator/base/json.h"
#include "orchestrator/model/playbook.h"

namespace rehearse {

struct PlanResource {
    ResourceName name{};
    std::string adapter{};
    std::vector<ResourceName> needs{};
    json::object identity{};  // the live identity at planning; what destroy and restore must meet again
    json::object options{};   // as in the environment file, passwords hidden, secrets left out
};

struct PlanStep {
    std::string step{};  // "destroy-1-orders": unique in the plan
    ResourceName resource{};
    std::vector<std::string> patterns{};  // as the playbook says it; observing them again proves the absence
    bool whole = false;                   // the whole resource, not named items
    std::vector<std::string> items{};     // every item, sorted
    std::uint64_t items_in_resource = 0;
    json::object options{};
    std::vector<std::string> unmatched{};  // patterns that select nothing: refused by the guard
};

struct Plan {
    PlaybookName playbook{};
    std::string playbook_digest{};  // sha256 of the playbook's file
    std::string title{};
    EnvironmentName environment{};
    EnvironmentClass environment_class = EnvironmentClass::staging;
    std::string service, owner;
    DrillKind kind = DrillKind::disaster;
    std::string release{};  // empty: none
    Targets targets{};
    std::vector<ProbeSpec> steady_state{};
    std::vector<PlanResource> resources{};  // each after what it needs
    std::vector<PlanStep> destroy{};        // in the order of execution: dependents first
    std::vector<CommandSpec> change, rollback;
    Hooks hooks{};
    int restore_parallel = 4;
    VerifySettings verify{};
    GuardSettings guard{};
    std::vector<FreezeWindow> freeze{};
};

/// Schema rehearse.plan/v1: everything that decides what a drill does, and nothing that changes by itself.
[[nodiscard]] json::object to_json(const Plan& plan);
/// Fails: invalid_input where the document is not a plan of this version.
[[nodiscard]] Plan plan_from_json(const json::object& document, const std::string& origin);
/// "sha256:" and the digest of the canonical JSON.
[[nodiscard]] PlanHash plan_hash(const Plan& plan);

[[nodiscard]] const PlanResource* find_resource(const Plan& plan, const ResourceName& name);
/// True where the playbook runs commands of its own, which may touch anything.
[[nodiscard]] bool has_unguarded_commands(const Plan& plan);

}  // namespace rehearse
