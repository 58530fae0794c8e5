// A drill's time line: the span it covers, and the steps worth a line of it.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "orchestrator/report/drill_view.h"

namespace rehearse {

struct TimeAxis {
    std::int64_t from = 0, to = 0;                       // ms, as the drill's spans count them
    std::optional<std::int64_t> outage_from, outage_to;  // damage began, serving again

    /// Where an instant lies, in thousandths of the axis.
    [[nodiscard]] double permille(std::int64_t instant) const;
};

[[nodiscard]] TimeAxis time_axis(const DrillView& drill);
/// All steps, in order; of more than `most` those that failed, those of the critical path, and the longest.
[[nodiscard]] std::vector<const Span*> steps_worth_showing(const DrillView& drill, std::size_t most);

}  // namespace rehearse
