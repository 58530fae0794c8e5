// When a service serves again, as an interval, from the tries of its probes. Pure: no I/O, no clock.
//
// Tries are ordered by their start, whatever the order in which they end. Only tries begun at or after the
// restored instant count. Serving is decided by N passing tries in a row after the last failed one:
// - `earliest` is the start of that failed try, or the restored instant where none failed since;
// - `latest` is the first end of those N tries: by then the service had answered one.
// A try that still hangs counts as neither until it ends. Where it began between the N passing ones, they are
// not yet "in a row": the decision waits until it ends. Where it began before the first of them, it does not
// hold the decision up.
// A service that hangs instead of refusing answers all waiting tries when it comes back, each a pass, though
// the last failed one may be a whole time limit old. So a try that was kept waiting for `kept_waiting` or
// longer when the first answer came, counts as failed at its start, where tries begun after that answer took
// less than a tenth of it: a service that served would have answered it, too. Where such tries are among the
// N, the decision waits for one passing try begun after the first answer. Where it was the prober that stood
// still (SIGSTOP, a machine that slept), how long a try waited says nothing of the service.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "orchestrator/base/clock.h"

namespace rehearse {

enum class TryOutcome { hanging, passed, failed };

struct TryRecord {
    SteadyTime began{};
    SteadyTime ended{};  // of one that hangs: nothing
    TryOutcome outcome = TryOutcome::hanging;
    bool stalled = false;  // the prober stood still while it ran
};

/// The true instant lies in [earliest, latest].
struct ServingInterval {
    SteadyTime earliest{};
    SteadyTime latest{};
    bool operator==(const ServingInterval&) const = default;
};

inline constexpr Duration kept_waiting = std::chrono::seconds(1);  // no busy machine pauses a server so long

/// The interval by the rules above, or none as long as it is not decided. `tries` in any order.
[[nodiscard]] std::optional<ServingInterval> serving_interval(std::span<const TryRecord> tries,
                                                              SteadyTime restored, int consecutive);

/// The interval of several probes, all of which must pass: the latest of each bound. None where one has none.
[[nodiscard]] std::optional<ServingInterval> combine(
    std::span<const std::optional<ServingInterval>> intervals);

/// The same rules over tries as they come, in bounded memory: what can't matter any more is forgotten. A
/// failed try takes an earlier decision back, so that several probes are decided by their state at one time.
class ServingJudge {
  public:
    ServingJudge(SteadyTime restored, int consecutive);

    /// Returns the number to end it by. Tries begun before the restored instant are not kept.
    std::uint64_t start(SteadyTime began);
    void end(std::uint64_t number, SteadyTime began, SteadyTime ended, bool passed);
    /// The prober stood still until now: tries that have not ended were kept waiting by itself.
    void stall();
    [[nodiscard]] std::optional<ServingInterval> interval() const;
    [[nodiscard]] std::size_t kept() const { return tries_.size(); }

  private:
    struct Numbered {
        std::uint64_t number = 0;
        TryRecord record{};
    };
    void forget();

    SteadyTime restored_;
    int consecutive_;
    std::uint64_t next_ = 1;
    std::vector<Numbered> tries_;
};

}  // namespace rehearse
