// Tries probes from the damage on, each at its interval, without waiting for one that hangs, and tells when
// the outage was first seen and when the service served again.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "orchestrator/base/clock.h"
#include "orchestrator/base/sleeper.h"
#include "orchestrator/base/task.h"
#include "orchestrator/probes/probe.h"
#include "orchestrator/probes/serving.h"

namespace rehearse {

using ProbeFactory = std::function<std::unique_ptr<Probe>(const ProbeSpec&)>;

/// Told when a probe begins to pass or to fail, once per change, in order of the tries' starts.
using TransitionObserver = std::function<void(const std::string& probe, const ProbeTry& attempt)>;

/// What the prober needs; all of it outlives the prober. A try that hangs holds a worker until its time
/// limit: give the prober workers of its own (up to most_hanging for each probe), or hanging probes keep
/// restores waiting.
struct ProberSurroundings {
    const Clock& clock;
    Sleeper& sleeper;
    Workers& workers;
    ProbeFactory make;  // make_probe, or the simulation's
    TransitionObserver observer = {};
};

struct DetectedResult {
    std::string probe{};
    ProbeTry attempt{};  // began after the damage; `ended` is when the outage was known
};

/// When all probes passed again: the true instant lies between the two.
struct ServingResult {
    SteadyTime earliest{}, latest{};
    std::string slowest_probe{};
};

/// Used on one executor's thread. Needs start(); a prober that was started needs stop() before it goes.
class Prober {
  public:
    Prober(std::vector<ProbeSpec> probes, ProberSurroundings surroundings);
    Prober(const Prober&) = delete;
    Prober& operator=(const Prober&) = delete;
    ~Prober();

    /// Starts to try all probes. Of the tries begun since `damage_began`, the first that fails is `detected`.
    void start(const boost::asio::any_io_executor& executor, SteadyTime damage_began);

    /// The failed try that was the first to end, of those begun since the damage. None: not seen (so far).
    [[nodiscard]] std::optional<DetectedResult> detected() const;

    /// Waits until every probe passed `consecutive` times in a row, in tries begun at or after `restored`
    /// (call it right after that instant). None where that was not so until `give_up_at`, or the prober was
    /// stopped. A second call starts over. Rules: serving.h.
    [[nodiscard]] Task<std::optional<ServingResult>> serving(SteadyTime restored, int consecutive,
                                                             SteadyTime give_up_at);

    /// The newest try of each probe that has ended, by name; none yet: absent.
    [[nodiscard]] std::vector<std::pair<std::string, ProbeTry>> latest() const;

    /// Tries every probe once, all at a time, each with its own time limit, `timeout` at most. In the order
    /// of the probes. Needs no start().
    [[nodiscard]] Task<std::vector<std::pair<std::string, ProbeTry>>> once_all(Duration timeout);

    /// Starts no more tries, and waits for those that run: up to the longest time limit of a probe.
    [[nodiscard]] Task<void> stop();

  private:
    struct State;
    std::shared_ptr<State> state_;
};

}  // namespace rehearse
