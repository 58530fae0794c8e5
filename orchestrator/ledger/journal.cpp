// The journal's SQL and its rules: gap-free sequences, legal transitions, one verdict.
#include "orchestrator/ledger/journal.h"

#include <boost/json/serialize.hpp>
#include <utility>

#include "orchestrator/ledger/audit.h"
#include "orchestrator/ledger/seal.h"

namespace rehearse {

namespace {

Failure rejected(FailureKind kind, const DrillId& drill, std::string message, std::string remedy) {
    return Failure({.kind = kind,
                    .operation = "write journal",
                    .object = drill.text(),
                    .native_code = {},
                    .message = std::move(message),
                    .remedy = std::move(remedy)});
}

std::string result_seal(const DrillId& drill, DrillState state, WallTime ended, std::string_view result) {
    return seal({drill.text(), to_string(state), std::to_string(ended.since_epoch.count()), result});
}

/// The last link of a drill's chain of events.
struct Link {
    std::uint64_t sequence = 0;
    Epoch epoch = 0;
    std::string seal;
};

Link last_link(Database& database, const DrillId& drill) {
    auto row = database.query(
        "SELECT sequence, epoch, seal FROM drill_events WHERE drill = ? ORDER BY sequence DESC LIMIT 1");
    if (!row.with(drill.text()).next()) return {};
    return {static_cast<std::uint64_t>(row.integer(0)), static_cast<Epoch>(row.integer(1)), row.text(2)};
}

std::string event_seal(const DrillId& drill, const DrillEvent& event, std::string_view body,
                       std::string_view previous) {
    return seal({previous, drill.text(), std::to_string(event.sequence), std::to_string(event.epoch),
                 to_string(event.kind), std::to_string(event.steady.since_boot.count()),
                 std::to_string(event.wall.since_epoch.count()), event.boot, body});
}

void insert_event(Database& database, const DrillId& drill, DrillEvent event, Epoch epoch, Link& last) {
    event.sequence = last.sequence + 1;
    event.epoch = epoch;
    const std::string body = json::serialize(event.body);
    last = {event.sequence, epoch, event_seal(drill, event, body, last.seal)};
    database
        .query(
            "INSERT INTO drill_events(drill, sequence, epoch, kind, steady_ns, wall_ns, boot, body, seal) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)")
        .with(drill.text(), event.sequence, event.epoch, to_string(event.kind), event.steady.since_boot,
              event.wall.since_epoch, event.boot, body, last.seal)
        .run();
    auto row = database.query(audited::event);
    record_row(database, {.kind = to_string(event.kind), .drill = drill.text(), .at = event.wall},
               row.with(drill.text(), event.sequence));
}

std::string drill_seal(const DrillRecord& record, std::string_view begun_state, std::string_view versions) {
    return seal({record.id.text(), record.environment.text(), record.playbook.text(), to_string(record.kind),
                 begun_state, record.plan_hash.text(), record.plan, record.release, record.actor.name,
                 to_string(record.actor.kind), record.host, versions,
                 std::to_string(record.started_at.since_epoch.count())});
}

/// The row as it begins; an end is written by the caller.
void insert_row(Database& database, const DrillRecord& record, DrillState begun) {
    {
        auto row = database.query("SELECT 1 FROM drills WHERE id = ?");
        if (row.with(record.id.text()).next()) {
            throw rejected(FailureKind::refused, record.id, "the ledger has a drill with this id already",
                           "run 'rehearse show " + record.id.text() + "'");
        }
    }
    const std::string versions = json::serialize(record.versions);
    database
        .query(
            "INSERT INTO drills(id, environment, playbook, kind, begun_state, state, plan_hash, release, "
            "actor, "
            "actor_kind, host, versions, started_ns, seal) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
        .with(record.id.text(), record.environment.text(), record.playbook.text(), to_string(record.kind),
              to_string(begun), to_string(begun), record.plan_hash.text(), record.release, record.actor.name,
              to_string(record.actor.kind), record.host, versions, record.started_at.since_epoch,
              drill_seal(record, to_string(begun), versions))
        .run();
    database.query("INSERT INTO drill_plans(drill, plan) VALUES (?, ?)")
        .with(record.id.text(), record.plan)
        .run();
    AuditEntry entry{.kind = "drill",
                     .environment = record.environment.text(),
                     .drill = record.id.text(),
                     .actor = record.actor.name,
                     .at = record.started_at};
    {
        auto row = database.query(audited::drill);
        record_row(database, entry, row.with(record.id.text()));
    }
    entry.kind = "plan";
    rehearse::record(database, entry, record.plan);
}

void insert_result(Database& database, const DrillId& drill, DrillState state, WallTime ended,
                   const json::object& result) {
    const std::string text = json::serialize(result);
    database.query("INSERT INTO drill_results(drill, result, seal) VALUES (?, ?, ?)")
        .with(drill.text(), text, result_seal(drill, state, ended, text))
        .run();
    record(database, {.kind = "result", .drill = drill.text(), .at = ended}, text);
}

void end_row(Database& database, const DrillId& drill, DrillState state, WallTime ended) {
    database.query("UPDATE drills SET state = ?, verdict = ?, ended_ns = ? WHERE id = ?")
        .with(to_string(state), to_string(state), ended.since_epoch, drill.text())
        .run();
    auto row = database.query(audited::end);
    record_row(database, {.kind = "verdict", .drill = drill.text(), .at = ended}, row.with(drill.text()));
}

/// The states that a batch goes through, in order: its state events, and its own state where no event says
/// it.
std::vector<DrillState> states_of(const DrillId& drill, JournalBatch& batch, const DrillEvent& now) {
    std::vector<DrillState> states;
    for (const DrillEvent& event : batch.events) {
        if (event.kind != EventKind::state) continue;
        states.push_back(drill_state_from(text_at(event.body, "state", "state event of " + drill.text())));
    }
    if (batch.state && states.empty()) {
        DrillEvent event = now;
        event.kind = EventKind::state;
        event.body = {{"state", to_string(*batch.state)}};
        batch.events.push_back(std::move(event));
        states.push_back(*batch.state);
    }
    if (batch.state && states.back() != *batch.state) {
        throw rejected(FailureKind::invalid_input, drill,
                       "the batch's last state event says " + std::string(to_string(states.back())) +
                           ", the batch itself " + std::string(to_string(*batch.state)),
                       "report this as a defect of rehearse");
    }
    return states;
}

struct Row {
    DrillState state = DrillState::planned;
    std::optional<WallTime> ended;
    bool has_result = false;
};

Row row_of(Database& database, const Lease& lease, const DrillId& drill) {
    auto row = database.query(
        "SELECT environment, state, ended_ns, EXISTS(SELECT 1 FROM drill_results WHERE drill = id) "
        "FROM drills WHERE id = ?");
    if (!row.with(drill.text()).next()) {
        throw rejected(FailureKind::invalid_input, drill, "the ledger has no such drill",
                       "run 'rehearse history'");
    }
    if (row.text(0) != lease.environment.text()) {
        throw rejected(FailureKind::refused, drill,
                       "the drill belongs to " + row.text(0) + ", the lease to " + lease.environment.text(),
                       "report this as a defect of rehearse");
    }
    Row found{
        .state = drill_state_from(row.text(1)), .ended = std::nullopt, .has_result = row.integer(3) != 0};
    if (!row.is_null(2)) found.ended = WallTime{Duration(row.integer(2))};
    return found;
}

void check_transitions(const DrillId& drill, DrillState from, const std::vector<DrillState>& states) {
    for (const DrillState to : states) {
        if (!may_follow(from, to)) {
            throw rejected(FailureKind::refused, drill,
                           std::string(to_string(to)) + " may not follow " + std::string(to_string(from)),
                           "run 'rehearse show " + drill.text() + "' to see how far it came");
        }
        from = to;
    }
}

/// Names of states, kinds and verdicts that nobody knows are damage, not somebody's input.
template <class Reading>
auto stored(Database& database, const Reading& reading) {
    try {
        return reading();
    } catch (const Failure& failure) {
        if (failure.kind() != FailureKind::invalid_input) throw;
        throw database.damaged(failure.fields().message + " '" + failure.fields().object + "'");
    }
}

DrillRecord record_of(Database& database, Query& row) {
    DrillRecord record{
        .id = DrillId(row.text(0)),
        .environment = EnvironmentName(row.text(1)),
        .playbook = PlaybookName(row.text(2)),
        .kind = drill_kind_from(row.text(3)),
        .state = drill_state_from(row.text(5)),
        .verdict = std::nullopt,
        .plan_hash = PlanHash(row.text(7)),
        .plan = row.text(8),
        .release = row.text(9),
        .actor = {row.text(10), row.text(11) == to_string(ActorKind::automation) ? ActorKind::automation
                                                                                 : ActorKind::person},
        .host = row.text(12),
        .versions = row.object(13),
        .started_at = {Duration(row.integer(14))},
        .ended_at = std::nullopt,
        .result = {}};
    const std::string name = "the drill " + record.id.text();
    if (row.text(16) != drill_seal(record, row.text(4), row.text(13))) {
        throw database.damaged(name + " does not match its seal: its row or its plan was changed");
    }
    if (is_terminal(record.state) != !row.is_null(6) || is_terminal(record.state) != !row.is_null(15)) {
        throw database.damaged(name + " is in state " + row.text(5) + ", which its verdict does not match");
    }
    if (!row.is_null(6)) record.verdict = verdict_from(row.text(6));
    if (!row.is_null(15)) record.ended_at = WallTime{Duration(row.integer(15))};
    if (record.verdict && to_string(*record.verdict) != to_string(record.state)) {
        throw database.damaged(name + " is in state " + row.text(5) + " with the verdict " + row.text(6));
    }
    if (!row.is_null(17)) {
        if (!record.ended_at ||
            row.text(18) != result_seal(record.id, record.state, *record.ended_at, row.text(17))) {
            throw database.damaged("the result of " + name + " does not match its seal");
        }
        record.result = row.object(17);
    }
    return record;
}

std::vector<DrillRecord> records_of(Database& database, Query& rows) {
    std::vector<DrillRecord> records;
    while (rows.next()) records.push_back(stored(database, [&] { return record_of(database, rows); }));
    return records;
}

}  // namespace

void insert_drill(Database& database, const DrillRecord& record) {
    if (is_terminal(record.state) || record.verdict || record.ended_at) {
        throw rejected(FailureKind::invalid_input, record.id, "a drill can't begin with its end",
                       "report this as a defect of rehearse");
    }
    insert_row(database, record, record.state);
}

void insert_refused(Database& database, const DrillRecord& record, const std::vector<DrillEvent>& events) {
    if (record.verdict.value_or(Verdict::refused) != Verdict::refused) {
        throw rejected(FailureKind::invalid_input, record.id, "only a refused drill has no lease",
                       "report this as a defect of rehearse");
    }
    JournalBatch batch{.events = events};
    const auto states = states_of(record.id, batch, {});
    const DrillState begun = states.empty() ? DrillState::refused : DrillState::planned;
    check_transitions(record.id, begun, states);
    if (!states.empty() && states.back() != DrillState::refused) {
        throw rejected(FailureKind::invalid_input, record.id,
                       "the last state of a refused drill is not refused",
                       "report this as a defect of rehearse");
    }
    insert_row(database, record, begun);
    Link last;
    for (const DrillEvent& event : events) insert_event(database, record.id, event, 0, last);
    const WallTime ended = record.ended_at.value_or(record.started_at);
    end_row(database, record.id, DrillState::refused, ended);
    if (!record.result.empty()) insert_result(database, record.id, DrillState::refused, ended, record.result);
}

std::uint64_t append_to_journal(Database& database, AppendRequest request) {
    JournalBatch& batch = request.batch;
    const DrillId& drill = request.drill;
    Row row = row_of(database, request.lease, drill);
    const auto states = states_of(drill, batch, request.now);
    check_transitions(drill, row.state, states);
    const DrillState state = states.empty() ? row.state : states.back();
    if (batch.verdict && to_string(*batch.verdict) != to_string(state)) {
        throw rejected(FailureKind::invalid_input, drill,
                       "the verdict " + std::string(to_string(*batch.verdict)) +
                           " does not go with the state " + std::string(to_string(state)),
                       "report this as a defect of rehearse");
    }
    Link last = last_link(database, drill);
    for (DrillEvent& event : batch.events) {
        insert_event(database, drill, std::move(event), request.lease.epoch, last);
    }
    if (!states.empty() && is_terminal(state)) {
        row.ended = batch.ended_at.value_or(request.now.wall);
        end_row(database, drill, state, *row.ended);
    } else if (!states.empty()) {
        database.query("UPDATE drills SET state = ? WHERE id = ?").with(to_string(state), drill.text()).run();
    }
    if (batch.result) {
        if (!row.ended || row.has_result) {
            throw rejected(FailureKind::invalid_input, drill,
                           row.ended ? "the drill has its result already" : "a result comes with the verdict",
                           "report this as a defect of rehearse");
        }
        insert_result(database, drill, state, *row.ended, *batch.result);
    }
    return last.sequence;
}

std::vector<DrillRecord> read_drills(Database& database, const DrillFilter& filter) {
    auto rows = database.query(
        "SELECT * FROM drill_records WHERE (?1 = '' OR environment = ?1) AND (?2 = '' OR playbook = ?2) AND "
        "started_ns >= ?3 ORDER BY started_ns DESC, id DESC LIMIT ?4");
    rows.with(filter.environment.text(), filter.playbook.text(),
              filter.since ? filter.since->since_epoch : Duration::min(),
              filter.limit == 0 ? std::int64_t{-1} : static_cast<std::int64_t>(filter.limit));
    return records_of(database, rows);
}

std::vector<DrillRecord> read_unfinished(Database& database) {
    auto rows = database.query("SELECT * FROM drill_records WHERE verdict IS NULL ORDER BY started_ns, id");
    return records_of(database, rows);
}

std::optional<DrillRecord> read_drill(Database& database, const DrillId& id) {
    if (id.empty()) return std::nullopt;
    {
        auto row = database.query("SELECT * FROM drill_records WHERE id = ?");
        if (row.with(id.text()).next()) return stored(database, [&] { return record_of(database, row); });
    }
    auto rows = database.query(
        "SELECT * FROM drill_records WHERE substr(id, 1, length(?1)) = ?1 ORDER BY id DESC LIMIT 2");
    auto found = records_of(database, rows.with(id.text()));
    if (found.empty()) return std::nullopt;
    if (found.size() > 1) {
        throw Failure({.kind = FailureKind::invalid_input,
                       .operation = "find drill",
                       .object = id.text(),
                       .native_code = {},
                       .message = "several drills begin so, among them " + found[0].id.text() + " and " +
                                  found[1].id.text(),
                       .remedy = "write more of the id; 'rehearse history' lists them"});
    }
    return std::move(found.front());
}

std::vector<DrillEvent> read_events(Database& database, const DrillId& id) {
    std::vector<DrillEvent> events;
    std::string previous;
    auto row = database.query(
        "SELECT sequence, epoch, kind, steady_ns, wall_ns, boot, body, seal FROM drill_events WHERE drill = "
        "? "
        "ORDER BY sequence");
    row.with(id.text());
    while (row.next()) {
        DrillEvent event{.sequence = static_cast<std::uint64_t>(row.integer(0)),
                         .epoch = static_cast<Epoch>(row.integer(1)),
                         .kind = stored(database, [&] { return event_kind_from(row.text(2)); }),
                         .steady = {Duration(row.integer(3))},
                         .wall = {Duration(row.integer(4))},
                         .boot = row.text(5),
                         .body = row.object(6)};
        const std::string name = "event " + std::to_string(event.sequence) + " of the drill " + id.text();
        if (event.sequence != events.size() + 1) throw database.damaged("before " + name + " there is a gap");
        if (row.text(7) != event_seal(id, event, row.text(6), previous)) {
            throw database.damaged(name + " does not match its seal: it was changed");
        }
        previous = row.text(7);
        events.push_back(std::move(event));
    }
    // A damaged inner page hides a journal's end from a search that comes from its beginning.
    if (const Link last = last_link(database, id); last.sequence != events.size()) {
        throw database.damaged("of the drill " + id.text() + " only " + std::to_string(events.size()) +
                               " of " + std::to_string(last.sequence) + " events can be found");
    }
    return events;
}

}  // namespace rehearse
