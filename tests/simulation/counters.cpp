// Adding up, and the table.
#include "tests/simulation/counters.h"

#include <algorithm>
#include <initializer_list>
#include <iomanip>
#include <sstream>
#include <vector>

namespace rehearse::simulation {

namespace {

template <class Visit>
void each(Counters& counters, Visit visit) {
    for (auto& row : counters.struck) {
        for (auto& cell : row) visit(cell);
    }
    for (auto& row : counters.crashed) {
        for (auto& cell : row) visit(cell);
    }
    for (auto& cell : counters.verdicts) visit(cell);
    for (auto* cell : {&counters.runs, &counters.drills, &counters.reboots, &counters.takeovers,
                       &counters.changes, &counters.exempt, &counters.perturbations}) {
        visit(*cell);
    }
}

constexpr std::size_t first_state = static_cast<std::size_t>(DrillState::approved);
constexpr std::size_t last_state = static_cast<std::size_t>(DrillState::verifying);

/// Where a fault can't meet the drill, and why. A second orchestrator that plans meanwhile may meet it there
/// all the same. What is not in here can strike in every state.
struct Elsewhere {
    std::vector<Fault> faults;
    std::vector<DrillState> states;
    const char* reason;
};

const std::vector<Elsewhere>& elsewhere() {
    using State = DrillState;
    using F = Fault;
    static const std::vector<Elsewhere> all{
        {{F::fail_before, F::throttling, F::permission, F::timeout_after, F::partial, F::late_delivery,
          F::stale_read, F::probe_lies, F::probe_flaps, F::hook_fails, F::store_fails},
         {State::approved, State::armed},
         "only the journal is written"},
        {{F::fail_before, F::throttling, F::permission, F::timeout_after, F::partial, F::late_delivery,
          F::stale_read, F::store_fails},
         {State::changing},
         "the release is a command: no adapter is called, and nothing is captured"},
        {{F::permission, F::timeout_after, F::partial, F::late_delivery},
         {State::snapshotting, State::proven, State::rolling_back},
         "no adapter is asked for an effect"},
        {{F::partial, F::late_delivery}, {State::leased}, "a marker is written as a whole, and read back"},
        {{F::stale_read}, {State::leased, State::restoring}, "no adapter is asked what is there"},
        {{F::probe_lies, F::probe_flaps}, {State::leased, State::snapshotting}, "nothing is probed"},
        {{F::store_fails},
         {State::leased, State::proven, State::destroying, State::restoring},
         "the store is not written to"},
        {{F::hook_fails}, {State::leased, State::proven, State::verifying}, "no hook runs"},
        {{F::alarm_fails},
         {State::approved, State::leased, State::proven, State::armed},
         "the drill has touched nothing: it is aborted, and nobody is called"},
    };
    return all;
}

bool can_meet(DrillState state, Fault fault) {
    const auto holds = [](const auto& list, auto one) {
        return std::find(list.begin(), list.end(), one) != list.end();
    };
    return std::none_of(elsewhere().begin(), elsewhere().end(), [&](const Elsewhere& one) {
        return holds(one.faults, fault) && holds(one.states, state);
    });
}

}  // namespace

std::string Counters::never_met() const {
    std::string text;
    const auto tell = [&](std::string_view fault, DrillState state) {
        text += "NEVER MET: " + std::string(fault) + " in state " + std::string(to_string(state)) + "\n";
    };
    for (std::size_t at = first_state; at <= last_state; ++at) {
        const auto state = static_cast<DrillState>(at);
        for (int kind = 0; kind < fault_kinds - 1; ++kind) {
            const auto fault = static_cast<Fault>(kind);
            if (struck[at][static_cast<std::size_t>(kind)] == 0 && can_meet(state, fault))
                tell(to_string(fault), state);
        }
        for (std::size_t loss = 0; loss < 3; ++loss) {
            if (crashed[at][loss] == 0)
                tell("a crash with loss " + std::string(to_string(static_cast<Loss>(loss))), state);
        }
    }
    return text;
}

std::string Counters::line() const {
    Counters copy = *this;
    std::ostringstream text;
    each(copy, [&](std::uint64_t cell) { text << cell << ' '; });
    return text.str();
}

Counters Counters::from_line(const std::string& line) {
    Counters counters;
    std::istringstream text(line);
    each(counters, [&](std::uint64_t& cell) { text >> cell; });
    return counters;
}

void Counters::add(const Counters& other) {
    std::istringstream text(other.line());
    each(*this, [&](std::uint64_t& cell) {
        std::uint64_t more = 0;
        text >> more;
        cell += more;
    });
}

std::string Counters::table() const {
    std::ostringstream text;
    text << "fault \\ state       ";
    for (std::size_t state = first_state; state <= last_state; ++state) {
        text << std::setw(13) << to_string(static_cast<DrillState>(state));
    }
    text << "\n";
    for (int fault = 0; fault < fault_kinds - 1; ++fault) {
        text << std::left << std::setw(20) << to_string(static_cast<Fault>(fault)) << std::right;
        for (std::size_t state = first_state; state <= last_state; ++state) {
            const std::uint64_t times = struck[state][static_cast<std::size_t>(fault)];
            const bool blank =
                times == 0 && !can_meet(static_cast<DrillState>(state), static_cast<Fault>(fault));
            text << std::setw(13) << (blank ? "-" : std::to_string(times));
        }
        text << "\n";
    }
    for (std::size_t loss = 0; loss < 3; ++loss) {
        text << std::left << std::setw(20) << "crash, loss " + std::string(to_string(static_cast<Loss>(loss)))
             << std::right;
        for (std::size_t state = first_state; state <= last_state; ++state)
            text << std::setw(13) << crashed[state][loss];
        text << "\n";
    }
    text << "verdicts:";
    for (std::size_t verdict = 0; verdict < verdicts.size(); ++verdict) {
        text << " " << to_string(static_cast<Verdict>(verdict)) << " " << verdicts[verdict];
    }
    text << "\nruns " << runs << ", drills " << drills << ", reboots " << reboots << ", takeovers "
         << takeovers << ", changes to disks and providers " << changes
         << ", resources changed by others after their proof " << exempt
         << ", items broken to check the verifier " << perturbations << "\n";
    return text.str();
}

}  // namespace rehearse::simulation
