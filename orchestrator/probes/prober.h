// The prober: tries all probes of a steady state again and again while something is broken, and says when service came back.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "orchestrator/base/clock.h"
#include "orchestrator/base/sleeper.h"
#include "orchestrator/base/task.h"
#include "orchestrator/probes/probe.h"

namespace rehearse {

/// Makes a probe that can be tried; `make_probe` in reality.
using ProbeMaker = std::function<std::unique_ptr<Probe>(const ProbeSpec&, const Clock&, QueryFunction)>;

struct ProberSettings {
    std::vector<ProbeSpec> probes;
    const Clock& clock;
    Sleeper& sleeper;
    Workers& workers;
    ProbeMaker make;
    QueryFunction query;
    /// Told, on the prober's own thread, of a probe's first try and of each change between passing and failing.
    std::function<void(const std::string& probe, const ProbeTry& result)> on_change;
};

/// When service came back: between `earliest` (start of the last failed try, or the asked instant) and `latest` (end of
/// the first of N consecutive passing tries), over all probes.
struct Serving {
    SteadyTime earliest, latest;
    std::string probe;  // the one that was last to pass
};

struct ProbeAnswer {
    std::string probe;
    ProbeTry result;
};

/// One thread (an io_context's); the tries themselves run on workers. stop() must be awaited before it is destroyed.
class Prober {
  public:
    explicit Prober(ProberSettings settings);
    ~Prober();
    Prober(Prober&&) noexcept;

    /// Begins trying; nothing where it already began. The first failing try after this is the detection.
    void start(const boost::asio::any_io_executor& executor);
    /// Each probe once, now, all at the same time; works without start(). In the probes' order.
    [[nodiscard]] Task<std::vector<ProbeAnswer>> once_all();
    /// Waits until every probe has passed `consecutive` times in a row in tries begun after `after`; none when `give_up` comes first.
    [[nodiscard]] Task<std::optional<Serving>> serving(SteadyTime after, int consecutive, SteadyTime give_up);
    /// End of the first failing try begun after start(); none where all passed.
    [[nodiscard]] std::optional<SteadyTime> detected() const;
    /// Ends trying and waits for tries that are under way (each has its time-out). Nothing where it did not begin.
    [[nodiscard]] Task<void> stop();

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace rehearse
