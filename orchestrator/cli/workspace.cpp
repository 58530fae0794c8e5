// Finding and opening workspaces.
#include "orchestrator/cli/workspace.h"

#include <sys/statvfs.h>
#include <sys/utsname.h>

#include <cerrno>
#include <cstdlib>
#include <utility>

#include "orchestrator/base/digest.h"
#include "orchestrator/base/failure.h"
#include "orchestrator/base/file.h"
#include "orchestrator/cli/auditing.h"
#include "orchestrator/cli/version.h"
#include "orchestrator/commands/command.h"
#include "orchestrator/ledger/sqlite_ledger.h"
#include "orchestrator/playbook/policy.h"
#include "orchestrator/probes/probe.h"
#include "orchestrator/snapshots/git_store.h"

namespace rehearse {

namespace {

namespace fs = std::filesystem;

/// Refuses state of a later version. A file that is gone or unreadable stops nobody: a restore may depend on
/// it.
void refuse_later_format(const fs::path& file) {
    std::error_code error;
    if (!fs::is_regular_file(file, error)) return;
    const long long version = std::atoll(read_file(file, 64).c_str());
    if (version <= 1) return;
    throw Failure(
        {.kind = FailureKind::refused,
         .operation = "open workspace",
         .object = file.string(),
         .message = "the state has version " + std::to_string(version) + ", this rehearse knows version 1",
         .remedy = "use the newer rehearse that wrote it ('rehearse --version')"});
}

Failure no_workspace(const fs::path& where) {
    return Failure(
        {.kind = FailureKind::invalid_input,
         .operation = "open workspace",
         .object = where.string(),
         .message = "there is no rehearse.yaml here or above",
         .remedy = "go to a workspace, name one with --workspace, or make one with 'rehearse init'"});
}

fs::path resolved(const fs::path& path) {
    std::error_code error;
    fs::path real = fs::weakly_canonical(path, error);
    return error ? fs::absolute(path).lexically_normal() : real;
}

std::uint64_t free_bytes(const fs::path& path) {
    fs::path place = path;
    struct statvfs facts {};
    while (::statvfs(place.c_str(), &facts) != 0) {
        if (errno != ENOENT || !place.has_relative_path())
            throw failure_from_errno(errno, "ask free space", path);
        place = place.parent_path();
    }
    return static_cast<std::uint64_t>(facts.f_bavail) * facts.f_frsize;
}

std::string key_in(const fs::path& file) {
    std::string key = read_file(file, 4096);
    while (!key.empty() && key.back() == '\n') key.pop_back();
    return key;
}

}  // namespace

Workspace::Workspace(const Host& host, fs::path directory) : host_(&host), directory_(std::move(directory)) {}

Workspace Workspace::find(const Host& host, const std::optional<fs::path>& directory) {
    if (directory) {
        const fs::path place = resolved(host.directory / *directory);
        if (!fs::exists(place / "rehearse.yaml")) throw no_workspace(place);
        return {host, place};
    }
    for (fs::path place = resolved(host.directory);; place = place.parent_path()) {
        if (fs::exists(place / "rehearse.yaml")) return {host, place};
        if (!place.has_relative_path()) throw no_workspace(host.directory);
    }
}

const WorkspaceFiles& Workspace::files() {
    if (!files_) {
        WorkspaceFiles loaded = load_workspace_files(directory_, host_->adapters);
        if (!loaded.problems.empty()) throw failure_from(loaded.problems);
        files_ = std::move(loaded);
    }
    return *files_;
}

const Environment& Workspace::environment(const std::string& name) {
    const Environment* found = find_environment(files(), EnvironmentName(name));
    if (found != nullptr) return *found;
    std::string known;
    for (const Environment& environment : files().environments) {
        known += (known.empty() ? "" : ", ") + environment.name.text();
    }
    throw Failure(
        {.kind = FailureKind::invalid_input,
         .object = name,
         .message = "there is no environment of this name",
         .remedy = known.empty() ? "write environments/" + name + ".yaml" : "use one of: " + known});
}

const Playbook& Workspace::playbook(const std::string& name_or_path) {
    if (const Playbook* found = find_playbook(files(), PlaybookName(name_or_path))) return *found;
    const fs::path path = resolved(host_->directory / name_or_path);
    std::string known;
    for (const Playbook& playbook : files().playbooks) {
        if (resolved(playbook.file) == path) return playbook;
        known += (known.empty() ? "" : ", ") + playbook.name.text();
    }
    throw Failure({.kind = FailureKind::invalid_input,
                   .object = name_or_path,
                   .message = fs::exists(path) ? "this file is not in the workspace's playbooks/ folder"
                                               : "there is no playbook of this name, and no such file",
                   .remedy = known.empty() ? "write one into playbooks/" : "use one of: " + known});
}

bool Workspace::has_state() const { return fs::exists(state()); }

void Workspace::make_state() {
    if (has_state()) return;
    // Made beside and renamed: a crash leaves either no state or a whole one.
    const fs::path fresh = directory_ / (".rehearse.new-" + random_hex(4));
    make_directory_durably(fresh, 0700);
    make_directory_durably(fresh / "keys", 0700);
    make_directory_durably(fresh / "audit", 0700);
    write_file_durably(fresh / ".gitignore", "*\n",
                       0600);  // snapshots hold data: never commit them by mistake
    write_file_durably(fresh / "keys" / "marker.key", random_hex(32) + "\n", 0600);
    write_file_durably(fresh / "keys" / "audit.key", random_hex(32) + "\n", 0600);
    (void)open_sqlite_ledger(fresh / "ledger.sqlite", host_->clock, true);
    (void)open_git_store(fresh / "snapshots.git", true);
    std::error_code error;
    fs::rename(fresh, state(), error);
    if (error) {
        fs::remove_all(fresh);
        if (!has_state()) throw failure_from_errno(error.value(), "make workspace state", state());
    }
    write_file_durably(state() / "format", "1\n", 0600);  // and the folder's own name is on the disk with it
}

Ledger& Workspace::ledger() {
    if (!ledger_) {
        if (!has_state()) {
            throw Failure({.kind = FailureKind::invalid_input,
                           .operation = "open ledger",
                           .object = state(),
                           .message = "nothing was done in this workspace yet",
                           .remedy = "run 'rehearse enroll ENVIRONMENT' first"});
        }
        refuse_later_format(state() / "format");
        ledger_ = open_sqlite_ledger(state() / "ledger.sqlite", host_->clock, false);
    }
    return *ledger_;
}

SnapshotStore& Workspace::store() {
    if (!store_) {
        (void)ledger();
        store_ = open_git_store(state() / "snapshots.git", false);
    }
    return *store_;
}

PolicyInForce Workspace::policy_in_force() {
    PolicyInForce found;
    const std::optional<AdoptedPolicy> adopted = ledger().adopted_policy();
    if (!adopted) {
        std::error_code error;
        if (fs::exists(policy_file(), error) || error)
            found.problem = "policy.yaml was never adopted, so that nothing says who may run this";
        return found;
    }
    try {
        const json::object document = parse_json_object(adopted->document, "the adopted policy");
        found.allowed_signers = text_at(document, "allowed_signers", "the adopted policy");
        Loaded<Policy> loaded =
            parse_policy(text_at(document, "policy", "the adopted policy"), policy_file());
        if (!loaded.problems.empty()) throw failure_from(loaded.problems);
        found.policy = std::move(loaded.value);
    } catch (const Failure& failure) {
        found.problem = std::string("the adopted policy can't be read: ") + failure.what();
    }
    return found;
}

AuditLog& Workspace::audit_log() {
    if (!audit_log_) {
        (void)ledger();
        audit_log_ = std::make_unique<AuditLog>(state() / "ledger.sqlite");
    }
    return *audit_log_;
}

AuditKey Workspace::audit_key() {
    const fs::path file = state() / "keys" / "audit.key";
    // A workspace of an earlier build has none; where something was signed, a new key would hide that.
    if (!fs::exists(file) && !audit_log().newest_checkpoint())
        write_file_durably(file, random_hex(32) + "\n", 0600);
    return AuditKey(Secret(key_in(file)));
}

std::optional<std::string> Workspace::audit_problem() {
    try {
        AuditLog log(state() / "ledger.sqlite");
        const auto problems =
            log.problems(audit_key().verifier(), AuditReach::tail, checkpoints_elsewhere(*this, 1).notes);
        if (!problems.empty()) return problems.front();
    } catch (const Failure& failure) {
        return std::string(failure.what());
    }
    return std::nullopt;
}

Secret Workspace::marker_key() const {
    const fs::path file = state() / "keys" / "marker.key";
    std::error_code error;
    if (!fs::exists(file, error) && !error) {
        throw Failure({.kind = FailureKind::permanent,
                       .operation = "read key",
                       .object = file,
                       .message = "there is no key",
                       .remedy = "bring the file back from a backup, or make a new one and enroll again"});
    }
    std::string key = key_in(file);
    if (key.size() < 32) {
        throw Failure({.kind = FailureKind::permanent,
                       .operation = "read key",
                       .object = file,
                       .message = "the key is damaged",
                       .remedy = "bring the file back from a backup, or make a new one and enroll again"});
    }
    return Secret(std::move(key));
}

std::optional<std::string> Workspace::halted() const {
    std::error_code error;
    if (!fs::exists(halt_file(), error) && !error) return std::nullopt;
    try {
        return read_file(halt_file(), 4096);
    } catch (const Failure& failure) {
        return std::string("the halt file can't be read: ") + failure.fields().message;
    }
}

AdapterSet Workspace::make_adapters(const Environment& environment) const {
    AdapterSet adapters;
    for (const ResourceSpec& resource : environment.resources) {
        for (const AdapterDescriptor* descriptor : host_->adapters) {
            if (descriptor->name != resource.adapter) continue;
            adapters[resource.name] = descriptor->make(
                resource,
                {.environment = environment.name,
                 .clock = host_->clock,
                 .state_directory = state() / "adapters" / environment.name.text() / resource.name.text(),
                 .host_directory = host_->host_directory});
        }
    }
    return adapters;
}

OpenWorld::OpenWorld(const Host& host, Workspace& workspace, const Environment& environment,
                     const Playbook* playbook, Observer& observer, Alarm& alarm)
    : adapters_(workspace.make_adapters(environment)) {
    const fs::path directory = workspace.directory();
    world_ =
        std::make_unique<World>(World{.clock = host.clock,
                                      .sleeper = host.sleeper,
                                      .workers = host.workers,
                                      .ledger = workspace.ledger(),
                                      .store = workspace.store(),
                                      .observer = observer,
                                      .alarm = alarm,
                                      .adapters = adapters_,
                                      .run_command = run_command,
                                      .halted = [&workspace] { return workspace.halted(); },
                                      .audit_problem = [&workspace] { return workspace.audit_problem(); },
                                      .disk_free = free_bytes,
                                      .make_probe = make_probe,
                                      .marker_key = workspace.marker_key(),
                                      .owner = this_process(),
                                      .actor = host.actor,
                                      .account = host.account,
                                      .policy = workspace.policy_in_force(),
                                      .host = host.name,
                                      .versions = versions(),
                                      .way_back = {},
                                      .freeze = {},
                                      .playbook_alarm = {},
                                      .stop = host.stop});
    if (workspace.files().settings) world_->freeze = workspace.files().settings->freeze;
    if (const auto& policy = world_->policy.policy)
        world_->freeze.insert(world_->freeze.end(), policy->freeze.begin(), policy->freeze.end());
    for (const fs::path& path :
         {directory / "rehearse.yaml", workspace.policy_file(), directory / "environments",
          directory / "playbooks", workspace.state(), host.program, environment.file}) {
        world_->way_back.push_back(resolved(path));
    }
    if (playbook != nullptr) {
        world_->way_back.push_back(resolved(playbook->file));
        world_->playbook_alarm = playbook->alarm;
    }
}

}  // namespace rehearse
