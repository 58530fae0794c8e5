// A drill's journal: from events to clocks, verdict, document and the page that shows it. The plan in the
// first line, an event in each other one: {"kind", "steady_ns", "wall_ns", "boot", "body"}.
#include "orchestrator/drill/measure.h"
#include "orchestrator/report/drill_view.h"
#include "orchestrator/report/report.h"
#include "tests/fuzz/fuzz.h"

using namespace rehearse;
using namespace rehearse::fuzz;

namespace {

DrillEvent event_from(std::string_view line, std::uint64_t sequence) {
    const json::value value = parse_json(line, "event");
    if (!value.is_object()) return {};
    const json::object& object = value.get_object();
    return {.sequence = sequence,
            .epoch = 1,
            .kind = event_kind_from(text_at(object, "kind", "event")),
            .steady = instant_at(object, "steady_ns").value_or(SteadyTime{}),
            .wall = {Duration(integer_at(object, "wall_ns", "event"))},
            .boot = text_or(object, "boot", "boot"),
            .body = object_at(object, "body", "event")};
}

void check(const Plan& plan, const std::vector<DrillEvent>& events) {
    Measurement measurement = measure(plan, events);
    const Verdict verdict = judge(plan, measurement);
    DrillRecord record{.id = DrillId("20261123T214500Z-abcdef"), .plan_hash = plan_hash(plan)};
    record.result = drill_document(record, plan, events, verdict, measurement);
    record.state = drill_state_from(to_string(verdict));
    record.verdict = verdict;
    record.ended_at = record.started_at;
    if (verdict == Verdict::recovered || verdict == Verdict::recovered_late)
        promise(measurement.compared && measurement.equal && measurement.not_restored.empty(),
                "nothing counts as recovered that was not proved equal");
    if (measurement.recovery_time && measurement.recovery_time->met) {
        promise(
            measurement.recovery_time->actual + measurement.recovery_time->uncertainty <= plan.targets.rto,
            "a target is met only where the upper end meets it");
    }
    promise(text_at(record.result, "verdict", "document") == to_string(verdict),
            "the document has the verdict");
    const DrillView view = view_result(record.result);
    promise(!view.meaning().empty(), "a verdict has words");
    promise(drill_html(record, {}, "1").find("</html>") != std::string::npos, "a page is whole");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view rest = text_of(data, size);
    const auto plan = accepted([&] {
        const json::value value = parse_json(take_line(rest), "plan");
        return plan_from_json(value.is_object() ? value.get_object() : json::object{}, "plan");
    });
    if (!plan) return 0;
    (void)accepted([&] {
        std::vector<DrillEvent> events;
        while (!rest.empty()) events.push_back(event_from(take_line(rest), events.size() + 1));
        check(*plan, events);
        return 0;
    });
    return 0;
}
