// The drill's states and the one table of legal transitions.
#include "orchestrator/model/drill.h"

#include <algorithm>
#include <array>
#include <utility>

#include "orchestrator/base/failure.h"

namespace rehearse {

namespace {

using State = DrillState;

constexpr std::array<std::pair<State, std::string_view>, 18> state_names{{
    {State::planned, "planned"},
    {State::approved, "approved"},
    {State::leased, "leased"},
    {State::snapshotting, "snapshotting"},
    {State::proven, "proven"},
    {State::armed, "armed"},
    {State::destroying, "destroying"},
    {State::changing, "changing"},
    {State::rolling_back, "rolling_back"},
    {State::restoring, "restoring"},
    {State::verifying, "verifying"},
    {State::recovered, "recovered"},
    {State::recovered_late, "recovered_late"},
    {State::recovered_different, "recovered_different"},
    {State::inconclusive, "inconclusive"},
    {State::not_recovered, "not_recovered"},
    {State::refused, "refused"},
    {State::aborted, "aborted"},
}};

constexpr std::array<std::pair<Verdict, std::string_view>, 7> verdict_names{{
    {Verdict::recovered, "recovered"},
    {Verdict::recovered_late, "recovered_late"},
    {Verdict::recovered_different, "recovered_different"},
    {Verdict::inconclusive, "inconclusive"},
    {Verdict::refused, "refused"},
    {Verdict::aborted, "aborted"},
    {Verdict::not_recovered, "not_recovered"},
}};

constexpr std::array<std::pair<EventKind, std::string_view>, 9> event_names{{
    {EventKind::state, "state"},
    {EventKind::step_intent, "step_intent"},
    {EventKind::step_outcome, "step_outcome"},
    {EventKind::clock, "clock"},
    {EventKind::probe, "probe"},
    {EventKind::guard, "guard"},
    {EventKind::snapshot, "snapshot"},
    {EventKind::finding, "finding"},
    {EventKind::note, "note"},
}};

template <class Value, std::size_t Size>
std::string_view name_of(const std::array<std::pair<Value, std::string_view>, Size>& names, Value value) {
    for (const auto& [known, name] : names) {
        if (known == value) return name;
    }
    return "unknown";
}

template <class Value, std::size_t Size>
Value value_of(const std::array<std::pair<Value, std::string_view>, Size>& names, std::string_view text,
               const char* what) {
    for (const auto& [value, name] : names) {
        if (name == text) return value;
    }
    throw Failure(
        {.kind = FailureKind::invalid_input,
         .operation = "read ledger",
         .object = std::string(text),
         .native_code = {},
         .message = std::string("no such ") + what,
         .remedy =
             "the ledger was written by a newer version of rehearse, or is damaged: run 'rehearse doctor'"});
}

}  // namespace

std::string_view to_string(DrillState state) { return name_of(state_names, state); }
DrillState drill_state_from(std::string_view text) { return value_of(state_names, text, "drill state"); }
std::string_view to_string(Verdict verdict) { return name_of(verdict_names, verdict); }
Verdict verdict_from(std::string_view text) { return value_of(verdict_names, text, "verdict"); }
std::string_view to_string(EventKind kind) { return name_of(event_names, kind); }
EventKind event_kind_from(std::string_view text) { return value_of(event_names, text, "kind of event"); }

bool is_terminal(DrillState state) {
    switch (state) {
        case State::recovered:
        case State::recovered_late:
        case State::recovered_different:
        case State::inconclusive:
        case State::not_recovered:
        case State::refused:
        case State::aborted:
            return true;
        default:
            return false;
    }
}

bool may_be_damaged(DrillState state) {
    switch (state) {
        case State::destroying:
        case State::changing:
        case State::rolling_back:
        case State::restoring:
        case State::verifying:
            return true;
        default:
            return false;
    }
}

bool may_follow(DrillState from, DrillState to) {
    const auto one_of = [to](std::initializer_list<State> states) {
        return std::find(states.begin(), states.end(), to) != states.end();
    };
    switch (from) {
        // Before anything was touched, a drill may be refused or aborted at any time.
        case State::planned:
            return one_of({State::approved, State::refused, State::aborted});
        case State::approved:
            return one_of({State::leased, State::refused, State::aborted});
        case State::leased:
            return one_of({State::snapshotting, State::refused, State::aborted});
        // A before_snapshot hook that fails counts as possible damage: straight to not_recovered.
        case State::snapshotting:
            return one_of({State::proven, State::refused, State::aborted, State::not_recovered});
        case State::proven:
            return one_of({State::armed, State::refused, State::aborted});
        case State::armed:
            return one_of({State::destroying, State::changing, State::refused, State::aborted});
        // From here on every way leads through restoring.
        case State::destroying:
            return one_of({State::restoring});
        case State::changing:
            return one_of({State::rolling_back, State::restoring});
        case State::rolling_back:
            return one_of({State::restoring});
        case State::restoring:
            return one_of({State::verifying, State::not_recovered});
        case State::verifying:
            return one_of({State::restoring, State::recovered, State::recovered_late,
                           State::recovered_different, State::inconclusive, State::not_recovered,
                           State::aborted});
        default:
            return false;
    }
}

int exit_code(Verdict verdict) {
    switch (verdict) {
        case Verdict::recovered:
            return 0;
        case Verdict::refused:
            return 3;
        case Verdict::not_recovered:
            return 4;
        case Verdict::recovered_late:
        case Verdict::recovered_different:
        case Verdict::inconclusive:
        case Verdict::aborted:
            return 1;
    }
    return 5;
}

std::string_view to_string(ActorKind kind) { return kind == ActorKind::automation ? "automation" : "person"; }

}  // namespace rehearse
