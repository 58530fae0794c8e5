// Adding up, and the table.
#include "tests/simulation/counters.h"

#include <iomanip>
#include <sstream>

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

}  // namespace

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
    constexpr std::size_t first = 1, last = static_cast<std::size_t>(DrillState::verifying);
    for (std::size_t state = first; state <= last; ++state) {
        text << std::setw(13) << to_string(static_cast<DrillState>(state));
    }
    text << "\n";
    for (int fault = 0; fault < fault_kinds - 1; ++fault) {
        text << std::left << std::setw(20) << to_string(static_cast<Fault>(fault)) << std::right;
        for (std::size_t state = first; state <= last; ++state) {
            text << std::setw(13) << struck[state][static_cast<std::size_t>(fault)];
        }
        text << "\n";
    }
    for (std::size_t loss = 0; loss < 3; ++loss) {
        text << std::left << std::setw(20) << "crash, loss " + std::string(to_string(static_cast<Loss>(loss)))
             << std::right;
        for (std::size_t state = first; state <= last; ++state) text << std::setw(13) << crashed[state][loss];
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
