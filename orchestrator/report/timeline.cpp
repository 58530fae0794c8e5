// A drill's time line; see timeline.h.
#include "orchestrator/report/timeline.h"

#include <algorithm>

namespace rehearse {

double TimeAxis::permille(std::int64_t instant) const {
    return 1000.0 * static_cast<double>(instant - from) /
           static_cast<double>(std::max<std::int64_t>(to - from, 1));
}

TimeAxis time_axis(const DrillView& drill) {
    TimeAxis axis;
    std::optional<std::int64_t> from, to;
    const auto include = [&from, &to](std::optional<std::int64_t> instant) {
        if (!instant) return;
        from = std::min(from.value_or(*instant), *instant);
        to = std::max(to.value_or(*instant), *instant);
    };
    for (const std::vector<Span>* spans : {&drill.phases, &drill.steps}) {
        for (const Span& span : *spans) {
            include(span.began_ms);
            include(span.ended_ms);
        }
    }
    for (const ClockReading& clock : drill.clocks) {
        include(clock.at_ms);
        if (clock.name == "damage_began") axis.outage_from = clock.at_ms;
        if (clock.name == "serving") axis.outage_to = clock.at_ms;
    }
    axis.from = from.value_or(0);
    axis.to = to.value_or(0);
    return axis;
}

std::vector<const Span*> steps_worth_showing(const DrillView& drill, std::size_t most) {
    std::vector<const Span*> steps;
    for (const Span& step : drill.steps) steps.push_back(&step);
    if (steps.size() <= most) return steps;
    const auto weight = [](const Span* step) {
        std::int64_t took = step->began_ms && step->ended_ms ? *step->ended_ms - *step->began_ms : 0;
        if (step->critical) took += std::int64_t{1} << 40U;
        if (step->outcome != "done") took += std::int64_t{1} << 41U;
        return took;
    };
    std::stable_sort(steps.begin(), steps.end(),
                     [&weight](const Span* a, const Span* b) { return weight(a) > weight(b); });
    steps.resize(most);
    std::sort(steps.begin(), steps.end());  // back in the drill's order: they point into one vector
    return steps;
}

}  // namespace rehearse
