// What people read on a terminal: a drill, a plan, the history, a diff, the guard's refusals. Plain text in
// aligned columns; colour only where asked. Every name in it is made printable, so that none can move the
// cursor.
#pragma once

#include <string>
#include <vector>

#include "orchestrator/base/json.h"
#include "orchestrator/model/drill.h"

namespace rehearse {

/// How much is written. Zero means all.
struct TextLimits {
    std::size_t differences = 40;  // of a drill or a diff
    std::size_t steps = 40;        // of a drill's time line
};

/// A drill, from its result (schema rehearse.drill/v1): verdict, figures against targets, time line,
/// findings.
[[nodiscard]] std::string drill_text(const json::object& result, bool colour, TextLimits limits = {});
/// A drill from the ledger: one that has not ended is shown as such.
[[nodiscard]] std::string drill_text(const DrillRecord& drill, bool colour, TextLimits limits = {});
/// One line for each drill, in the order given.
[[nodiscard]] std::string history_text(const std::vector<DrillRecord>& drills, bool colour);
/// A plan, from its view (schema rehearse.plan_view/v1): what would be destroyed, the way back, the guard.
/// `items` are shown of each step, and the rest is counted; 0: all.
[[nodiscard]] std::string plan_text(const json::object& plan_view, bool colour, std::size_t items = 40);
/// {"before", "after": texts, or objects with "commit" and "at"; "differences": [{resource, kind, path,
/// detail}], "differences_total"}.
[[nodiscard]] std::string diff_text(const json::object& diff, bool colour, TextLimits limits = {});
/// The interlocks that refused ({interlock, passed, saw, reason, remedy}), each with what to do; empty: none
/// did.
[[nodiscard]] std::string refusal_text(const json::array& interlocks, bool colour);

}  // namespace rehearse
