// Checking streams the entries through a compact range: a million of them need no more memory than one.
#include "orchestrator/ledger/audit_log.h"

#include <map>

#include "orchestrator/ledger/audit.h"
#include "orchestrator/ledger/schema.h"

namespace rehearse {

struct AuditLog::State {
    std::shared_ptr<const ProcessTable> processes = linux_process_table();
    Database database;
};

namespace {

struct Anchor {
    Checkpoint checkpoint;
    CompactRange tree;
};

/// The newest checkpoint, its signature and its tree checked. None: nothing was signed yet.
std::optional<Anchor> newest_anchor(Database& database, const std::string& verifier) {
    auto row = database.query("SELECT size, hashes, note FROM audit_checkpoints ORDER BY size DESC LIMIT 1");
    if (!row.next()) return std::nullopt;
    Anchor anchor{.checkpoint = open_checkpoint(row.text(2), verifier),
                  .tree = {static_cast<std::uint64_t>(row.integer(0)), row.text(1)}};
    if (anchor.tree.size() != anchor.checkpoint.size || anchor.tree.root() != anchor.checkpoint.root)
        throw database.damaged("the newest checkpoint of the audit log does not sign the tree kept with it");
    return anchor;
}

void visit_entries(Database& database, std::uint64_t begin, std::uint64_t end,
                   const AuditLog::Visitor& visit) {
    auto row = database.query(
        "SELECT number, entry FROM audit_entries WHERE number >= ? AND number < ? ORDER BY number");
    row.with(begin, end);
    std::uint64_t next = begin;
    for (; row.next(); ++next) {
        if (static_cast<std::uint64_t>(row.integer(0)) != next) break;
        visit(next, row.text(1));
    }
    if (next < end) throw database.damaged("entry " + std::to_string(next) + " of the audit log is missing");
}

/// Fails: permanent, invalid_input where the tail does not lead from the newest checkpoint to the tree.
CompactRange checked_tail(Database& database, const std::string& verifier) {
    const CompactRange tree = audit_tree(database);
    const auto anchor = newest_anchor(database, verifier);
    CompactRange grown = anchor ? anchor->tree : CompactRange();
    if (grown.size() > tree.size())
        throw database.damaged("the audit log is truncated: it has " + std::to_string(tree.size()) +
                               " entries, " + std::to_string(grown.size()) + " were signed");
    visit_entries(database, grown.size(), tree.size(),
                  [&](std::uint64_t, const std::string& entry) { grown.append(leaf_hash(entry)); });
    if (grown.to_text() != tree.to_text())
        throw database.damaged("the audit log's entries after number " +
                               std::to_string(anchor ? anchor->tree.size() : 0) +
                               " do not give its tree: they were changed");
    if (database.value("SELECT ifnull(max(number), -1) + 1 FROM audit_entries") !=
        std::to_string(tree.size()))
        throw database.damaged("the audit log has entries beyond its tree");
    return tree;
}

std::string compared(const Checkpoint& checkpoint, const TreeHash& root) {
    return checkpoint.root == root
               ? std::string()
               : "the first " + std::to_string(checkpoint.size) +
                     " entries of the audit log are not those that a checkpoint signed: they were rewritten";
}

/// Every checkpoint by its size, those of the ledger and those from elsewhere; what can't be opened is a
/// finding.
std::multimap<std::uint64_t, Checkpoint> all_checkpoints(Database& database, const std::string& verifier,
                                                         const std::vector<std::string>& elsewhere, bool own,
                                                         std::vector<std::string>& findings) {
    std::multimap<std::uint64_t, Checkpoint> found;
    const auto take = [&](const std::string& note, const std::string& whose) {
        try {
            const Checkpoint checkpoint = open_checkpoint(note, verifier);
            found.emplace(checkpoint.size, checkpoint);
        } catch (const Failure& failure) {
            findings.push_back("a checkpoint " + whose + ": " + failure.fields().message);
        }
    };
    for (const std::string& note : elsewhere) take(note, "from elsewhere");
    if (!own) return found;
    auto row = database.query("SELECT note FROM audit_checkpoints ORDER BY size");
    while (row.next()) take(row.text(0), "of the ledger");
    return found;
}

void check_whole(Database& database, const std::multimap<std::uint64_t, Checkpoint>& checkpoints,
                 std::vector<std::string>& findings) {
    CompactRange grown;
    auto next = checkpoints.begin();
    const auto compare = [&] {
        for (; next != checkpoints.end() && next->first == grown.size(); ++next) {
            if (std::string finding = compared(next->second, grown.root()); !finding.empty())
                findings.push_back(std::move(finding));
        }
    };
    compare();
    visit_entries(database, 0, audit_tree(database).size(), [&](std::uint64_t, const std::string& entry) {
        grown.append(leaf_hash(entry));
        compare();
    });
    if (grown.to_text() != audit_tree(database).to_text())
        findings.emplace_back("the audit log's entries do not give its tree: they were changed");
}

}  // namespace

AuditLog::AuditLog(const std::filesystem::path& ledger) {
    auto processes = linux_process_table();
    const ProcessTable& table = *processes;
    state_ = std::unique_ptr<State>(
        new State{.processes = std::move(processes), .database = {{.file = ledger}, table}});
    require_schema(state_->database);
}
AuditLog::~AuditLog() = default;

std::uint64_t AuditLog::size() { return audit_tree(state_->database).size(); }
TreeHash AuditLog::root() { return audit_tree(state_->database).root(); }

void AuditLog::each(std::uint64_t begin, std::uint64_t end, const Visitor& visit) {
    visit_entries(state_->database, begin, end, visit);
}

void AuditLog::tell(std::string_view kind, const std::string& actor, WallTime at,
                    const std::string& document) {
    Transaction transaction(state_->database);
    record(state_->database, {.kind = kind, .actor = actor, .at = at}, document);
    transaction.commit();
}

std::vector<std::string> audit_problems(Database& database, const std::string& verifier, AuditReach reach,
                                        const std::vector<std::string>& elsewhere) {
    std::vector<std::string> findings;
    try {
        const bool whole = reach == AuditReach::whole;
        const auto checkpoints = all_checkpoints(database, verifier, elsewhere, whole, findings);
        const CompactRange tree = checked_tail(database, verifier);
        if (!checkpoints.empty() && checkpoints.rbegin()->first > tree.size())
            findings.push_back("the audit log is truncated: it has " + std::to_string(tree.size()) +
                               " entries, " + std::to_string(checkpoints.rbegin()->first) + " were signed");
        if (whole) check_whole(database, checkpoints, findings);
    } catch (const Failure& failure) {
        if (failure.kind() == FailureKind::transient) throw;
        findings.push_back(failure.fields().message);
    }
    return findings;
}

std::vector<std::string> AuditLog::problems(const std::string& verifier, AuditReach reach,
                                            const std::vector<std::string>& elsewhere) {
    // One view of the file: a drill may append meanwhile.
    state_->database.script("BEGIN");
    const std::vector<std::string> findings = audit_problems(state_->database, verifier, reach, elsewhere);
    state_->database.script("COMMIT");
    return findings;
}

void AuditLog::seal(const AuditKey& key, WallTime at) {
    Database& database = state_->database;
    Transaction transaction(database);
    const CompactRange tree = checked_tail(database, key.verifier());
    if (const auto newest = newest_anchor(database, key.verifier());
        newest && newest->tree.size() == tree.size())
        return;
    database.query("INSERT INTO audit_checkpoints(size, hashes, note, at_ns) VALUES (?, ?, ?, ?)")
        .with(tree.size(), tree.to_text(), key.sign(tree.size(), tree.root()), at.since_epoch)
        .run();
    transaction.commit();
}

std::optional<KeptCheckpoint> AuditLog::newest_checkpoint() {
    auto row = state_->database.query("SELECT size, note FROM audit_checkpoints ORDER BY size DESC LIMIT 1");
    if (!row.next()) return std::nullopt;
    return KeptCheckpoint{.size = static_cast<std::uint64_t>(row.integer(0)), .note = row.text(1)};
}

std::vector<KeptCheckpoint> AuditLog::unsent() {
    std::vector<KeptCheckpoint> found;
    auto row = state_->database.query(
        "SELECT size, note FROM audit_checkpoints WHERE sent_ns IS NULL ORDER BY size");
    while (row.next())
        found.push_back({.size = static_cast<std::uint64_t>(row.integer(0)), .note = row.text(1)});
    return found;
}

void AuditLog::mark_sent(std::uint64_t size, WallTime at) {
    Transaction transaction(state_->database);
    state_->database.query("UPDATE audit_checkpoints SET sent_ns = ? WHERE size = ?")
        .with(at.since_epoch, size)
        .run();
    transaction.commit();
}

std::vector<std::string> AuditLog::documents(const DrillId& drill) {
    return audit_documents(state_->database, drill);
}

}  // namespace rehearse
