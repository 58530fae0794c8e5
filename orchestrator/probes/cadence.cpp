// The numbers behind spacing().
#include "orchestrator/probes/cadence.h"

#include <algorithm>
#include <cstdint>

namespace rehearse {

namespace {

using namespace std::chrono_literals;

constexpr Duration measuring_floor = 1500us;
constexpr Duration watching_floor = 10ms;
constexpr Duration waiting_spacing = 100ms;
constexpr Duration decided_spacing = 35ms;
constexpr Duration geometric_from = 10s;
constexpr std::int64_t geometric_part = 200;  // 0.5 %
constexpr std::int64_t cost_factor = 20;      // 5 % of a core
constexpr Duration handing_over = 30us;       // to a worker and back, beside the try itself
constexpr std::size_t usual_hanging = 2;      // a try may well outlast a spacing

}  // namespace

Duration spacing(const CadenceInput& input) {
    Duration wanted{};
    if (input.interval) {
        wanted = *input.interval;
    } else {
        switch (input.phase) {
            case ProberPhase::watching:
                wanted = watching_floor;
                break;
            case ProberPhase::waiting:
                wanted = waiting_spacing;
                break;
            case ProberPhase::measuring:
                wanted = input.decided ? decided_spacing : measuring_floor;
                break;
        }
        if (input.elapsed >= geometric_from) wanted = std::max(wanted, input.elapsed / geometric_part);
        const auto sharing = static_cast<std::int64_t>(std::max<std::size_t>(input.probes, 1));
        wanted = std::max(wanted, (input.cost + handing_over) * cost_factor * sharing);
    }
    // Doubles with each that hangs, until so many at a time last for the whole time limit.
    const Duration slowest = std::max(wanted, input.timeout / static_cast<std::int64_t>(most_hanging));
    for (std::size_t i = usual_hanging; i < input.hanging && wanted < slowest; ++i) wanted *= 2;
    return std::clamp(wanted, Duration(100us), std::max(slowest, Duration(100us)));
}

}  // namespace rehearse
