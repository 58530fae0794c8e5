// The registers' SQL.
#include "orchestrator/ledger/registers.h"

#include <boost/json/serialize.hpp>
#include <utility>

#include "orchestrator/ledger/audit.h"

namespace rehearse {

namespace {

DueFate due_fate_from(Database& database, const std::string& text) {
    for (const DueFate fate : {DueFate::ran, DueFate::refused, DueFate::skipped, DueFate::missed}) {
        if (to_string(fate) == text) return fate;
    }
    throw Failure({.kind = FailureKind::permanent,
                   .operation = "read ledger",
                   .object = database.file().string(),
                   .native_code = {},
                   .message = "no due time has the fate '" + text + "'",
                   .remedy = "run 'rehearse doctor'"});
}

Failure due_refused(const DueTime& due, std::string message) {
    return Failure({.kind = FailureKind::refused,
                    .operation = "record due time",
                    .object = due.playbook.text() + " at " + to_rfc3339(due.due),
                    .native_code = {},
                    .message = std::move(message),
                    .remedy = "run 'rehearse schedule' to see the due times"});
}

void record_due(Database& database, const DueTime& due) {
    auto row = database.query("SELECT * FROM due_times WHERE playbook = ? AND due_ns = ?");
    record_row(database, {.kind = "due_time", .drill = due.drill.text(), .at = due.due},
               row.with(due.playbook.text(), due.due.since_epoch));
}

bool has_due(Database& database, const DueTime& due) {
    auto row = database.query("SELECT 1 FROM due_times WHERE playbook = ? AND due_ns = ?");
    return row.with(due.playbook.text(), due.due.since_epoch).next();
}

}  // namespace

void insert_enrolment(Database& database, const Enrolment& enrolment) {
    database
        .query(
            "INSERT INTO enrolments(environment, at_ns, actor, read_only, identities, nonce) "
            "VALUES (?, ?, ?, ?, ?, ?)")
        .with(enrolment.environment.text(), enrolment.at.since_epoch, enrolment.actor, enrolment.read_only,
              json::serialize(enrolment.identities), enrolment.nonce)
        .run();
    auto row = database.query("SELECT * FROM enrolments ORDER BY number DESC LIMIT 1");
    record_row(database,
               {.kind = "enrolment",
                .environment = enrolment.environment.text(),
                .actor = enrolment.actor,
                .at = enrolment.at},
               row);
}

std::optional<Enrolment> newest_enrolment(Database& database, const EnvironmentName& environment) {
    auto row = database.query(
        "SELECT at_ns, actor, read_only, identities, nonce FROM enrolments WHERE environment = ? "
        "ORDER BY number DESC LIMIT 1");
    if (!row.with(environment.text()).next()) return std::nullopt;
    return Enrolment{.environment = environment,
                     .at = {Duration(row.integer(0))},
                     .actor = row.text(1),
                     .read_only = row.integer(2) != 0,
                     .identities = row.object(3),
                     .nonce = row.text(4)};
}

void insert_quarantine(Database& database, const Quarantine& quarantine) {
    database
        .query(
            "INSERT INTO quarantines(environment, drill, since_ns, reason, resources) VALUES (?, ?, ?, ?, ?)")
        .with(quarantine.environment.text(), quarantine.drill.text(), quarantine.since.since_epoch,
              quarantine.reason, json::serialize(quarantine.resources))
        .run();
    auto row = database.query("SELECT * FROM quarantines ORDER BY number DESC LIMIT 1");
    record_row(database,
               {.kind = "quarantine",
                .environment = quarantine.environment.text(),
                .drill = quarantine.drill.text(),
                .at = quarantine.since},
               row);
}

std::optional<Quarantine> open_quarantine(Database& database, const EnvironmentName& environment) {
    std::optional<Quarantine> all;
    auto row = database.query(
        "SELECT drill, since_ns, reason, resources FROM quarantines WHERE environment = ? AND "
        "cleared_ns IS NULL ORDER BY number");
    row.with(environment.text());
    while (row.next()) {
        if (!all) all = Quarantine{.environment = environment, .since = {Duration(row.integer(1))}};
        if (const DrillId drill(row.text(0)); !drill.empty()) all->drill = drill;
        all->reason = row.text(2);
        for (const auto& [name, state] : row.object(3)) {
            all->resources.insert_or_assign(name, state);
        }
    }
    return all;
}

bool has_open_quarantine(Database& database, const Quarantine& quarantine) {
    auto row = database.query(
        "SELECT 1 FROM quarantines WHERE environment = ? AND cleared_ns IS NULL AND reason = ?");
    return row.with(quarantine.environment.text(), quarantine.reason).next();
}

bool close_quarantines(Database& database, const EnvironmentName& environment, const Clearing& clearing) {
    database
        .query(
            "UPDATE quarantines SET cleared_ns = ?, cleared_by = ?, cleared_by_kind = ?, clear_reason = ? "
            "WHERE environment = ? AND cleared_ns IS NULL")
        .with(clearing.at.since_epoch, clearing.actor.name, to_string(clearing.actor.kind), clearing.reason,
              environment.text())
        .run();
    if (database.changed() == 0) return false;
    record(database,
           {.kind = "quarantine_cleared",
            .environment = environment.text(),
            .actor = clearing.actor.name,
            .at = clearing.at},
           canonical_json(json::object{{"environment", environment.text()}, {"reason", clearing.reason}}));
    return true;
}

void insert_due(Database& database, const DueTime& due) {
    if (has_due(database, due)) throw due_refused(due, "this due time has been recorded already");
    database.query("INSERT INTO due_times(playbook, due_ns, fate, reason, drill) VALUES (?, ?, ?, ?, ?)")
        .with(due.playbook.text(), due.due.since_epoch, to_string(due.fate), due.reason, due.drill.text())
        .run();
    record_due(database, due);
}

void change_due(Database& database, const DueTime& due) {
    if (!has_due(database, due)) throw due_refused(due, "this due time was never recorded");
    database.query("UPDATE due_times SET fate = ?, reason = ?, drill = ? WHERE playbook = ? AND due_ns = ?")
        .with(to_string(due.fate), due.reason, due.drill.text(), due.playbook.text(), due.due.since_epoch)
        .run();
    record_due(database, due);
}

std::vector<DueTime> due_times(Database& database, const PlaybookName& playbook, std::size_t limit) {
    std::vector<DueTime> found;
    auto row = database.query(
        "SELECT due_ns, fate, reason, drill, playbook FROM due_times WHERE ?1 = '' OR playbook = ?1 "
        "ORDER BY due_ns DESC LIMIT ?2");
    row.with(playbook.text(), limit == 0 ? std::int64_t{-1} : static_cast<std::int64_t>(limit));
    while (row.next()) {
        found.push_back({.playbook = PlaybookName(row.text(4)),
                         .due = {Duration(row.integer(0))},
                         .fate = due_fate_from(database, row.text(1)),
                         .reason = row.text(2),
                         .drill = DrillId(row.text(3))});
    }
    return found;
}

std::optional<WallTime> last_due(Database& database, const PlaybookName& playbook) {
    auto row = database.query("SELECT due_ns FROM due_times WHERE playbook = ? ORDER BY due_ns DESC LIMIT 1");
    if (!row.with(playbook.text()).next()) return std::nullopt;
    return WallTime{Duration(row.integer(0))};
}

DrillId newest_unfinished_drill(Database& database, const EnvironmentName& environment) {
    auto row = database.query(
        "SELECT id FROM drills WHERE verdict IS NULL AND environment = ? ORDER BY started_ns DESC LIMIT 1");
    return row.with(environment.text()).next() ? DrillId(row.text(0)) : DrillId();
}

}  // namespace rehearse
