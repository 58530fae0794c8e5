// The audit log in the ledger's file, for those who check, sign and export it. It has a connection of its
// own: the drill's verbs know nothing of it, each writes its entries within its own commit.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "orchestrator/audit/checkpoint.h"
#include "orchestrator/base/clock.h"
#include "orchestrator/base/ids.h"

namespace rehearse {

/// A signed note as the ledger keeps it.
struct KeptCheckpoint {
    std::uint64_t size = 0;
    std::string note{};
};

/// How much of the log a check reads.
enum class AuditReach {
    tail,   // what came after the newest checkpoint
    whole,  // every entry, and every checkpoint against the tree that it signs
};

class Database;

/// What is wrong with the log; empty when it verifies. `elsewhere`: checkpoints kept outside, which a log
/// that was rewritten even with its own key can't match: their sizes are always compared, their roots when
/// `reach` is whole. Never throws for damage. Fails: transient (locked).
[[nodiscard]] std::vector<std::string> audit_problems(Database& database, const std::string& verifier,
                                                      AuditReach reach,
                                                      const std::vector<std::string>& elsewhere);

class AuditLog {
  public:
    using Visitor = std::function<void(std::uint64_t number, const std::string& entry)>;

    /// Fails: see open_sqlite_ledger.
    explicit AuditLog(const std::filesystem::path& ledger);
    ~AuditLog();
    AuditLog(const AuditLog&) = delete;
    AuditLog& operator=(const AuditLog&) = delete;

    [[nodiscard]] std::uint64_t size();
    /// Of all that is committed.
    [[nodiscard]] TreeHash root();
    /// Every entry from `begin` to before `end`, in order. Fails: permanent where one is missing.
    void each(std::uint64_t begin, std::uint64_t end, const Visitor& visit);
    /// Tells something that no row of the ledger tells (the kill switch); durable when it returns.
    void tell(std::string_view kind, const std::string& actor, WallTime at, const std::string& document);

    /// See audit_problems().
    [[nodiscard]] std::vector<std::string> problems(const std::string& verifier, AuditReach reach,
                                                    const std::vector<std::string>& elsewhere = {});
    /// Signs the log as it is, where it has grown since the newest checkpoint. Fails: permanent where its
    /// tail does not verify: what was tampered with is never signed.
    void seal(const AuditKey& key, WallTime at);
    [[nodiscard]] std::optional<KeptCheckpoint> newest_checkpoint();
    /// Those that never reached the second place, oldest first.
    [[nodiscard]] std::vector<KeptCheckpoint> unsent();
    void mark_sent(std::uint64_t size, WallTime at);

    /// The documents behind the entries of a drill and of the approvals that it used, from the ledger's rows.
    [[nodiscard]] std::vector<std::string> documents(const DrillId& drill);

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace rehearse
