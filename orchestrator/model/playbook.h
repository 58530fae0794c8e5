// A playbook: what to break, how to bring it back, what must hold, and the targets.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "orchestrator/model/environment.h"

namespace rehearse {

enum class DrillKind { disaster, rollback, restore_test };
[[nodiscard]] std::string_view to_string(DrillKind value);
[[nodiscard]] DrillKind drill_kind_from(std::string_view text);

struct DestroyStep {
    ResourceName resource{};
    std::vector<std::string> items{};  // the adapter's patterns; empty: the whole resource
    json::object options{};            // the adapter's own keys of a destroy step
    SourceMark mark{};
};

struct Targets {
    Duration rto{};
    Duration rpo{};
};

struct GuardSettings {
    std::uint64_t max_items = 1000;
    std::uint64_t max_share_permille = 1000;  // of the resource's items, in 1/1000
    Duration snapshot_max_age = std::chrono::minutes(10);
    int approvals = 0;
};

/// A span of wall time in which nothing may be destroyed. Days as three letters in `timezone`, or fixed
/// instants.
struct FreezeWindow {
    std::string reason{};
    std::vector<std::string> days{};       // "mon".."sun"; empty: every day
    std::string from, until;               // "HH:MM" in `timezone`; until before from crosses midnight
    std::string timezone = "UTC";          // IANA
    std::optional<WallTime> starts, ends;  // fixed window instead of a recurring one
    SourceMark mark{};
};

struct Hooks {
    std::vector<CommandSpec> before_snapshot, before_destroy, after_destroy, before_restore, after_restore;
};

struct VerifySettings {
    int consecutive = 3;                         // passing probes in a row
    Duration within = std::chrono::minutes(10);  // give up waiting for the steady state after this long
    bool check_verifier = false;                 // break one item of each resource afterwards: is it seen?
    std::vector<std::string> accept{};           // differences ("resource/path" globs) that may remain
};

struct ScheduleSpec {
    std::string cron{};      // five fields
    std::string timezone{};  // IANA
    SourceMark mark{};
};

struct Playbook {
    PlaybookName name{};
    std::string title{};
    DrillKind kind = DrillKind::disaster;
    EnvironmentName environment{};
    Targets targets{};
    std::vector<std::string> steady_state{};  // names of the environment's probes
    std::vector<DestroyStep> destroy{};
    std::vector<CommandSpec> change, rollback;  // kind rollback
    int restore_parallel = 4;
    VerifySettings verify{};
    GuardSettings guard{};
    std::vector<FreezeWindow> freeze{};
    Hooks hooks{};
    std::optional<CommandSpec> alarm{};
    std::optional<ScheduleSpec> schedule{};
    std::filesystem::path file{};
    std::string digest{};  // sha256 of the file's bytes, hex
};

/// rehearse.yaml: settings of the whole workspace.
struct WorkspaceSettings {
    std::string name{};
    std::optional<CommandSpec> alarm{};
    std::vector<FreezeWindow> freeze{};
    std::filesystem::path checkpoints{};  // the second place of the audit log's checkpoints; empty: none
};

/// The resources in an order in which each stands after what it needs. Fails: invalid_input naming the cycle.
[[nodiscard]] std::vector<ResourceName> dependency_order(const std::vector<ResourceSpec>& resources);

}  // namespace rehearse
