// Replays every journal by the rules that wrote it.
#include "orchestrator/ledger/integrity.h"

#include <optional>

#include "orchestrator/ledger/approvals.h"
#include "orchestrator/ledger/audit.h"
#include "orchestrator/ledger/journal.h"
#include "orchestrator/ledger/leases.h"
#include "orchestrator/ledger/schema.h"

namespace rehearse {

namespace {

using Findings = std::vector<std::string>;

void check_pages(Database& database, Findings& findings) {
    auto row = database.query("PRAGMA integrity_check(20)");
    while (row.next()) {
        if (row.text(0) != "ok") findings.push_back("integrity: " + row.text(0));
    }
}

void check_references(Database& database, Findings& findings) {
    auto row = database.query("PRAGMA foreign_key_check");
    while (row.next())
        findings.push_back("foreign key: a row of " + row.text(0) + " refers to no " + row.text(2));
}

void check_epochs(Database& database, Findings& findings) {
    auto row = database.query(
        "SELECT environment, count(*), max(epoch) FROM leases GROUP BY environment HAVING count(*) <> "
        "max(epoch)");
    while (row.next()) {
        findings.push_back("leases of " + row.text(0) + ": " + row.text(1) + " rows, but the epoch is " +
                           row.text(2));
    }
}

void check_journal(Database& database, const DrillId& id, Findings& findings) {
    const auto record = read_drill(database, id);
    if (!record) return;
    const std::string name = "drill " + id.text() + ": ";
    DrillState state = DrillState::planned;
    {
        auto row = database.query("SELECT begun_state FROM drills WHERE id = ?");
        if (row.with(id.text()).next()) state = drill_state_from(row.text(0));
    }
    const Epoch highest = highest_epoch(database, record->environment);
    Epoch epoch = 0;
    for (const DrillEvent& event : read_events(database, id)) {
        const std::string where = "event " + std::to_string(event.sequence);
        if (event.epoch < epoch)
            findings.push_back(name + where + " has a lower epoch than the one before it");
        if (event.epoch > highest) findings.push_back(name + where + " has an epoch that no lease had");
        epoch = event.epoch;
        if (event.kind != EventKind::state) continue;
        const DrillState next = drill_state_from(text_at(event.body, "state", where));
        if (!may_follow(state, next)) {
            findings.push_back(name + where + " goes from " + std::string(to_string(state)) + " to " +
                               std::string(to_string(next)));
        }
        state = next;
    }
    if (state != record->state) {
        findings.push_back(name + "its row says " + std::string(to_string(record->state)) + ", its journal " +
                           std::string(to_string(state)));
    }
}

/// Runs one part; damage that keeps it from running is a finding like the others.
template <class Part>
void guarded(Findings& findings, const Part& part) {
    try {
        part();
    } catch (const Failure& failure) {
        if (failure.kind() == FailureKind::transient) throw;
        findings.push_back(failure.fields().message);
    }
}

}  // namespace

std::vector<std::string> check_integrity(Database& database) {
    Findings findings;
    guarded(findings, [&] { check_pages(database, findings); });
    guarded(findings, [&] {
        for (const auto& difference : schema_differences(database))
            findings.push_back("schema: " + difference);
    });
    guarded(findings, [&] { check_references(database, findings); });
    guarded(findings, [&] { check_epochs(database, findings); });
    guarded(findings, [&] { (void)read_proposals(database, ""); });
    guarded(findings, [&] { (void)newest_policy(database); });
    std::vector<DrillId> drills;
    guarded(findings, [&] {
        auto row = database.query("SELECT id FROM drills ORDER BY id");
        while (row.next()) drills.emplace_back(row.text(0));
    });
    for (const DrillId& drill : drills) {
        guarded(findings, [&] { check_journal(database, drill, findings); });
    }
    guarded(findings, [&] { check_audited(database, findings); });
    return findings;
}

}  // namespace rehearse
