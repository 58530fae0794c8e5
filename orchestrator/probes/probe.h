// One try of one probe: HTTP, TCP, SQL (through an adapter's query) or a command, judged by its tolerance.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "orchestrator/base/clock.h"
#include "orchestrator/model/environment.h"

namespace rehearse {

struct ProbeTry {
    bool passed = false;
    SteadyTime began{}, ended{};
    std::string detail{};  // "HTTP 200 in 0.4 ms", "connection refused"; no secrets
    Duration cost{};       // of this machine's CPU, about; spacing adaptive tries goes by it
};

/// Answers a SQL probe: resource, query, timeout -> one value. Throws Failure.
using QueryFunction = std::function<std::string(const ResourceName&, const std::string&, Duration)>;

/// One probe, ready to be tried again and again from one thread at a time; keeps nothing between tries that
/// could hide an outage (a new connection for each try). Never throws for a failed try: the reason is the
/// detail.
class Probe {
  public:
    virtual ~Probe() = default;
    [[nodiscard]] virtual ProbeTry run() = 0;
};

/// `clock` and what `query` refers to outlive the probe. A probe may be made several times, to have tries
/// overlap.
[[nodiscard]] std::unique_ptr<Probe> make_probe(const ProbeSpec& spec, const Clock& clock,
                                                QueryFunction query);

}  // namespace rehearse
