// The schema in SQL. What must not change is guarded by triggers too, so that a bug can't rewrite history.
#include "orchestrator/ledger/schema.h"

#include <set>

#include "orchestrator/ledger/audit.h"

namespace rehearse {

namespace {

constexpr const char* tables = R"sql(
CREATE TABLE drills(
  id TEXT NOT NULL PRIMARY KEY, environment TEXT NOT NULL, playbook TEXT NOT NULL, kind TEXT NOT NULL,
  begun_state TEXT NOT NULL, state TEXT NOT NULL, verdict TEXT, plan_hash TEXT NOT NULL,
  release TEXT NOT NULL, actor TEXT NOT NULL, actor_kind TEXT NOT NULL, host TEXT NOT NULL,
  versions TEXT NOT NULL, started_ns INTEGER NOT NULL, ended_ns INTEGER, seal TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX drills_by_time ON drills(started_ns);
CREATE INDEX drills_unfinished ON drills(id) WHERE verdict IS NULL;
CREATE TABLE drill_plans(
  drill TEXT NOT NULL PRIMARY KEY REFERENCES drills(id), plan TEXT NOT NULL
) STRICT;
CREATE TABLE drill_results(
  drill TEXT NOT NULL PRIMARY KEY REFERENCES drills(id), result TEXT NOT NULL, seal TEXT NOT NULL
) STRICT;
CREATE TABLE drill_events(
  drill TEXT NOT NULL REFERENCES drills(id), sequence INTEGER NOT NULL CHECK(sequence > 0),
  epoch INTEGER NOT NULL CHECK(epoch >= 0), kind TEXT NOT NULL, steady_ns INTEGER NOT NULL,
  wall_ns INTEGER NOT NULL, boot TEXT NOT NULL, body TEXT NOT NULL, seal TEXT NOT NULL,
  PRIMARY KEY(drill, sequence)
) STRICT, WITHOUT ROWID;
CREATE VIEW drill_records AS
  SELECT d.id, d.environment, d.playbook, d.kind, d.begun_state, d.state, d.verdict, d.plan_hash, p.plan,
    d.release, d.actor, d.actor_kind, d.host, d.versions, d.started_ns, d.ended_ns, d.seal, r.result,
    r.seal AS result_seal
  FROM drills d LEFT JOIN drill_plans p ON p.drill = d.id LEFT JOIN drill_results r ON r.drill = d.id;
CREATE TABLE leases(
  environment TEXT NOT NULL, epoch INTEGER NOT NULL CHECK(epoch > 0), host TEXT NOT NULL, boot TEXT NOT NULL,
  process INTEGER NOT NULL, process_started INTEGER NOT NULL, acquired_ns INTEGER NOT NULL,
  expires_ns INTEGER NOT NULL, expires_steady_ns INTEGER NOT NULL, released_ns INTEGER,
  PRIMARY KEY(environment, epoch)
) STRICT, WITHOUT ROWID;
CREATE TABLE enrolments(
  number INTEGER PRIMARY KEY, environment TEXT NOT NULL, at_ns INTEGER NOT NULL, actor TEXT NOT NULL,
  read_only INTEGER NOT NULL, identities TEXT NOT NULL, nonce TEXT NOT NULL
) STRICT;
CREATE INDEX enrolments_by_environment ON enrolments(environment, number);
CREATE TABLE quarantines(
  number INTEGER PRIMARY KEY, environment TEXT NOT NULL, drill TEXT NOT NULL, since_ns INTEGER NOT NULL,
  reason TEXT NOT NULL, resources TEXT NOT NULL, cleared_ns INTEGER, cleared_by TEXT, cleared_by_kind TEXT,
  clear_reason TEXT
) STRICT;
CREATE INDEX quarantines_open ON quarantines(environment) WHERE cleared_ns IS NULL;
CREATE TABLE due_times(
  playbook TEXT NOT NULL, due_ns INTEGER NOT NULL, fate TEXT NOT NULL, reason TEXT NOT NULL,
  drill TEXT NOT NULL, PRIMARY KEY(playbook, due_ns)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER drill_events_are_kept BEFORE DELETE ON drill_events
  BEGIN SELECT RAISE(ABORT, 'drill_events is append-only'); END;
CREATE TRIGGER drill_events_stay BEFORE UPDATE ON drill_events
  BEGIN SELECT RAISE(ABORT, 'drill_events is append-only'); END;
CREATE TRIGGER drills_are_kept BEFORE DELETE ON drills
  BEGIN SELECT RAISE(ABORT, 'drills are never deleted'); END;
CREATE TRIGGER drills_stay BEFORE UPDATE OF id, environment, playbook, kind, begun_state, plan_hash, release,
    actor, actor_kind, host, versions, started_ns, seal ON drills
  BEGIN SELECT RAISE(ABORT, 'what a drill began with never changes'); END;
CREATE TRIGGER verdicts_stay BEFORE UPDATE OF state, verdict, ended_ns ON drills
  WHEN OLD.verdict IS NOT NULL
    AND (NEW.verdict IS NOT OLD.verdict OR NEW.state <> OLD.state OR NEW.ended_ns IS NOT OLD.ended_ns)
  BEGIN SELECT RAISE(ABORT, 'a verdict never changes'); END;
CREATE TRIGGER drill_plans_are_kept BEFORE DELETE ON drill_plans
  BEGIN SELECT RAISE(ABORT, 'plans are never deleted'); END;
CREATE TRIGGER drill_plans_stay BEFORE UPDATE ON drill_plans
  BEGIN SELECT RAISE(ABORT, 'a plan never changes'); END;
CREATE TRIGGER drill_results_are_kept BEFORE DELETE ON drill_results
  BEGIN SELECT RAISE(ABORT, 'results are never deleted'); END;
CREATE TRIGGER drill_results_stay BEFORE UPDATE ON drill_results
  BEGIN SELECT RAISE(ABORT, 'a result never changes'); END;
CREATE TRIGGER leases_are_kept BEFORE DELETE ON leases
  BEGIN SELECT RAISE(ABORT, 'epochs are never taken back'); END;
CREATE TRIGGER leases_stay BEFORE UPDATE OF environment, epoch, host, boot, process, process_started ON leases
  BEGIN SELECT RAISE(ABORT, 'a lease never changes its owner'); END;
CREATE TRIGGER enrolments_are_kept BEFORE DELETE ON enrolments
  BEGIN SELECT RAISE(ABORT, 'enrolments are never deleted'); END;
CREATE TRIGGER quarantines_are_kept BEFORE DELETE ON quarantines
  BEGIN SELECT RAISE(ABORT, 'quarantines are cleared, never deleted'); END;
CREATE TRIGGER due_times_are_kept BEFORE DELETE ON due_times
  BEGIN SELECT RAISE(ABORT, 'due times are never deleted'); END;
)sql";

/// What version 2 added.
constexpr const char* approval_tables = R"sql(
CREATE TABLE proposals(
  number INTEGER PRIMARY KEY, nonce TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, subject TEXT NOT NULL,
  environment TEXT NOT NULL, document TEXT NOT NULL, runs INTEGER NOT NULL CHECK(runs > 0),
  actor TEXT NOT NULL, actor_kind TEXT NOT NULL, account TEXT NOT NULL, at_ns INTEGER NOT NULL,
  expires_ns INTEGER NOT NULL, seal TEXT NOT NULL
) STRICT;
CREATE INDEX proposals_by_subject ON proposals(subject, number);
CREATE INDEX standing_proposals ON proposals(environment, number) WHERE kind = 'standing';
CREATE TABLE approvals(
  number INTEGER PRIMARY KEY, nonce TEXT NOT NULL REFERENCES proposals(nonce), decision TEXT NOT NULL,
  text TEXT NOT NULL, signature TEXT NOT NULL, reason TEXT NOT NULL, actor TEXT NOT NULL,
  actor_kind TEXT NOT NULL, account TEXT NOT NULL, at_ns INTEGER NOT NULL
) STRICT;
CREATE INDEX approvals_by_nonce ON approvals(nonce, number);
CREATE TABLE approved_runs(
  nonce TEXT NOT NULL REFERENCES proposals(nonce), drill TEXT NOT NULL REFERENCES drills(id),
  PRIMARY KEY(nonce, drill)
) STRICT, WITHOUT ROWID;
CREATE TABLE policies(
  number INTEGER PRIMARY KEY, digest TEXT NOT NULL, document TEXT NOT NULL, actor TEXT NOT NULL,
  actor_kind TEXT NOT NULL, account TEXT NOT NULL, at_ns INTEGER NOT NULL
) STRICT;

CREATE TRIGGER proposals_are_kept BEFORE DELETE ON proposals
  BEGIN SELECT RAISE(ABORT, 'proposals are never deleted'); END;
CREATE TRIGGER proposals_stay BEFORE UPDATE ON proposals
  BEGIN SELECT RAISE(ABORT, 'a proposal never changes'); END;
CREATE TRIGGER approvals_are_kept BEFORE DELETE ON approvals
  BEGIN SELECT RAISE(ABORT, 'approvals and denials are never deleted'); END;
CREATE TRIGGER approvals_stay BEFORE UPDATE ON approvals
  BEGIN SELECT RAISE(ABORT, 'an approval or denial never changes'); END;
CREATE TRIGGER approved_runs_are_kept BEFORE DELETE ON approved_runs
  BEGIN SELECT RAISE(ABORT, 'a used approval stays used'); END;
CREATE TRIGGER approved_runs_stay BEFORE UPDATE ON approved_runs
  BEGIN SELECT RAISE(ABORT, 'a used approval stays used'); END;
CREATE TRIGGER policies_are_kept BEFORE DELETE ON policies
  BEGIN SELECT RAISE(ABORT, 'policies are replaced, never deleted'); END;
CREATE TRIGGER policies_stay BEFORE UPDATE ON policies
  BEGIN SELECT RAISE(ABORT, 'an adopted policy never changes'); END;
)sql";

/// What version 3 added.
constexpr const char* audit_tables = R"sql(
CREATE TABLE audit_entries(number INTEGER PRIMARY KEY CHECK(number >= 0), entry TEXT NOT NULL) STRICT;
CREATE TABLE audit_tree(
  one INTEGER PRIMARY KEY CHECK(one = 1), size INTEGER NOT NULL, hashes TEXT NOT NULL
) STRICT;
CREATE TABLE audit_checkpoints(
  size INTEGER PRIMARY KEY, hashes TEXT NOT NULL, note TEXT NOT NULL, at_ns INTEGER NOT NULL, sent_ns INTEGER
) STRICT;
CREATE INDEX audit_checkpoints_to_send ON audit_checkpoints(size) WHERE sent_ns IS NULL;
INSERT INTO audit_tree(one, size, hashes) VALUES (1, 0, '');

CREATE TRIGGER audit_entries_are_kept BEFORE DELETE ON audit_entries
  BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_entries_stay BEFORE UPDATE ON audit_entries
  BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_tree_is_kept BEFORE DELETE ON audit_tree
  BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_tree_grows BEFORE UPDATE ON audit_tree WHEN NEW.size <> OLD.size + 1
  BEGIN SELECT RAISE(ABORT, 'the audit log grows by one entry at a time'); END;
CREATE TRIGGER audit_checkpoints_are_kept BEFORE DELETE ON audit_checkpoints
  BEGIN SELECT RAISE(ABORT, 'checkpoints are never deleted'); END;
CREATE TRIGGER audit_checkpoints_stay BEFORE UPDATE OF size, hashes, note, at_ns ON audit_checkpoints
  BEGIN SELECT RAISE(ABORT, 'a checkpoint never changes'); END;
)sql";

Failure not_a_ledger(const Database& database, std::string message, std::string remedy) {
    return Failure({.kind = FailureKind::permanent,
                    .operation = "open ledger",
                    .object = database.file().string(),
                    .native_code = {},
                    .message = std::move(message),
                    .remedy = std::move(remedy)});
}

/// SQLite fills a cut last page with zeros: only the file's size tells.
void require_whole_pages(Database& database, const char* remedy) {
    database.script("BEGIN");
    const std::string pages = database.value("PRAGMA page_count");
    const std::string page_size = database.value("PRAGMA page_size");
    sqlite3_file* file = nullptr;
    sqlite3_int64 size = 0;
    sqlite3_file_control(database.handle(), "main", SQLITE_FCNTL_FILE_POINTER, &file);
    const int code = file->pMethods->xFileSize(file, &size);
    database.script("COMMIT");
    if (code != SQLITE_OK) database.fail(code, "open ledger");
    if (size < std::stoll(pages) * std::stoll(page_size)) {
        throw not_a_ledger(database,
                           "the ledger is truncated: it has " + std::to_string(size) + " bytes of " + pages +
                               " pages of " + page_size,
                           remedy);
    }
}

/// "table drills: CREATE TABLE drills(...": one line per object of the schema.
std::set<std::string> objects_of(Database& database) {
    std::set<std::string> objects;
    auto rows = database.query(
        "SELECT type || ' ' || name || ': ' || coalesce(sql, '') FROM sqlite_schema WHERE name NOT LIKE "
        "'sqlite_%'");
    while (rows.next()) objects.insert(rows.text(0));
    return objects;
}

/// Another process may have been faster: the version is asked again under the lock.
void upgrade(Database& database) {
    Transaction transaction(database);
    const std::string version = database.value("PRAGMA user_version");
    if (version == std::to_string(ledger_version)) return;
    if (version == "1") database.script(approval_tables);
    database.script(audit_tables);
    const std::string drills = database.value("SELECT count(*) FROM drills");
    record(database, {.kind = "log_begun"}, R"({"drills_before":)" + drills + "}");
    database.script("PRAGMA user_version=" + std::to_string(ledger_version));
    transaction.commit();
}

}  // namespace

void make_schema(Database& database) {
    // One transaction: a crash leaves no table at all, and the version number comes with the tables.
    Transaction transaction(database);
    database.script(tables);
    database.script(approval_tables);
    database.script(audit_tables);
    database.script("PRAGMA application_id=" + std::to_string(ledger_application_id));
    database.script("PRAGMA user_version=" + std::to_string(ledger_version));
    transaction.commit();
}

void require_schema(Database& database) {
    constexpr const char* keep =
        "keep the file, run 'rehearse doctor', and bring the ledger back from a copy";
    const std::string application = database.value("PRAGMA application_id");
    const std::string version = database.value("PRAGMA user_version");
    if (database.value("SELECT count(*) FROM sqlite_schema") == "0") {
        throw not_a_ledger(database, "the ledger is empty: it was truncated, or never made whole", keep);
    }
    if (application != std::to_string(ledger_application_id)) {
        throw not_a_ledger(
            database, "this SQLite database belongs to another program (application id " + application + ")",
            "move it away, then run 'rehearse doctor'");
    }
    if (std::stoll(version) > ledger_version) {
        throw Failure({.kind = FailureKind::refused,
                       .operation = "open ledger",
                       .object = database.file().string(),
                       .native_code = {},
                       .message = "the ledger has version " + version +
                                  ", this rehearse knows versions up to " + std::to_string(ledger_version),
                       .remedy = "use the newer rehearse that wrote it ('rehearse --version')"});
    }
    if (version != "1" && version != "2" && version != std::to_string(ledger_version)) {
        throw not_a_ledger(database, "the ledger's version " + version + " was never one of rehearse", keep);
    }
    require_whole_pages(database, keep);
    // A file that once was in WAL mode would stay in it; reading the answer also proves that pages can be
    // read.
    if (const std::string mode = database.value("PRAGMA journal_mode=DELETE"); mode != "delete") {
        throw not_a_ledger(database,
                           "the ledger's journal mode is " + mode + " and can't be changed to delete",
                           "stop other programs that have it open, then run 'rehearse doctor'");
    }
    if (version != std::to_string(ledger_version) && !database.read_only()) upgrade(database);
}

std::vector<std::string> schema_differences(Database& database) {
    static const auto wanted = [&database] {  // always the same: made once
        Database pattern({.file = ":memory:", .flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_MEMORY},
                         database.processes());
        pattern.script(tables);
        pattern.script(approval_tables);
        pattern.script(audit_tables);
        return objects_of(pattern);
    }();
    const auto found = objects_of(database);
    std::vector<std::string> differences;
    for (const auto& object : wanted) {
        if (!found.contains(object))
            differences.push_back("missing or changed: " + object.substr(0, object.find(':')));
    }
    for (const auto& object : found) {
        if (!wanted.contains(object))
            differences.push_back("not of this version: " + object.substr(0, object.find(':')));
    }
    return differences;
}

}  // namespace rehearse
