// What one simulated run does, expanded from its seed; printed where it fails, so that a person sees what
// was at work.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/model/drill.h"
#include "tests/simulation/disk.h"

namespace rehearse::simulation {

/// The shapes of drill that are enumerated; a seed draws one of the first six.
enum class Shape { one, chain, fan, half_destroy, failing_hook, rollback, half_destroy_of_four };
inline constexpr int shapes = 7, drawn_shapes = 6;
[[nodiscard]] std::string_view to_string(Shape shape);

/// Things that go wrong. Each is switched on per seed.
enum class Fault {
    fail_before,          // a call fails, nothing was done
    timeout_after,        // a call has its effect, its answer is lost
    late_delivery,        // a destroy or a restore times out, and its effect comes later
    partial,              // a call fails half-way
    permission,           // a call is refused from now on, for a while
    throttling,           // calls fail for a while, each with "try again"
    stale_read,           // observe and identify tell what was there a moment ago
    neighbour,            // somebody else changes an item
    probe_lies,           // a probe passes though nothing serves
    probe_flaps,          // a probe fails though all is well
    wall_step,            // the wall clock jumps
    wall_drift,           // the wall clock runs faster or slower from now on
    steady_drift,         // the steady clock does
    disk_full,            // the ledger's disk has no room for a while
    sync_fails,           // fsync says no
    store_fails,          // the snapshot store can't write for a while
    read_fails,           // the ledger's disk or the snapshot store can't be read
    hook_fails,           // a command of the playbook fails
    alarm_fails,          // the alarm can't be delivered
    second_orchestrator,  // another process resumes, or starts the same drill
    pause,                // SIGSTOP, longer than the lease or not
    stop_signal,          // SIGTERM
    halt,                 // the kill switch
    crash,                // the process dies, or the machine
};
inline constexpr int fault_kinds = 24;
[[nodiscard]] std::string_view to_string(Fault fault);

struct Crash {
    std::uint64_t at =
        0;  // before this change to disks and providers, counted from 1 (from Options::state on)
    Loss loss = Loss::none;
};

struct Options {
    std::uint64_t seed = 0;
    Shape shape = Shape::one;
    int failing_stage = 0;         // of shape failing_hook: which of the five hooks
    bool checks_verifier = false;  // one item of each resource is broken once more after a pass
    std::vector<Crash> crashes{};  // the first in the drill, each other one counted from the reboot on
    std::uint64_t faults = 0;      // a bit for each Fault
    std::uint64_t rate = 0;        // a fault once in so many chances
    /// What strikes once, and the first crash, wait for the drill to enter this state.
    std::optional<DrillState> state{};
    bool trace = false;  // tells everything that happens on stderr
    bool heal = true;    // liveness mode: faults stop after a while, and all must come to an end

    [[nodiscard]] bool has(Fault fault) const { return (faults >> static_cast<unsigned>(fault) & 1U) != 0; }
};

/// Everything about a seed's run.
[[nodiscard]] Options options_of(std::uint64_t seed);
/// One line for a person.
[[nodiscard]] std::string describe(const Options& options);
/// The one command that runs it again.
[[nodiscard]] std::string replay_command(const Options& options);

}  // namespace rehearse::simulation
