// A drill's life: its states, the events that its journal holds, and the one function that says which state
// may follow.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/base/clock.h"
#include "orchestrator/base/ids.h"
#include "orchestrator/base/json.h"
#include "orchestrator/model/playbook.h"

namespace rehearse {

enum class DrillState {
    planned,
    approved,
    leased,
    snapshotting,
    proven,
    armed,
    destroying,
    changing,
    rolling_back,
    restoring,
    verifying,
    recovered,
    recovered_late,
    recovered_different,
    inconclusive,
    not_recovered,
    refused,
    aborted,
};
[[nodiscard]] std::string_view to_string(DrillState state);
[[nodiscard]] DrillState drill_state_from(std::string_view text);
[[nodiscard]] bool is_terminal(DrillState state);
/// From this state on the environment may be damaged, so that a crash must be followed by a restore.
[[nodiscard]] bool may_be_damaged(DrillState state);
/// True where the journal may go from `from` to `to`. Every legal transition stands here and nowhere else.
[[nodiscard]] bool may_follow(DrillState from, DrillState to);

enum class Verdict {
    recovered,
    recovered_late,
    recovered_different,
    inconclusive,
    refused,
    aborted,
    not_recovered,
};
[[nodiscard]] std::string_view to_string(Verdict verdict);
[[nodiscard]] Verdict verdict_from(std::string_view text);
/// The process exit code of design.md, section 5.
[[nodiscard]] int exit_code(Verdict verdict);

enum class EventKind {
    state,         // {"state": "..."}
    step_intent,   // {"step","stage","operation","resource","key",...}: committed before the effect
    step_outcome,  // {"step","outcome":"done|failed|cancelled|unknown",...}
    clock,         // {"clock":"damage_began",...}: the event's own instants are the reading
    probe,         // {"probe","passed","from_ms","to_ms","detail"}: transitions only
    guard,         // {"interlock","passed","saw","reason","remedy"}
    snapshot,      // {"role":"before|after","commit","tree","proof",...}
    finding,       // {"text","severity"}
    note,          // anything else worth keeping: {"text"}
};
[[nodiscard]] std::string_view to_string(EventKind kind);
[[nodiscard]] EventKind event_kind_from(std::string_view text);

struct DrillEvent {
    std::uint64_t sequence = 0;  // 1, 2, 3 ... within the drill; given by the ledger
    Epoch epoch = 0;             // given by the ledger
    EventKind kind = EventKind::note;
    SteadyTime steady{};
    WallTime wall{};
    std::string boot{};  // whose steady clock it was
    json::object body{};
};

enum class ActorKind { person, automation };
[[nodiscard]] std::string_view to_string(ActorKind kind);
struct Actor {
    std::string name{};
    ActorKind kind = ActorKind::person;
};

/// A row of the ledger's drills.
struct DrillRecord {
    DrillId id{};
    EnvironmentName environment{};
    PlaybookName playbook{};
    DrillKind kind = DrillKind::disaster;
    DrillState state = DrillState::planned;
    std::optional<Verdict> verdict{};
    PlanHash plan_hash{};
    std::string plan{};     // canonical JSON
    std::string release{};  // id given by --release; empty: none
    Actor actor{};
    std::string host{};
    json::object versions{};  // "rehearse", "libgit2", "kernel", ...
    WallTime started_at{};
    std::optional<WallTime> ended_at{};
    json::object result{};  // rehearse.drill/v1, once terminal
};

}  // namespace rehearse
