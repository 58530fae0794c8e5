// A workspace on disk: its files, its state under .rehearse/, and what is opened of it.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "orchestrator/base/secret.h"
#include "orchestrator/cli/host.h"
#include "orchestrator/drill/world.h"
#include "orchestrator/ledger/audit_log.h"
#include "orchestrator/playbook/loader.h"
#include "orchestrator/ports/ledger.h"
#include "orchestrator/ports/snapshot_store.h"

namespace rehearse {

/// Opens parts of a workspace as they are asked for. Fails: invalid_input where there is no workspace or its
/// files are wrong.
class Workspace {
  public:
    /// The workspace at `directory`, or the nearest one at or above where the user stands.
    [[nodiscard]] static Workspace find(const Host& host,
                                        const std::optional<std::filesystem::path>& directory);

    [[nodiscard]] const std::filesystem::path& directory() const noexcept { return directory_; }
    [[nodiscard]] std::filesystem::path state() const { return directory_ / ".rehearse"; }
    /// All files, loaded once; any problem in any of them fails.
    [[nodiscard]] const WorkspaceFiles& files();
    [[nodiscard]] const Environment& environment(const std::string& name);
    /// By name or by path.
    [[nodiscard]] const Playbook& playbook(const std::string& name_or_path);

    /// Makes .rehearse/ with keys, ledger and store, all or nothing, where there is none yet.
    void make_state();
    [[nodiscard]] bool has_state() const;
    [[nodiscard]] Ledger& ledger();
    [[nodiscard]] SnapshotStore& store();

    /// The adopted policy, read again; or what keeps drills from being judged by it. The file policy.yaml
    /// itself counts for nothing: a changed one is inert until it is adopted.
    [[nodiscard]] PolicyInForce policy_in_force();
    [[nodiscard]] std::filesystem::path policy_file() const { return directory_ / "policy.yaml"; }
    [[nodiscard]] Secret marker_key() const;

    [[nodiscard]] AuditLog& audit_log();
    /// Made where there is none and nothing was signed yet. Fails: permanent where it is gone or damaged.
    [[nodiscard]] AuditKey audit_key();
    /// Why the audit log can't be believed, or nothing: its tail since the newest checkpoint, and the newest
    /// checkpoint in the second place. On a connection of its own, because workers ask it.
    [[nodiscard]] std::optional<std::string> audit_problem();

    /// Why destroying is halted (`rehearse halt`), or nothing. A file that can't be read halts, too.
    [[nodiscard]] std::optional<std::string> halted() const;
    [[nodiscard]] std::filesystem::path halt_file() const { return state() / "halt"; }

    [[nodiscard]] AdapterSet make_adapters(const Environment& environment) const;

  private:
    Workspace(const Host& host, std::filesystem::path directory);

    const Host* host_;
    std::filesystem::path directory_;
    std::optional<WorkspaceFiles> files_;
    std::unique_ptr<Ledger> ledger_;
    std::unique_ptr<SnapshotStore> store_;
    std::unique_ptr<AuditLog> audit_log_;
};

/// A drill's world for one environment of a workspace, with everything in it owned or outliving it.
class OpenWorld {
  public:
    OpenWorld(const Host& host, Workspace& workspace, const Environment& environment,
              const Playbook* playbook, Observer& observer, Alarm& alarm);
    [[nodiscard]] World& world() noexcept { return *world_; }

  private:
    AdapterSet adapters_;
    std::unique_ptr<World> world_;
};

}  // namespace rehearse
